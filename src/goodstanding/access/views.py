"""The forward-auth check, which proxies ask, and the way in, to which they send people."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from goodstanding import clock, conf
from goodstanding.access import asking, services
from goodstanding.access.refusing import refusal, status_of
from goodstanding.core.access import Decision, Rule

log = logging.getLogger(__name__)

COOKIE = "gs_access"
SENT_COOKIE = "gs_access_sent"
SENT_SECONDS = 15  # who is back this soon was not let in there, whatever we say
NO_END = "unlimited"

_LEVEL = re.compile(r"[A-Za-z0-9_-]{1,60}")
# A proxy that cannot escape an address appends it as it is: all that follows is its.
_RAW_NEXT = re.compile(r"(?:^|&)next=(https?://.*)$", re.DOTALL)


@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """Answer a proxy: 200, 401 or 403, with what is known in ``X-Goodstanding-*``; 400 for a question that is none.

    Only the pass in the cookie says who asks, and only the query says for what; both are told by the answer alone.
    """
    try:
        rule = _rule(request.GET)
    except BadRequest as refused:
        log.warning("access check refused: %s", refused)
        return HttpResponse(
            f"{refused}\n", status=400, content_type="text/plain", headers={"Cache-Control": "no-store"}
        )
    visitor = services.visitor_with(request.COOKIES.get(COOKIE, ""), now=clock.now())
    decision = visitor.decide(rule)
    answer = HttpResponse(
        b"", status=status_of(decision), content_type="text/plain", headers=_headers(decision, visitor)
    )
    if not decision.allowed:
        _say(request, answer, decision)
        if visitor.logged_in:
            log.info("access refused", extra={"member": visitor.member, "refusal": str(decision.code)})
    answer["Content-Length"] = str(len(answer.content))  # on the short way nobody else says it
    # Django warns of each 4xx; here they are the answer, for every stranger who asks a guarded host for anything.
    vars(answer)["_has_been_logged"] = True
    return answer


@require_safe
@never_cache
def enter(request: HttpRequest) -> HttpResponse:
    """Give a pass to who is logged in (log in first) and lead on to ``next``; refuse, with reasons, whom it would refuse."""
    target, rule = _target(request), _rule(_asked(request))
    decision = asking.decision(request, rule)
    answer = refusal(request, decision, back_to=target) if not decision.allowed else _onward(request, target)
    session_key = request.session.session_key if request.user.is_authenticated else None
    if session_key:
        answer.set_cookie(
            COOKIE,
            services.pass_for(request.user, session_key=session_key, now=clock.now()),
            max_age=None if conf.session_is_forgotten_with_the_browser() else conf.session_seconds(),
            domain=conf.ACCESS_COOKIE_DOMAIN.value() or None,
            secure=conf.session_cookie_is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return answer


def _rule(query: QueryDict) -> Rule:
    """Return what a query asks for: ``level=studio``, several times for any of several, or nothing for any level at all.

    Whatever else it says is a slip that would let in too many: it is refused.
    """
    levels = query.getlist("level")
    if unknown := sorted(query.keys() - {"level"}):
        raise BadRequest(f"Only level=… is asked for here, not {unknown[0][:40]!r}.")
    if not all(map(_LEVEL.fullmatch, levels)):
        raise BadRequest("level=… names no level.")
    return Rule.of(*levels)


def _headers(decision: Decision, visitor: services.Visitor) -> dict[str, str]:
    known = {"X-Goodstanding-Reason": str(decision.code), "Cache-Control": "no-store", "Vary": "Cookie"}
    if not visitor.logged_in:
        return {**known, "WWW-Authenticate": "Goodstanding"}
    return {
        **known,
        "X-Goodstanding-Member": visitor.member,
        "X-Goodstanding-Status": str(decision.status),
        "X-Goodstanding-Levels": ",".join(decision.levels),
        "X-Goodstanding-Until": decision.until or (NO_END if decision.allowed else ""),
    }


def _say(request: HttpRequest, answer: HttpResponse, decision: Decision) -> None:
    """Put into the answer what a person reads, where the proxy shows it; with the way in, where the site's address is set."""
    site = conf.URL.value().rstrip("/")
    if not site or "text/html" not in request.headers.get("Accept", ""):
        answer.content = f"{decision.words} {decision.what_to_do}\n".encode()
        return
    query = QueryDict(mutable=True)
    query.setlist("level", list(decision.wanted))
    # Where the person wanted to go is told by the proxy; who forges it is led to a guarded host all the same.
    proto, host, uri = (request.headers.get(f"X-Forwarded-{name}", "") for name in ("Proto", "Host", "Uri"))
    address = f"{proto}://{host}{uri}"
    if _is_allowed(address, conf.ACCESS_HOSTS.value()):
        query["next"] = address
    way_in = f"{site}{reverse('gs_access:enter')}?{query.urlencode()}"
    with translation.override(translation.get_language_from_request(request)):
        why, what_to_do = decision.why(translate=gettext), decision.remedy(translate=gettext)
        context = {"why": why, "what_to_do": what_to_do, "way_in": way_in}
        answer.content = render_to_string("gs_access/elsewhere.html", context).encode()
    answer["Content-Type"] = "text/html; charset=utf-8"
    answer["Content-Security-Policy"] = "default-src 'none'; base-uri 'none'; form-action 'none'"


def _asked(request: HttpRequest) -> QueryDict:
    """Return what ``enter`` is asked for, without ``next`` and what belongs to it."""
    query = QueryDict(_RAW_NEXT.sub("", request.META.get("QUERY_STRING", "")), mutable=True)
    query.pop("next", None)
    return query


def _target(request: HttpRequest) -> str:
    """Return where the person wants to go: ``next``, where it is on a host of ours, the first page where there is none."""
    raw = _RAW_NEXT.search(request.META.get("QUERY_STRING", ""))
    target = raw[1] if raw else request.GET.get("next", "")
    if not target:
        return "/"
    if not _is_allowed(target, (request.get_host(), *conf.ACCESS_HOSTS.value())):
        raise BadRequest(f"{conf.ACCESS_HOSTS.name} does not name the host of next=….")
    return str(iri_to_uri(target))


def _is_allowed(address: str, hosts: Iterable[str]) -> bool:
    """Tell whether an address is on one of ``hosts``, and by https where the site is."""
    return url_has_allowed_host_and_scheme(address, {*hosts}, require_https=conf.session_cookie_is_secure())


def _onward(request: HttpRequest, target: str) -> HttpResponse:
    """Lead on. To another host by a page of its own: a redirect there would be forbidden to who comes from a form."""
    if urlsplit(target).netloc in ("", request.get_host()):
        return HttpResponseRedirect(target)
    sent = hashlib.sha256(target.encode()).hexdigest()[:16]
    again = request.COOKIES.get(SENT_COOKIE) == sent
    context = {"target": target, "host": urlsplit(target).netloc, "again": again}
    answer = render(request, "gs_access/onward.html", context)
    if not again:
        answer["Refresh"] = f"0; url={target}"
        answer.set_cookie(SENT_COOKIE, sent, max_age=SENT_SECONDS, path=request.path, httponly=True, samesite="Lax")
    return answer
