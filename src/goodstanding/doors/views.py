"""What devices at doors ask. A request that is no proper tap is refused by name; the door stays shut, whatever happens."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from goodstanding import clock
from goodstanding.core.doors import BadCard
from goodstanding.doors import taps
from goodstanding.doors.keys import NoCardKey
from goodstanding.doors.taps import Asked, NotAuthorised, NotItsDoor, TooMany, UnknownDoor

log = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 4096
_TAP_ID = re.compile(r"[\x21-\x7e]{1,64}")
_TOKEN = re.compile(r"Bearer +([\x21-\x7e]{1,200})", re.IGNORECASE)

_REFUSALS: dict[type[Exception], tuple[int, str, str]] = {
    NotAuthorised: (401, "not_authorised", "No device has this token."),
    UnknownDoor: (404, "unknown_door", "There is no such door."),
    NotItsDoor: (403, "not_its_door", "This device is not bound to this door."),
    BadCard: (400, "bad_card", "A card's number is 4 to 64 letters and digits."),
    TooMany: (429, "too_many", f"At most {taps.TAPS_A_MINUTE} taps a minute."),
    NoCardKey: (503, "no_card_key", "The site has no key for cards."),
}
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 405: {"Allow": "POST"}, 429: {"Retry-After": "60"}}


class BadRequest(Exception):
    """A request that is no tap, with the HTTP status that says so."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail


@csrf_exempt
@transaction.non_atomic_requests
def tap(request: HttpRequest, door: str) -> JsonResponse:
    """Answer ``POST /doors/<door>/tap``: whether the door opens."""
    try:
        _require_post(request)
        token = _token(request)
        answer = taps.tap(_asked(door, _body(request)), token=token, now=clock.now())
    except BadRequest as refusal:
        return _refused(door, refusal.status, refusal.code, refusal.detail)
    except tuple(_REFUSALS) as refusal:
        return _refused(door, *_REFUSALS[type(refusal)])
    return JsonResponse(
        {"open": answer.open, "code": answer.code, "words": answer.words, "until": _stamp(answer.until)},
        headers={"Cache-Control": "no-store"},
    )


def _require_post(request: HttpRequest) -> None:
    if request.method != "POST":
        raise BadRequest(405, "method_not_allowed", "Taps are sent by POST.")


def _token(request: HttpRequest) -> str:
    found = _TOKEN.fullmatch(request.headers.get("Authorization", "").strip())
    if found is None:
        raise NotAuthorised
    return found[1]


def _body(request: HttpRequest) -> bytes:
    too_large = BadRequest(413, "too_large", f"More than {BODY_LIMIT_BYTES} bytes.")
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise BadRequest(400, "bad_length", "The Content-Length is no number.") from None
    if length > BODY_LIMIT_BYTES:
        raise too_large  # before a byte of it is read
    try:
        body = request.body
    except RequestDataTooBig:  # the site's own limit is lower
        raise too_large from None
    except UnreadablePostError:
        raise BadRequest(400, "unreadable", "The body did not arrive whole.") from None
    if len(body) > BODY_LIMIT_BYTES:
        raise too_large
    return body


def _asked(door: str, body: bytes) -> Asked:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest(400, "malformed_json", "The body is no JSON.") from None
    if not isinstance(told, dict):
        raise BadRequest(400, "not_a_tap", "The body is no JSON object.")
    card, tap_id, at = told.get("card"), told.get("tap_id"), told.get("at")
    if not isinstance(card, str):
        raise BadRequest(400, "bad_card", "card is a text: the card's number.")
    if tap_id is not None and not (isinstance(tap_id, str) and _TAP_ID.fullmatch(tap_id)):
        raise BadRequest(400, "bad_tap_id", "tap_id is a text of 1 to 64 printable characters without blanks.")
    return Asked(door, card, tap_id or "", _moment(at))


def _moment(told: object) -> datetime | None:
    if told is None:
        return None
    bad = BadRequest(400, "bad_moment", "at is a moment such as 2026-03-02T10:00:00Z.")
    if not isinstance(told, str):
        raise bad
    try:
        at = datetime.fromisoformat(told)
        moment = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad from None
    if at.tzinfo is None:  # whose time would it be?
        raise bad
    return moment


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment is not None else None


def _refused(door: str, status: int, code: str, detail: str) -> JsonResponse:
    log.warning("tap refused", extra={"door": door[:64], "refusal": code})
    told = {"open": False, "error": code, "detail": detail}
    return JsonResponse(told, status=status, headers=_HEADERS.get(status))
