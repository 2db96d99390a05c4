"""Staff change what a member holds: chosen, shown with every line, and made as it was shown."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from goodstanding import clock
from goodstanding.billing.models import Subscription
from goodstanding.catalogue.words import money_words
from goodstanding.gateways import services as gateways
from goodstanding.memberships import change_pages, changing_by_staff, letters
from goodstanding.memberships.change_pages import Preview
from goodstanding.memberships.changing import Accepted
from goodstanding.memberships.changing_by_staff import Wish
from goodstanding.memberships.changing_words import CannotChange
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from goodstanding.office.guard import require, staff
from goodstanding.office.level_forms import BILL, CARD, AcceptForm, WishForm
from goodstanding.office.member import CHANGES
from goodstanding.office.views import level_there as there
from goodstanding.people.models import Member

WRONG = 422


@staff("gs_people.view_member")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, member: str, subscription: str) -> HttpResponse:
    """Ask what is wanted; show what it comes to; make it."""
    require(request.user, CHANGES)
    one = get_object_or_404(Member, pk=member)
    rows = Subscription.objects.select_related("gateway_account", "customer__member")
    row = get_object_or_404(rows, pk=subscription, customer__member=one)
    now = clock.now()
    if request.method == "POST" and _was_made(request, row):
        messages.info(request, _("This was sent twice. It was done once."))
        return redirect("gs_office:member", member=one.pk)
    asked = WishForm(request.GET if "price" in request.GET else None, prices=changing_by_staff.targets(row))
    asked.initial = {"how": asked.fields["how"].choices[0][0], "renewal": "keep"}  # type: ignore[attr-defined]
    found, refused = None, ""
    if row.billed_by != Subscription.BilledBy.US:
        return there.change(request, row, asked, now=now)
    if asked.is_valid():
        found, refused = _previewed(row, asked.wish, now=now)
    held = changing_by_staff.held_price(row)
    context: dict[str, Any] = {"member": one, "row": row, "held": held, "asked": asked}
    context |= {"found": found, "refused": refused}
    if found is not None:
        answer = _accepted(request, one, found, asked.wish, context)
        if answer is not None:
            return answer
    context["standing"] = standing_now(one.pk, now=now).document
    wrong = refused or asked.errors or (context.get("form") and context["form"].errors)
    return render(request, "gs_office/level.html", context, status=WRONG if wrong else 200)


def _previewed(row: Subscription, wish: Wish, *, now: Any) -> tuple[Preview | None, str]:
    try:
        return changing_by_staff.preview(row, wish, now=now), ""
    except CannotChange as refusal:
        return None, refusal.for_staff


def _was_made(request: HttpRequest, row: Subscription) -> bool:
    try:
        seen = change_pages.shown(request.POST.get("shown", ""), now=clock.now())
    except CannotChange:
        return False
    return changing_by_staff.was_made(row, seen)


def _accepted(
    request: HttpRequest, member: Member, found: Preview, wish: Wish, context: dict[str, Any]
) -> HttpResponse | None:
    """Make the change of a form that was sent; ``None`` where the page is to be shown, with the form in ``context``."""
    ways, anew = _ways(found), change_pages.signed(found)
    if request.method != "POST":
        form = AcceptForm(initial={"shown": anew}, ways=ways)
    else:
        form = AcceptForm(request.POST, ways=ways)
        made = _made(request, found, wish, form) if form.is_valid() else None
        if made is not None:
            _tell(request, found, made)
            return redirect("gs_office:member", member=member.pk)
        form.show_anew(anew)
    by_hand = gateways.is_paid_later(found.subscription.gateway_account)
    context |= {
        "form": form,
        "by_hand": by_hand,
        "stops": wish.stops,
        "warnings": changing_by_staff.warnings(found.subscription, found.price),
    }
    return None


def _made(request: HttpRequest, found: Preview, wish: Wish, form: AcceptForm) -> Accepted | None:
    now = clock.now()
    try:
        seen = change_pages.shown(form.cleaned_data["shown"], now=now)
        said = form.said(request.user)
        back = letters.address(letters.HOME) or request.build_absolute_uri("/")
        return changing_by_staff.accept(found.subscription, wish, seen, said, return_url=back, now=now)
    except CannotChange as refusal:
        form.add_error(None, refusal.for_staff)
        return None


def _ways(found: Preview) -> list[tuple[str, str]]:
    """How what is due may be paid; nothing to choose where nothing is."""
    due = found.plan.due_now
    if not due:
        return []
    amount = {"amount": money_words(due)}
    row = found.subscription
    if gateways.is_paid_later(row.gateway_account):
        words = _(
            "the bill of %(amount)s stays open, with the words of how to pay it, until its day; it is changed once that is paid"
        )
        return [(BILL, words % amount)]
    ways = []
    if changing_by_staff.card(row):
        card = f"{row.customer.card_label} {row.customer.card_last4}".strip() or _("the stored card")
        words = _("%(amount)s is charged to %(card)s now; it is changed once that succeeds")
        ways.append((CARD, words % {**amount, "card": card}))
    words = _(
        "the bill of %(amount)s stays open for a day: the member pays it on the own page, or you record it; it is changed once that is paid"
    )
    return [*ways, (BILL, words % amount)]


def _tell(request: HttpRequest, found: Preview, made: Accepted) -> None:
    """Say what came of it."""
    level = {"level": found.price.level.name}
    if made.outcome.stage is Stage.DONE:
        words = (
            _("It is changed: %(level)s.") if found.plan.is_now else _("It is set: %(level)s, from the period’s end.")
        )
        messages.success(request, words % level)
    elif made.outcome.stage is Stage.DECLINED:
        messages.warning(request, _("The card was declined. The bill is open, and it is changed once that is paid."))
    elif made.outcome.stage is Stage.WAITING:
        messages.info(request, _("The bank wants the member to approve it. It is changed once that is done."))
    else:
        messages.info(request, _("The bill is open. It is changed once that is paid."))
