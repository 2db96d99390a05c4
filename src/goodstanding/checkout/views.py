"""The pages of joining: what there is, what it costs and gives, who and by what card, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from goodstanding import clock
from goodstanding.catalogue import selling
from goodstanding.catalogue.models import Price
from goodstanding.catalogue.words import money_words
from goodstanding.checkout import (
    basket_form,
    baskets,
    beforehand,
    codes,
    gifts,
    holding,
    joining,
    purchases,
    quotes,
    services,
    words,
)
from goodstanding.checkout.basket_form import BasketForm
from goodstanding.checkout.baskets import Wanted
from goodstanding.checkout.forms import JoinForm, PayForm, ways_for
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import Refused
from goodstanding.checkout.services import Outcome
from goodstanding.core.pricing import Quote, quote_from_json
from goodstanding.gateways import services as gateways
from goodstanding.memberships import changing, closing, handbills, owing
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from goodstanding.people.models import Member
from goodstanding.protection.services import CODE, Signals, judge, note_failure

CHANGE = _lazy(
    "You hold something of this kind already. Change it on the page of your membership. Nothing was charged."
)
NOW_KNOWN = _lazy("Welcome back. You hold something here already: look again at what this comes to, then pay.")
BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_safe
def levels(request: HttpRequest) -> HttpResponse:
    """Show what everybody may join."""
    now = clock.now()
    context = {"offers": selling.offers(now=now), "gifts_are_sold": gifts.are_on_sale(now=now)}
    return render(request, "gs_checkout/levels.html", context)


@require_safe
def level(request: HttpRequest, level: str) -> HttpResponse:
    """Show one level with its prices; where there is one, lead on to it."""
    now = clock.now()
    try:
        offered = selling.offer(level, now=now)
    except selling.NotForSale as refusal:
        return _not_for_sale(request, refusal)
    if len(offered.prices) == 1:
        return redirect("gs_checkout:join", level=level, price=offered.prices[0].pk)
    return render(request, "gs_checkout/level.html", {"offer": offered, "gifts_are_sold": gifts.are_on_sale(now=now)})


@never_cache
@sensitive_post_parameters("password", "number", "card")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, level: str, price: str) -> HttpResponse:
    """Show what it comes to, and take what is wanted, who joins and by what card; then lead to what became of it."""
    now = clock.now()
    typed = (request.POST if request.method == "POST" else request.GET).get("code", "").strip()
    try:
        bought = selling.offered(level, price, now=now, opened=codes.opened_by(typed, now=now))
    except selling.NotForSale as refusal:
        return _not_for_sale(request, refusal)
    member = joining.member_of(request.user)
    basket = BasketForm(
        request.POST if request.method == "POST" else None,
        initial={"code": typed},
        price=bought,
        others=basket_form.beside(bought, now=now),
        place=baskets.place_of(member),
    )
    try:
        sale = _Sale(request, bought, member, basket, *_quoted(request, basket, member, now=now), now=now)
    except Refused as refusal:  # also by itself, with nothing beside it
        return _not_on_offer(request, str(refusal.words))
    if request.method != "POST":
        return sale.page(sale.form())
    if "show" in request.POST or basket.errors:
        return sale.page(sale.form(looking=True), status=422 if basket.errors else 200)
    form = sale.form(sent=True)
    answer = _accepted(sale, form) if form.is_valid() else None
    if answer is not None:
        return answer
    form.show_anew(shown=sale.signed())
    return sale.page(form, status=422)


@dataclass(frozen=True)
class _Sale:
    """One view of the join page: what is ``wanted`` of ``price``, by whom, and what it comes to."""

    request: HttpRequest
    price: Price
    member: Member | None
    basket: BasketForm
    wanted: Wanted
    quote: Quote
    now: datetime

    def signed(self) -> str:
        return quotes.signed(self.quote, now=self.now, wanted=self.wanted)

    def form(self, *, looking: bool = False, sent: bool = False) -> JoinForm:
        asked = self.quote.needs_card or self.quote.charges_later
        later = gateways.offered_later() if self.quote.needs_card else []
        ways = ways_for(self.member, gateways.offered() if asked else [], now=self.now, later=later)
        how: dict[str, Any] = {
            "ways": ways,
            "free": not self.quote.needs_card,
            "known": self.request.user.is_authenticated,
        }
        if sent:
            return JoinForm(self.request.POST, **how)
        if looking:
            return JoinForm.looking(self.request.POST, shown=self.signed(), **how)
        return JoinForm(initial={"shown": self.signed()}, **how)

    def page(self, form: JoinForm, *, status: int = 200) -> HttpResponse:
        return _join_page(self, form, status=status)


def _quoted(request: HttpRequest, basket: BasketForm, member: Member | None, *, now: datetime) -> tuple[Wanted, Quote]:
    """What is wanted and what that comes to; where it is refused, the form says why, and the price alone is quoted."""
    wanted = basket.wanted()
    tries = Signals(CODE, request.META.get("REMOTE_ADDR", ""), "", now)
    try:
        _require_may_type(wanted, tries)
        return wanted, quotes.quoted(wanted, now=now, member=member, known=[basket.price])
    except Refused as refusal:
        if refusal.code == codes.UNKNOWN:
            note_failure(tries)
        if basket.is_bound:
            basket.refuse(refusal)
        elif wanted.code:  # it stood in the address
            messages.warning(request, str(refusal.words))
        else:
            raise
    alone = baskets.only(basket.price, place=baskets.place_of(member) if basket.price.taxed else "")
    return alone, quotes.quoted(alone, now=now, member=member, known=[basket.price])


@never_cache
@login_required
@sensitive_post_parameters("number", "card")
@require_http_methods(["GET", "HEAD", "POST"])
def result(request: HttpRequest, checkout: str) -> HttpResponse:
    """Show what became of a checkout, as the gateway says; where the card was declined, take another one."""
    now = clock.now()
    rows = Checkout.objects.select_related("member", "price__level__group", "gateway_account")
    found = get_object_or_404(rows, pk=checkout, member__user=request.user.pk)
    account, quote = found.gateway_account, quote_from_json(found.quote)
    ways = ways_for(found.member, [account] if account.is_active else [], now=now)
    form = PayForm(request.POST or None, ways=ways)
    stands = services.outcome(found)
    another = stands.stage is Stage.WAITING and purchases.asks_for_card(
        quote
    )  # nothing is taken: another card may do it
    if request.method == "POST" and (another or stands.stage in (Stage.UNPAID, Stage.DECLINED)):
        if form.is_valid():
            try:
                return _paid(request, found, form, anew=another)
            except Refused as refusal:
                messages.error(request, str(refusal.words))
                return redirect("gs_checkout:join", level=found.price.level_id, price=found.price_id)
    elif stands.stage in (Stage.WORKING, Stage.WAITING, Stage.UNPAID):
        stands = services.ask(found, now=now)
    elif stands.stage is Stage.DONE:
        stands = services.finish(found, now=now)
    form.show_anew()
    bill = services.bill_of(found) if stands.stage is Stage.BILLED else None
    context = {
        "stands": stands,
        "bill": bill,
        "left": money_words(owing.owed(bill)) if bill else "",
        "ways": handbills.ways_of(bill) if bill else [],
        "due_on": handbills.day_of(bill.due_at) if bill and bill.due_at else None,
        "enters": stands.stage is Stage.DONE and standing_now(found.member_id, now=now).enters,
        "stage": str(stands.stage),
        "why": words.why(stands.failure),
        "quote": quote,
        "price": found.price,
        "joined": words.together(quote),
        "form": form,
        "another": another,
        "action": words.again(quote),
    }
    page = render(request, "gs_checkout/result.html", context, status=422 if form.errors else 200)
    if stands.stage is Stage.WORKING:
        page["Refresh"] = "5"
    return page


def _accepted(sale: _Sale, form: JoinForm) -> HttpResponse | None:
    """Go on with a form that is right in itself; ``None`` where it turns out that something is not."""
    request, price, now = sale.request, sale.price, clock.now()
    came_unknown = not request.user.is_authenticated
    try:
        shown = quotes.shown(form.cleaned_data["shown"], now=now)
        email, account = form.cleaned_data.get("email", ""), form.cleaned_data["pays_at"]
        _require_let_try(request, email)
        if came_unknown:  # before anybody is made
            beforehand.require_for_sale(price, account, shown, wanted=sale.wanted, now=now)
        user = request.user if request.user.is_authenticated else joining.user_for(request, form, now=now)
        if user is None:
            return None
        member = joining.ensure_member(user, now=now)
        if came_unknown:
            login(request, user, backend=BACKEND)
            if not beforehand.is_known(shown, member) and beforehand.is_another_matter(member, price, shown, now=now):
                messages.info(request, NOW_KNOWN)
                return redirect(request.path)
        for each in purchases.prices_in(sale.quote, price):
            _require_nothing_to_change(member, each)
        checkout = services.accept(member, price, account, shown=shown, wanted=sale.wanted, now=now)
        return _paid(request, checkout, form)
    except Refused as refusal:
        if came_unknown and request.user.is_authenticated:  # the page is another one now
            messages.error(request, str(refusal.words))
            return redirect(request.path)
        form.add_error(None, str(refusal.words))
        return None


def _require_may_type(wanted: Wanted, tries: Signals) -> None:
    """Raise :class:`Refused` for whoever tries one code after the other."""
    verdict = judge(tries) if wanted.code else None
    if verdict is not None and not verdict.passes:
        raise Refused("code_tries", verdict.words)


def _require_let_try(request: HttpRequest, email: str) -> None:
    verdict = judge(Signals("checkout", request.META.get("REMOTE_ADDR", ""), email, clock.now()))
    if not verdict.passes:
        raise Refused("not_let_try", verdict.words)


def _require_nothing_to_change(member: Member, price: Price) -> None:
    holding.require_offered(member, price, now=clock.now())
    if changing.in_place_of_joining(member, price) is not None:
        raise Refused("change", CHANGE)


def _paid(request: HttpRequest, checkout: Checkout, form: PayForm, *, anew: bool = False) -> HttpResponse:
    """Have it paid, and lead on: to a page of the gateway's, or to what became of it."""
    here = reverse("gs_checkout:result", args=[checkout.pk])
    stands: Outcome = services.pay(
        checkout,
        return_url=request.build_absolute_uri(here),
        now=clock.now(),
        card=form.cleaned_data["token"],
        method=form.cleaned_data["later"] or form.cleaned_data["stored"],
        anew=anew,
    )
    return HttpResponseRedirect(stands.page if stands.stage is Stage.WAITING and stands.page else here)


