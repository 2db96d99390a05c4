"""The shop's own customers."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class Customer(AbstractUser):
    """Somebody who buys: logs in by user name, as Django has it, and has a number."""

    number = models.CharField(max_length=20, blank=True)
