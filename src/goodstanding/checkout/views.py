"""The pages of joining: what there is, what it costs and gives, who and by what card, and what became of it."""

from __future__ import annotations

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
from goodstanding.checkout import holding, joining, quotes, services, words
from goodstanding.checkout.forms import JoinForm, PayForm, ways_for
from goodstanding.checkout.models import Checkout
from goodstanding.checkout.refusals import Refused
from goodstanding.checkout.services import Outcome
from goodstanding.core.pricing import Quote, quote_from_json
from goodstanding.gateways import services as gateways
from goodstanding.memberships import changing, handbills, owing
from goodstanding.memberships.owing import Stage
from goodstanding.memberships.reading import standing_now
from goodstanding.people.models import Member
from goodstanding.protection.services import Signals, judge

CHANGE = _lazy(
    "You hold something of this kind already. Change it on the page of your membership. Nothing was charged."
)
NOW_KNOWN = _lazy("Welcome back. You hold something here already: look again at what this comes to, then pay.")
BACKEND = "django.contrib.auth.backends.ModelBackend"


@require_safe
def levels(request: HttpRequest) -> HttpResponse:
    """Show what everybody may join."""
    return render(request, "gs_checkout/levels.html", {"offers": selling.offers(now=clock.now())})


@require_safe
def level(request: HttpRequest, level: str) -> HttpResponse:
    """Show one level with its prices; where there is one, lead on to it."""
    try:
        offered = selling.offer(level, now=clock.now())
    except selling.NotForSale as refusal:
        return _not_for_sale(request, refusal)
    if len(offered.prices) == 1:
        return redirect("gs_checkout:join", level=level, price=offered.prices[0].pk)
    return render(request, "gs_checkout/level.html", {"offer": offered})


@never_cache
@sensitive_post_parameters("password", "number", "card")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, level: str, price: str) -> HttpResponse:
    """Show what it comes to, and take who joins and by what card; then lead to what became of it."""
    now = clock.now()
    try:
        bought = selling.offered(level, price, now=now)
    except selling.NotForSale as refusal:
        return _not_for_sale(request, refusal)
    member = joining.member_of(request.user)
    quote = quotes.for_member(bought, member, now=now) if member else quotes.for_anybody(bought, now=now)
    accounts, later = (gateways.offered(), gateways.offered_later()) if quote.due_now else ([], [])
    ways = ways_for(member, accounts, now=now, later=later)
    known, free = request.user.is_authenticated, not quote.due_now
    if request.method != "POST":
        form = JoinForm(initial={"shown": quotes.signed(quote, now=now)}, ways=ways, free=free, known=known)
        return _join_page(request, bought, quote, form, member)
    form = JoinForm(request.POST, ways=ways, free=free, known=known)
    answer = _accepted(request, bought, form) if form.is_valid() else None
    if answer is not None:
        return answer
    form.show_anew(shown=quotes.signed(quote, now=now))
    return _join_page(request, bought, quote, form, member, status=422)


@never_cache
@login_required
@sensitive_post_parameters("number", "card")
@require_http_methods(["GET", "HEAD", "POST"])
def result(request: HttpRequest, checkout: str) -> HttpResponse:
    """Show what became of a checkout, as the gateway says; where the card was declined, take another one."""
    now = clock.now()
    rows = Checkout.objects.select_related("member", "price__level__group", "gateway_account")
    found = get_object_or_404(rows, pk=checkout, member__user=request.user.pk)
    account = found.gateway_account
    ways = ways_for(found.member, [account] if account.is_active else [], now=now)
    form = PayForm(request.POST or None, ways=ways)
    stands = services.outcome(found)
    if request.method == "POST" and stands.stage in (Stage.UNPAID, Stage.DECLINED):
        if form.is_valid():
            return _paid(request, found, form)
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
        "quote": quote_from_json(found.quote),
        "price": found.price,
        "form": form,
        "action": words.again(quote_from_json(found.quote)),
    }
    page = render(request, "gs_checkout/result.html", context, status=422 if form.errors else 200)
    if stands.stage is Stage.WORKING:
        page["Refresh"] = "5"
    return page


