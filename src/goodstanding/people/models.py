"""The site's user model and the member.

A project with a user model of its own keeps it (``AUTH_USER_MODEL``); :class:`Member` points to whichever there is.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower

from goodstanding.people.querysets import MemberQuerySet


class UserManager(BaseUserManager["User"]):
    """Users are found by e-mail, whatever its case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a user with a lower-case e-mail. Without a password nobody can log in as this user."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a user who may do everything (for Django's ``createsuperuser``)."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Find the user who logs in as ``username``."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who can log in. The e-mail is unique and kept in lower case."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may use the staff's pages", default=False)
    joined_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        swappable = "AUTH_USER_MODEL"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="gs_people_user_email_lower")
        ]

    def __str__(self) -> str:
        return self.email


class Member(models.Model):
    """Somebody who belongs, belonged, or was imported. ``user`` is empty until he has a log-in.

    ``deceased_on``: the day on which he died, as staff were told. Nobody is written to from then on.

    The id of one who came with a gateway's customer is derived from it, so that a replay gives the same.
    """

    id = models.CharField(max_length=40, primary_key=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="gs_member"
    )
    email = models.EmailField(blank=True, db_index=True)
    name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    deceased_on = models.DateField(null=True, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["email", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="gs_people_member_email_lower")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["email", "id"],
                condition=models.Q(deceased_on__isnull=False),
                name="gs_people_member_deceased",
            )
        ]

    def __str__(self) -> str:
        return self.email or self.id
