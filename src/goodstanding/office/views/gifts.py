"""The office's list of gifts, cards and levels, and the same as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from goodstanding import clock
from goodstanding.billing.models import GiftCard
from goodstanding.memberships import gift_cards
from goodstanding.memberships.gift_cards import State
from goodstanding.office.guard import staff
from goodstanding.office.keyset import page_of
from goodstanding.reports.exporting import guarded

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CHOICES = (
    ("", _("all")),
    ("open", _("can be redeemed")),
    ("unpaid", _("not paid")),
    ("redeemed", _("redeemed")),
    ("back", _("redeemed, and the money went back")),
)
WORDS = {
    State.UNPAID: _("not paid"),
    State.GOOD: _("can be redeemed"),
    State.REDEEMED: _("redeemed"),
    State.EXPIRED: _("expired"),
    State.REFUNDED: _("given back"),
    State.VOID: _("void"),
}
COLUMNS = (
    "code_ends",
    "gives",
    "amount_minor",
    "currency",
    "state",
    "made_at",
    "send_on",
    "sent_at",
    "expires_at",
    "redeemed_at",
)
LONGEST = 12


@staff("gs_billing.view_giftcard")
@require_safe
def gifts(request: HttpRequest) -> HttpResponseBase:
    """List gifts, the latest first, by how they stand, or those that a code's end or an amount finds; or as CSV."""
    now, status = clock.now(), request.GET.get("status", "")
    sought = request.GET.get("q", "").replace("\0", "").strip()[:40]
    rows = _sought(_standing(GiftCard.objects.told(), status, now=now), sought)
    if request.GET.get("as") == "csv":
        answer = StreamingHttpResponse(_table(rows.order_by("made_at", "id"), now=now), content_type="text/csv")
        answer["Content-Disposition"] = 'attachment; filename="gift-cards.csv"'
        return answer
    page = page_of(request, rows.select_related("bought_by", "redeemed_by", "gives__level"), "-made_at")
    context = {
        "page": page,
        "found": [_told(card, gift_cards.state_of(card, now=now)) for card in page.rows],
        "status": status,
        "choices": CHOICES,
        "sought": sought,
    }
    return render(request, "gs_office/gifts.html", context)


def _told(card: Any, state: State) -> tuple[Any, State, StrOrPromise, bool]:
    """A gift, how it stands, the same in words, and whether it was redeemed for money that went back since."""
    return card, state, WORDS[state], state is State.REDEEMED and card.went_back


def _standing(rows: Any, status: str, *, now: Any) -> QuerySet[GiftCard]:
    if status == "redeemed":
        return rows.filter(redeemed_at__isnull=False)  # type: ignore[no-any-return]
    if status == "back":
        return rows.filter(redeemed_at__isnull=False, went_back=True)  # type: ignore[no-any-return]
    alive = rows.filter(redeemed_at=None, voided_at=None)
    if status == "unpaid":
        return alive.filter(paid_at=None, bill_status="open")  # type: ignore[no-any-return]
    if status == "open":
        not_over = Q(expires_at=None) | Q(expires_at__gt=now)
        return alive.filter(not_over, paid_at__isnull=False, went_back=False)  # type: ignore[no-any-return]
    return rows  # type: ignore[no-any-return]


def _sought(rows: QuerySet[GiftCard], sought: str) -> QuerySet[GiftCard]:
    if not sought:
        return rows
    ends = Q(code__endswith=gift_cards.read_code(sought))
    number = sought.replace(",", ".").replace(".", "", 1)
    if number.isascii() and number.isdecimal() and len(number) < LONGEST:
        minor = int(number)
        return rows.filter(ends | Q(amount_minor__in=[minor, minor * 100]))  # 50 or 50.00
    return rows.filter(ends)


def _table(rows: QuerySet[GiftCard], *, now: Any) -> Iterator[str]:
    """Rows of the table. What a program for tables would read as a formula is marked as text."""
    line = _Line()
    table = csv.writer(line, lineterminator="\n")
    table.writerow(COLUMNS)
    yield line.text
    for card in rows.select_related("gives__level").iterator(chunk_size=500):
        state: State = gift_cards.state_of(card, now=now)
        told = {"code_ends": card.ending, "state": str(state), "gives": card.what if card.gives else ""}
        table.writerow([_plain(told.get(name, getattr(card, name, ""))) for name in COLUMNS])
        yield line.text


def _plain(value: Any) -> str:
    text = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return guarded(text)


class _Line:
    """What is written last."""

    text = ""

    def write(self, text: str) -> int:
        """Keep it."""
        self.text = text
        return len(text)
