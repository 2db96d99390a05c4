"""The forms of the accounts' pages: allauth's, in our words, without labels repeated inside the fields."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as theirs
from django.utils.translation import gettext_lazy as _

WORDS = {
    "email": _("E-mail"),
    "login": _("E-mail"),
    "password": _("Password"),
    "remember": _("Keep me logged in on this device"),
    "oldpassword": _("Your password until now"),
    "password1": _("New password"),
    "password2": _("New password, once more"),
}
PASSWORD_HINT = _("At least 10 characters; not one of the very common ones, and not like your e-mail.")


class InOurWords:
    """Relabels the fields of an allauth form."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = WORDS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)
            field.help_text = PASSWORD_HINT if name == "password1" else ""


class LoginForm(InOurWords, theirs.LoginForm):
    """E-mail and password."""


class SignupForm(InOurWords, theirs.SignupForm):
    """Name, e-mail, password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = WORDS["password"]


class ResetPasswordForm(InOurWords, theirs.ResetPasswordForm):
    """Where the link to a new password goes."""


class ResetPasswordKeyForm(InOurWords, theirs.ResetPasswordKeyForm):
    """A new password, for whoever came by that link."""


class ChangePasswordForm(InOurWords, theirs.ChangePasswordForm):
    """A new password, for whoever knows the old one."""


class SetPasswordForm(InOurWords, theirs.SetPasswordForm):
    """A first password, for somebody who has none."""