def _join_page(sale: _Sale, form: JoinForm, *, status: int) -> HttpResponse:
    member, price, quote = sale.member, sale.price, sale.quote
    held, change, replaces = None, None, []
    for each, start in purchases.beginnings(quote, price) if member is not None else ():
        assert member is not None
        change = change or changing.in_place_of_joining(member, each)
        replaces += closing.replaced(member, each, start=start, now=sale.now)
        try:
            holding.require_free(member, each, now=sale.now)
        except Refused as refusal:
            held = held or refusal.words
            if refusal.code == holding.NOT_OFFERED:
                change = None
                break
    context = {
        "price": price,
        "quote": quote,
        "basket": sale.basket,
        "form": form,
        "held": None if change else held,
        "change": change,
        "replaces": [words.replaced(each) for each in replaces],
        "later": words.begins_later(quote, now=sale.now),
        "lines": words.lines(quote),
        "says": words.of_quote(quote, later=bool(form.ways.later)),
        "action": words.action(quote, later=bool(form.ways.later)),
        "can_pay": bool(form.ways.choices) or not quote.needs_card,
        "log_in": reverse("account_login", query={"next": sale.request.path}),
    }
    return render(sale.request, "gs_checkout/join.html", context, status=status)


def _not_for_sale(request: HttpRequest, refusal: selling.NotForSale) -> HttpResponse:
    if refusal.code in (selling.Refusal.UNKNOWN_LEVEL, selling.Refusal.UNKNOWN_PRICE):
        raise Http404(refusal.words)
    return _not_on_offer(request, refusal.words)


def _not_on_offer(request: HttpRequest, said: str) -> HttpResponse:
    context = {"words": said, "title": _("Not on offer")}
    return render(request, "gs_checkout/not_for_sale.html", context, status=409)
