"""Who joins: the user who is logged in, one whose e-mail and password are given, or a new one; and the member he is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import authenticate, get_user_model
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from goodstanding.checkout.forms import JoinForm
from goodstanding.people.models import Member
from goodstanding.people.services import EmailTaken, make_member, make_user
from goodstanding.protection.services import PASSWORD, Signals, judge, note_failure


def member_of(user: Any) -> Member | None:
    """Return the member that a user is, if he is one."""
    return Member.objects.filter(user=user.pk).first() if user.is_authenticated else None


def user_for(request: HttpRequest, form: JoinForm, *, now: datetime) -> Any | None:
    """Return the user whom the form names, made where nobody has the e-mail; ``None`` where the form says what is wrong.

    Where somebody has it, the password must fit, and no more is said than on the page to log in.
    """
    email, password = form.cleaned_data["email"].strip().lower(), form.cleaned_data["password"]
    if get_user_model()._default_manager.filter(email__iexact=email).exists():
        return _known(request, form, email, password, now=now)
    if not form.require_good_password():
        return None
    try:
        return make_user(email=email, name=form.cleaned_data["name"], password=password, now=now)
    except EmailTaken:  # by another request of the same person's, a moment ago
        return _known(request, form, email, password, now=now)


def _known(request: HttpRequest, form: JoinForm, email: str, password: str, *, now: datetime) -> Any | None:
    tries = Signals(PASSWORD, request.META.get("REMOTE_ADDR", ""), email, now)
    verdict = judge(tries)
    if not verdict.passes:
        form.add_error("password", verdict.words)
        return None
    user = authenticate(request, username=email, password=password)
    if user is None:
        note_failure(tries)
        if not form.require_good_password():
            return None  # as somebody new would be told
        form.add_error("password", _("The e-mail address and/or password you specified are not correct."))
    return user


def ensure_member(user: Any, *, now: datetime) -> Member:
    """Return the member that a user is, made at his first checkout: no level and no access come with that."""
    with transaction.atomic():
        name = str(getattr(user, "name", "") or "")
        return member_of(user) or make_member(user=user, name=name, now=now, made_from=("user", str(user.pk)))
