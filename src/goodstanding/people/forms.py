"""The staff's forms for users and members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.utils.translation import gettext_lazy as _

from goodstanding.people.models import Member, User

if TYPE_CHECKING:
    _MemberForm = forms.ModelForm[Member]
    _UserAddForm = AdminUserCreationForm[User]
    _UserForm = UserChangeForm[User]
else:
    _MemberForm, _UserAddForm, _UserForm = forms.ModelForm, AdminUserCreationForm, UserChangeForm


class UserAddForm(_UserAddForm):
    """A new user: an e-mail, a name, and a password (or none: then nobody can log in as this user yet)."""

    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        """Keep e-mails in lower case, so that nobody is two users."""
        return str(self.cleaned_data["email"]).lower()


class UserForm(_UserForm):
    """A user as staff change it."""

    class Meta:
        model = User
        fields = ("email", "name", "is_active", "is_staff", "is_superuser", "groups", "user_permissions")

    def clean_email(self) -> str:
        """Keep e-mails in lower case, so that nobody is two users."""
        return str(self.cleaned_data["email"]).lower()


class MemberForm(_MemberForm):
    """A new member, by hand. Who comes through a gateway is made a member by what he buys."""

    class Meta:
        model = Member
        fields = ("email", "name", "user")
        labels = {"user": _("Log-in")}
        help_texts = {"user": _("The user who is this member, where there is one. Never guessed from the e-mail.")}

    def clean_email(self) -> str:
        """Refuse a second member with the same e-mail."""
        email = str(self.cleaned_data["email"]).lower()
        if not email:
            raise forms.ValidationError(_("Say under which e-mail this member is to be found."))
        if Member.objects.filter(email=email).exists():
            raise forms.ValidationError(_("There is a member with this e-mail already."))
        return email
