"""A member's page, adding one by hand, and the actions: each a form on a page of its own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from goodstanding import clock
from goodstanding.audit.services import note
from goodstanding.core.ids import derived
from goodstanding.memberships.forms import Decision
from goodstanding.memberships.reading import standing_now
from goodstanding.office import acting, once
from goodstanding.office import member as member_page
from goodstanding.office.forms import ACTIONS, SAYS, AddForm
from goodstanding.office.guard import require, staff
from goodstanding.people.models import Member
from goodstanding.people.services import make_member

WRONG = 422  # what was sent is understood, and refused


@staff("gs_people.view_member")
@require_safe
def member(request: HttpRequest, member: str) -> HttpResponse:
    """Show one member: standing with reasons, money, decisions, doors, mails, and the whole story."""
    one = get_object_or_404(Member.objects.select_related("user"), pk=member)
    changes, page = "changes" in request.GET, request.GET.get("page", "")
    shown = member_page.shown(one, user=request.user, changes_only=changes, page=page, now=clock.now())
    return render(request, "gs_office/member.html", {"member": one, **shown})


@staff("gs_people.add_member")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Make somebody a member by hand, once; no log-in is made."""
    sent = request.method == "POST"
    name = request.POST.get("form_name", "")
    form = AddForm(request.POST if sent else None)
    if sent and once.is_name(name):
        there = Member.objects.filter(pk=_made_from(name)).first()
        if there is not None:
            messages.info(request, _("This was sent twice. It was done once."))
            return redirect("gs_office:member", member=there.pk)
        if form.is_valid():
            made = _added(form, name=name, by=request.user)
            messages.success(request, _("%s is a member now, without a level.") % made)
            return redirect("gs_office:member", member=made.pk)
    elif sent:
        form.add_error(None, _("This form did not arrive whole. Please send it again."))
    context = {"form": form, "form_name": name if once.is_name(name) else once.new_name()}
    return render(request, "gs_office/add.html", context, status=WRONG if form.errors else 200)


@staff("gs_people.view_member")
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, member: str, name: str, about: str = "") -> HttpResponse:
    """Take one action: say what it does, take it once, and say what came of it; what is refused is said in words."""
    kind = ACTIONS.get(name)
    if kind is None or bool(kind.about) != bool(about):
        raise Http404
    require(request.user, kind.permission)
    one = get_object_or_404(Member, pk=member)
    row = _row(kind, about, one)
    now, sent = clock.now(), request.method == "POST"
    form = kind(request.POST if sent else None, member=one, row=row, now=now)
    form_name = request.POST.get("form_name", "") if sent else once.new_name()
    if sent and not once.is_name(form_name):
        form.add_error(None, _("This form did not arrive whole. Please send it again."))
        form_name = once.new_name()
    elif sent and _taken(request, form, form_name):
        return redirect("gs_office:member", member=one.pk)
    money, access = SAYS[name]
    context = {
        "member": one,
        "row": row,
        "form": form,
        "form_name": form_name,
        "name": name,
        "money": money,
        "access": access,
        "standing": standing_now(one.pk, now=now).document,
    }
    return render(request, "gs_office/act.html", context, status=WRONG if form.errors else 200)


def _row(kind: type[Decision], about: str, member: Member) -> Any:
    """Return what the action is about, which is this member's, or there is no such page."""
    if kind.about is None:
        return None
    row = get_object_or_404(kind.about, pk=about)
    if not acting.belongs(row, member):
        raise Http404
    return row


def _taken(request: HttpRequest, form: Decision, form_name: str) -> bool:
    """Take the action of a form that was sent. One that was done before is done, whatever it looks like now."""
    if not form.is_valid() and not once.was_sent(form_name, by=request.user):
        return False
    try:
        done = acting.take(form, name=form_name, by=request.user)
    except acting.Refused as refused:
        form.add_error(None, refused.words)
        return False
    messages.info(request, done.words) if done.again else messages.success(request, done.words)
    return True


def _made_from(name: str) -> str:
    return derived("mbr", "office", name)


def _added(form: AddForm, *, name: str, by: Any) -> Member:
    now, given = clock.now(), form.cleaned_data
    with transaction.atomic():
        made = make_member(email=given["email"], name=given["name"], now=now, made_from=("office", name))
        if once.is_first(name, by=by, now=now):
            note(by=by, on=made, what="add member", why=given["reason"], now=now)
    return made