def _accepted(request: HttpRequest, price: Price, form: JoinForm) -> HttpResponse | None:
    """Go on with a form that is right in itself; ``None`` where it turns out that something is not."""
    now, came_unknown = clock.now(), not request.user.is_authenticated
    try:
        shown = quotes.shown(form.cleaned_data["shown"], now=now)
        email = form.cleaned_data.get("email", "")
        _require_let_try(request, email)
        if came_unknown:  # before anybody is made
            services.require_for_sale(price, form.cleaned_data["pays_at"], shown, now=now)
        user = request.user if request.user.is_authenticated else joining.user_for(request, form, now=now)
        if user is None:
            return None
        member = joining.ensure_member(user, now=now)
        if came_unknown:
            login(request, user, backend=BACKEND)
            if not services.is_known(shown, member) and holding.is_another_matter(member, price, now=now):
                messages.info(request, NOW_KNOWN)
                return redirect(request.path)
        _require_nothing_to_change(member, price)
        checkout = services.accept(member, price, form.cleaned_data["pays_at"], shown=shown, now=now)
    except Refused as refusal:
        if came_unknown and request.user.is_authenticated:  # the page is another one now
            messages.error(request, str(refusal.words))
            return redirect(request.path)
        form.add_error(None, str(refusal.words))
        return None
    return _paid(request, checkout, form)


def _require_let_try(request: HttpRequest, email: str) -> None:
    verdict = judge(Signals("checkout", request.META.get("REMOTE_ADDR", ""), email, clock.now()))
    if not verdict.passes:
        raise Refused("not_let_try", verdict.words)


def _require_nothing_to_change(member: Member, price: Price) -> None:
    if changing.in_place_of_joining(member, price) is not None:
        raise Refused("change", CHANGE)


def _paid(request: HttpRequest, checkout: Checkout, form: PayForm) -> HttpResponse:
    """Have it paid, and lead on: to a page of the gateway's, or to what became of it."""
    here = reverse("gs_checkout:result", args=[checkout.pk])
    stands: Outcome = services.pay(
        checkout,
        return_url=request.build_absolute_uri(here),
        now=clock.now(),
        card=form.cleaned_data["token"],
        method=form.cleaned_data["later"] or form.cleaned_data["stored"],
    )
    return HttpResponseRedirect(stands.page if stands.stage is Stage.WAITING and stands.page else here)


def _join_page(
    request: HttpRequest, price: Price, quote: Quote, form: JoinForm, member: Member | None, *, status: int = 200
) -> HttpResponse:
    held = None
    change = changing.in_place_of_joining(member, price) if member is not None else None
    if member is not None and change is None:
        try:
            holding.require_free(member, price, now=clock.now())
        except Refused as refusal:
            held = refusal.words
    replaces = holding.replaced_by(member, price) if member is not None else []
    context = {
        "price": price,
        "quote": quote,
        "form": form,
        "held": held,
        "change": change,
        "replaces": replaces,
        "says": words.of_quote(quote, later=bool(form.ways.later)),
        "action": words.action(quote, later=bool(form.ways.later)),
        "can_pay": bool(form.ways.choices) or not quote.due_now,
        "log_in": reverse("account_login", query={"next": request.path}),
    }
    return render(request, "gs_checkout/join.html", context, status=status)


def _not_for_sale(request: HttpRequest, refusal: selling.NotForSale) -> HttpResponse:
    if refusal.code in (selling.Refusal.UNKNOWN_LEVEL, selling.Refusal.UNKNOWN_PRICE):
        raise Http404(refusal.words)
    context = {"words": refusal.words, "title": _("Not on offer")}
    return render(request, "gs_checkout/not_for_sale.html", context, status=409)
