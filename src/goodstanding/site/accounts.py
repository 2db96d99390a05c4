"""Accounts: signing up, logging in, and a new password, by e-mail alone. The work is django-allauth's, told what we want.

Whoever signs up is a user, not a member: that comes with a membership. An e-mail that nobody has confirmed never keeps
anybody from logging in; a level may ask for a confirmed one (DESIGN section 4).
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django import forms
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from goodstanding.clock import now
from goodstanding.site.context import organisation

log = logging.getLogger(__name__)


class NameForm(forms.Form):
    """What is asked at sign-up beside e-mail and password. (allauth makes its form a child of this one.)"""

    field_order = ("name", "email", "password1")
    name = forms.CharField(
        label=_("Name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}), strip=True
    )

    def signup(self, request: HttpRequest, user: Any) -> None:
        """Do nothing more: :meth:`AccountAdapter.save_user` has taken the name."""


class AccountAdapter(DefaultAccountAdapter):
    """How accounts are made and written to here."""

    def clean_email(self, email: str) -> str:
        """Return the e-mail as it is kept: in lower case."""
        return str(super().clean_email(email)).strip().lower()

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:  # noqa: FBT001, FBT002
        """Save who signed up, with name and moment."""
        user.name = form.cleaned_data.get("name", "")
        user.joined_at = now()
        return super().save_user(request, user, form, commit)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one of the mails about accounts, once what it is about is committed."""
        # A row of communications takes this place: it lacks nothing but (template_prefix, email, context) as given here.
        request = self.request
        told = {"request": request, "email": email, **organisation(request), **context}
        message = self.render_mail(template_prefix, email, told)
        transaction.on_commit(lambda: deliver(message))


def deliver(message: EmailMessage) -> None:
    """Send ``message``; where the mail server cannot be reached, say so to the operators and let the person go on.

    Nobody is shown an error, which would tell apart addresses that have an account from those that have none.
    """
    try:
        message.send()
    except OSError as error:  # what smtplib raises is a kind of it; its words may hold the address
        log.error("a mail about an account was not sent", extra={"error": type(error).__name__})  # noqa: TRY400
