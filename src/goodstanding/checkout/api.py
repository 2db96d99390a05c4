"""``POST /api/v1/quotes``: what something costs, for programs: the quote that the join page shows. Writes nothing.

Whoever asks is told what a stranger would pay: what somebody holds, and his balance, is seen by himself alone, on the page.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI, Router, Schema, Status
from pydantic import ConfigDict, Field, StrictInt, ValidationError

from goodstanding import clock
from goodstanding.checkout import codes, figures, quotes
from goodstanding.checkout.baskets import Item, Wanted
from goodstanding.checkout.figures import Line
from goodstanding.checkout.refusals import Refused
from goodstanding.core.pricing import Quote
from goodstanding.protection.services import Signals, seconds_to_wait

LARGEST_BODY = 16 * 1024
MOST_REQUESTS, WITHIN = 60, timedelta(minutes=1)  # of one address

# By which status a refusal is answered; 422 where it says nothing else.
STATUSES = {
    "bad_request": 400,
    "unknown_level": 404,
    "unknown_price": 404,
    "other_level": 409,
    "level_closed": 409,
    "price_closed": 409,
    "not_yet": 409,
    "no_longer": 409,
    "too_large": 413,
    "too_many_requests": 429,
}


class ItemIn(Schema):
    """One price that is wanted: ``amount`` in minor units where the payer says what to pay, ``terms`` at once."""

    model_config = ConfigDict(extra="forbid")
    level: str = Field(max_length=60)
    price: str = Field(max_length=40)
    amount: StrictInt | None = None
    seats: StrictInt = 0
    terms: StrictInt = 1


class QuoteIn(Schema):
    """All that is wanted at once. ``donation`` in minor units; ``place``: a country or a region, for taxes."""

    model_config = ConfigDict(extra="forbid")
    items: list[ItemIn] = Field(min_length=1, max_length=100)
    donation: StrictInt = 0
    donation_recurs: bool = False
    place: str | None = Field(default=None, max_length=6)
    code: str = Field(default="", max_length=codes.TYPED_AT_MOST)


class LineOut(Schema):
    """One line: the list price, what codes take off, what is left without tax, and the tax. Amounts in minor units."""

    kind: str
    name: str
    level: str
    price: str
    quantity: int
    start: datetime | None
    end: datetime | None
    recurs: bool
    list_minor: int
    off_minor: int
    code: str
    net_minor: int
    tax_minor: int
    tax: str
    tax_rate_basis_points: str
    total_minor: int


class NextOut(Schema):
    """What is charged on a later day."""

    at: datetime
    amount_minor: int
    from_balance_minor: int
    due_minor: int


class StepOut(Schema):
    """``count`` charges of one amount from ``at`` on; 0: until somebody ends it."""

    price: str
    at: datetime
    amount_minor: int
    count: int


class QuoteOut(Schema):
    """A quote, and its ``token``, which says it signed; good until ``good_until``."""

    currency: str
    lines: list[LineOut]
    total_minor: int
    tax_minor: int
    credit_used_minor: int
    due_now_minor: int
    needs_card: bool
    next_charges: list[NextOut]
    follows: list[StepOut]
    place: str
    time_zone: str
    convention: str
    token: str
    good_until: datetime


class RefusalOut(Schema):
    """Why there is no quote: a code for programs, and words for people."""

    error: str
    words: str


def _body_schema() -> dict[str, Any]:
    schema = QuoteIn.model_json_schema()
    schema["properties"]["items"]["items"] = schema.pop("$defs")["ItemIn"]
    return {"required": True, "content": {"application/json": {"schema": schema}}}


_REFUSALS = dict.fromkeys(sorted({422, *STATUSES.values()}), RefusalOut)
router = Router()


@router.post(
    "/quotes",
    response={200: QuoteOut, **_REFUSALS},
    summary="What something costs and gives",
    operation_id="quote",
    openapi_extra={"requestBody": _body_schema()},
)
def quote(request: HttpRequest, response: HttpResponse) -> Status[dict[str, Any]]:
    """Quote what is wanted, to somebody who holds nothing yet; the same that the join page shows. Writes nothing."""
    now = clock.now()
    try:
        _require_turn(request, response, now=now)
        wanted = _wanted(request)
        found = quotes.quoted(wanted, now=now)
    except Refused as refusal:
        status = STATUSES.get(refusal.code, 422)
        return Status(status, {"error": refusal.code, "words": str(refusal.words)})
    return Status(200, said(found, wanted, now=now))


def said(found: Quote, wanted: Wanted, *, now: datetime) -> dict[str, Any]:
    """Return a quote of what is ``wanted`` as plain values, with its token."""
    charges = figures.next_charges(found)
    return {
        "currency": found.currency,
        "lines": [_line(line) for line in figures.lines_of(found)],
        "total_minor": found.total.amount_minor,
        "tax_minor": found.tax.amount_minor,
        "credit_used_minor": found.credit_used.amount_minor,
        "due_now_minor": found.due_now.amount_minor,
        "needs_card": found.needs_card,
        "next_charges": [
            {
                "at": each.at,
                "amount_minor": each.amount.amount_minor,
                "from_balance_minor": each.from_balance.amount_minor,
                "due_minor": each.due.amount_minor,
            }
            for each in charges
        ],
        "follows": [
            {"price": part.terms.price, "at": step.at, "amount_minor": step.amount.amount_minor, "count": step.count}
            for part, steps in figures.follows(found)
            for step in steps
        ],
        "place": found.place,
        "time_zone": found.time_zone,
        "convention": found.convention,
        "token": quotes.signed(found, now=now, wanted=wanted),
        "good_until": now + quotes.GOOD_FOR,
    }


def _line(line: Line) -> dict[str, Any]:
    asked = line.asked
    return {
        "kind": line.kind,
        "name": line.name,
        "level": line.level,
        "price": line.price,
        "quantity": line.quantity,
        "start": line.start,
        "end": line.end,
        "recurs": line.recurs,
        "list_minor": asked.listed.amount_minor,
        "off_minor": asked.off.amount_minor,
        "code": asked.code,
        "net_minor": asked.net.amount_minor,
        "tax_minor": asked.tax.amount_minor,
        "tax": asked.tax_name,
        "tax_rate_basis_points": asked.tax_rate,
        "total_minor": asked.total.amount_minor,
    }


def _require_turn(request: HttpRequest, response: HttpResponse, *, now: datetime) -> None:
    signals = Signals("quote", request.META.get("REMOTE_ADDR", ""), "", now)
    seconds = seconds_to_wait(signals, most=MOST_REQUESTS, within=WITHIN)
    if seconds:
        response["Retry-After"] = str(seconds)
        words = _("Too many questions from one address. Ask again in %(seconds)d seconds.")
        raise Refused("too_many_requests", words % {"seconds": seconds})


def _wanted(request: HttpRequest) -> Wanted:
    """Return what a request asks for. Raises :class:`Refused` for what is no such request."""
    said_length = request.META.get("CONTENT_LENGTH") or "0"
    if not said_length.isdigit() or int(said_length) > LARGEST_BODY or len(request.body) > LARGEST_BODY:
        raise Refused("too_large", _("So long a request is not read: 16 KiB at most."))
    try:
        asked = QuoteIn.model_validate_json(request.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or _("the whole")
        words = _("This is no request for a quote. %(where)s: %(what)s") % {"where": where, "what": first["msg"]}
        raise Refused("bad_request", words) from None
    items = tuple(Item(each.level, each.price, each.amount, each.seats, each.terms) for each in asked.items)
    wanted = Wanted(
        items,
        donation_minor=asked.donation,
        donation_recurs=asked.donation_recurs and bool(asked.donation),
        place=(asked.place or "").strip().upper(),
        code=asked.code.strip(),
    )
    return quotes.placed(wanted, said=asked.place is not None)


api = NinjaAPI(title="Goodstanding", version="1", urls_namespace="gs_api", docs_url=None)
api.add_router("", router)
urls = api.urls
