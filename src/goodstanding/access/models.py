"""The pass: what lets the forward-auth check know somebody without reading his session."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from goodstanding.access.querysets import PassQuerySet


class Pass(models.Model):
    """One log-in, as proxies know it: the browser carries its signed id in a cookie of its own.

    It is good as long as its session is there and the password is the one that it was made with. The session's key stays
    here: whoever gets to see the cookie on another host cannot act as the user with it.
    """

    id = models.CharField(max_length=43, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    session_key = models.CharField(max_length=64, unique=True)
    password_stamp = models.CharField(max_length=128)
    made_at = models.DateTimeField()

    objects = PassQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "passes"
        ordering: ClassVar = ["made_at", "id"]

    def __str__(self) -> str:
        return f"{self.user_id} since {self.made_at:%Y-%m-%d}"
