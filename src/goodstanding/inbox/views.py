"""The receiver: what a gateway sends is verified, filed and answered; nothing else happens here."""

from __future__ import annotations

import logging

from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from goodstanding import clock
from goodstanding.gateways import services as gateways
from goodstanding.gateways.protocol import BadEvent, BadSignature
from goodstanding.gateways.services import UnknownAccount
from goodstanding.inbox import services

log = logging.getLogger(__name__)

BODY_LIMIT_BYTES = 1024 * 1024


class BadRequest(Exception):
    """A request that is no delivery, with the HTTP status that says so."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail


@csrf_exempt
@transaction.non_atomic_requests
def receive(request: HttpRequest, gateway: str, account: str) -> JsonResponse:
    """File an event sent to ``/webhooks/<gateway>/<account>/`` and answer 200; refuse with a named error otherwise."""
    try:
        body = _body(request)
        row = gateways.account_for(gateway, account)
        new = services.receive(row, request.headers, body, now=clock.now())
    except BadRequest as refusal:
        return _refused(account, refusal.status, refusal.code, refusal.detail)
    except UnknownAccount:
        return _refused(account, 404, "unknown_account", "There is no such gateway account.")
    except BadSignature as refusal:
        # An endpoint without a secret is not there: it must not look as if a better signature would do.
        return _refused(account, 404 if refusal.code == "no_secret" else 400, refusal.code, refusal.detail)
    except BadEvent as refusal:
        return _refused(account, 400, refusal.code, refusal.detail)
    return JsonResponse({"received": True, "duplicate": not new})


def _body(request: HttpRequest) -> bytes:
    if request.method != "POST":
        raise BadRequest(405, "method_not_allowed", "Events are sent by POST.")
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


def _refused(account: str, status: int, code: str, detail: str) -> JsonResponse:
    log.warning("webhook refused", extra={"account": account[:64], "refusal": code})
    headers = {"Allow": "POST"} if status == 405 else None
    return JsonResponse({"error": code, "detail": detail}, status=status, headers=headers)
