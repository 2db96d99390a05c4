"""The actions that touch money: paid at the desk, given back, renewed or not."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goodstanding import conf
from goodstanding.audit.services import note
from goodstanding.billing.models import Invoice, Payment, Subscription
from goodstanding.catalogue import code_texts
from goodstanding.catalogue.code_texts import CodeRefused
from goodstanding.catalogue.models import Price
from goodstanding.catalogue.words import money_words
from goodstanding.checkout import holding
from goodstanding.core.giving import To
from goodstanding.core.money import Money
from goodstanding.core.records import OnRefund
from goodstanding.core.reminding import due_by
from goodstanding.gateways.models import GatewayAccount
from goodstanding.gateways.services import ensure_manual_account
from goodstanding.memberships import byhand, closing, ending, expiring, giving_back, handbills, owing, retrying, undoing
from goodstanding.memberships.forms import DayField, Decision, MomentField

HOW = (("cash", _("in cash")), ("transfer", _("by transfer")), ("cheque", _("by cheque")), ("other", _("otherwise")))


def read_amount(text: str, currency: str) -> Money:
    """Read an amount as people type it, such as ``12.50``, ``12,50`` or ``1.234,56``. Raises ``ValidationError``."""
    try:
        return code_texts.read_amount(text, currency)
    except CodeRefused as refused:
        raise forms.ValidationError(refused.words) from None


class AtDesk(Decision):
    """Money that was taken at the desk, or found on the bank's statement."""

    how = forms.ChoiceField(label=_("Paid"), choices=HOW, widget=forms.RadioSelect, initial="cash")
    reference = forms.CharField(
        label=_("Reference"),
        max_length=100,
        required=False,
        help_text=_("The number of the receipt, or what the bank statement says."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    paid_at = MomentField(label=_("Paid at"))

    def prepare(self) -> None:
        """Propose this moment."""
        self.initial.setdefault("paid_at", self.now.replace(microsecond=0))

    def offer(self, account: GatewayAccount) -> None:
        """Offer the ways to pay by hand that the organisation has beside the usual ones."""
        usual = dict(HOW)
        own = [(code, title) for code, title in handbills.titles(account) if code not in usual]
        how: Any = self.fields["how"]
        how.choices = [*HOW[:-1], *own, HOW[-1]]


class PaymentForm(AtDesk):
    """All or a part of an open invoice was paid by hand."""

    title, button, done = _("Record a payment"), _("Record the payment"), _("Recorded.")
    permission, about = "gs_billing.add_payment", Invoice
    amount = forms.CharField(
        label=_("How much"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    field_order = ("amount", "how", "reference", "paid_at", "reason")

    def prepare(self) -> None:
        """Propose all that is left, paid as it was to be paid."""
        super().prepare()
        self.left = owing.owed(self.row)
        self.offer(self.row.gateway_account)
        plain = self.left.format().partition(" ")[0]
        self.initial.setdefault("amount", plain)
        said = _("%(left)s is left to be paid: empty, all of it. What is more becomes balance.")
        self.fields["amount"].help_text = said % {"left": money_words(self.left)}

    def clean_amount(self) -> Money | None:
        """Read the amount, which is in the invoice's currency; nothing: all that is left."""
        typed = self.cleaned_data["amount"].strip()
        return read_amount(typed, self.left.currency) if typed else None

    def take(self, *, by: Any) -> None:
        """Record it."""
        given = self.cleaned_data
        how = {name: given[name] for name in ("how", "reference", "paid_at", "reason", "amount")}
        byhand.record_payment(self.row, **how, by=by, now=self.now)


class DayForm(Decision):
    """More time, or less, to pay an invoice by hand."""

    title, button, done = _("Move the day for paying"), _("Move the day"), _("Moved.")
    permission, about = "gs_billing.change_invoice", Invoice
    day = DayField(label=_("The last day for paying"))
    field_order = ("day", "reason")

    def prepare(self) -> None:
        """Propose the day as it is."""
        if self.row.due_at is not None:
            self.initial.setdefault("day", handbills.day_of(self.row.due_at))

    def take(self, *, by: Any) -> None:
        """Move it."""
        due_at = due_by(self.cleaned_data["day"], tz=conf.time_zone())
        byhand.move_day(self.row, due_at=due_at, reason=self.cleaned_data["reason"], by=by, now=self.now)


class OfPayment(Decision):
    """What became of a payment that was recorded by hand."""

    permission, about = "gs_billing.change_payment", Payment


class UndoForm(OfPayment):
    """It was written down by mistake."""

    title, button, done = _("Take back, it was a mistake"), _("Take it back"), _("It is taken back.")

    def take(self, *, by: Any) -> None:
        """Take it back."""
        undoing.undo(self.row, reason=self.cleaned_data["reason"], by=by, now=self.now)


class BouncedForm(OfPayment):
    """The bank took it back."""

    title, button, done = _("The bank took it back"), _("Note it"), _("Noted: what it bought is on hold.")

    def take(self, *, by: Any) -> None:
        """Note it."""
        undoing.bounced(self.row, reason=self.cleaned_data["reason"], by=by, now=self.now)


class DecidedForm(OfPayment):
    """How it went with a payment that the bank had taken back."""

    title, button, done = _("It is decided"), _("Note it"), _("Noted.")
    outcome = forms.ChoiceField(
        label=_("What came of it"),
        choices=(("came", _("it came after all")), ("lost", _("it is lost"))),
        widget=forms.RadioSelect,
    )
    field_order = ("outcome", "reason")

    def take(self, *, by: Any) -> None:
        """Note it."""
        came, reason = self.cleaned_data["outcome"] == "came", self.cleaned_data["reason"]
        undoing.decided(self.row, came_after_all=came, reason=reason, by=by, now=self.now)


class SellForm(AtDesk):
    """Somebody joins, and pays at the desk."""

    title, button, done = _("Sell at the desk"), _("Sell"), _("Sold.")
    permission = "gs_billing.add_invoice"
    price = forms.ModelChoiceField(label=_("What"), queryset=Price.objects.none(), empty_label=_("choose one"))
    field_order = ("price", "how", "reference", "paid_at", "reason")

    def prepare(self) -> None:
        """Offer what is on sale, hidden levels too: who is at the desk knows of them."""
        super().prepare()
        self.offer(ensure_manual_account())
        choice: Any = self.fields["price"]
        on_sale = Price.objects.filter(is_open=True, level__is_open=True).select_related("level__group")
        choice.queryset = on_sale.order_by("level__position", "level", "position", "amount_minor", "id")
        choice.label_from_instance = lambda price: f"{price.level.name}: {price.words}"

    def take(self, *, by: Any) -> None:
        """Sell it; what it takes the place of ends, as in the checkout."""
        given = self.cleaned_data
        price = given["price"]
        holding.require_free(self.member, price, now=self.now)
        how = {name: given[name] for name in ("how", "reference", "paid_at")}
        invoice = byhand.sell(self.member, price, **how, by=by, now=self.now)
        start = min(line.start_at for line in invoice.lines.filter(price=price.pk))
        bought = (invoice.subscription, invoice.external_id)
        closing.close_others(self.member, price, start=start, but=bought, now=self.now)
        note(by=by, on=self.member, what="sell at the desk", why=given["reason"], now=self.now)


class RefundForm(Decision):
    """Give a payment back, all of it or a part."""

    title, button, done = _("Refund"), _("Give the money back"), _("It is on its way back, or noted as given back.")
    permission, about = "gs_billing.add_refund", Payment
    how_much = forms.ChoiceField(
        label=_("How much"), choices=(("all", ""), ("part", _("a part"))), widget=forms.RadioSelect, initial="all"
    )
    amount = forms.CharField(
        label=_("The part"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    to = forms.ChoiceField(label=_("Back"), choices=(), widget=forms.RadioSelect, initial=str(To.MONEY), required=False)
    access = forms.ChoiceField(label=_("Once all is given back, the membership"), choices=(), widget=forms.RadioSelect)
    field_order = ("how_much", "amount", "to", "access", "reason")

    def prepare(self) -> None:
        """Say how much is left, how it can go back, and what becomes of the membership."""
        self.there = there = giving_back.left(self.row)
        self.left = there.money
        self._prepare_access()
        to: Any = self.fields["to"]
        to.choices = [(str(To.MONEY), _("the way it was paid by this payment"))]
        if there.as_balance:
            to.choices += [(str(To.BALANCE), _("to the member’s balance"))]
        if there.as_balance and (there.by_balance or not there.is_settled):
            both = {"money": money_words(there.by_money), "balance": money_words(there.by_balance)}
            to.choices += [
                (str(To.AS_PAID), _("as the bill was paid: %(money)s, and %(balance)s from the balance") % both)
            ]
        whole: Any = self.fields["how_much"]
        words = _("all that is left: %(amount)s") % {"amount": money_words(self.left)}
        if there.whole != self.left:
            said = {"amount": money_words(self.left), "whole": money_words(there.whole)}
            words = _("all that is left: %(amount)s; with what the balance paid, %(whole)s") % said
        whole.choices = (("all", words), ("part", _("a part of it")))
        self.fields["amount"].help_text = _("In %(currency)s, such as 12.50.") % {"currency": self.left.currency}

    def _prepare_access(self) -> None:
        ends, keeps = ("ends", _("ends at once")), ("keeps", _("stays to its date"))
        says: dict[OnRefund, list[Any]] = {
            OnRefund.END: [("", _("ends at once, as its level says")), keeps],
            OnRefund.KEEP: [("", _("stays to its date, as its level says")), ends],
            OnRefund.ASK: [ends, keeps],
        }
        access: Any = self.fields["access"]
        access.choices = says[self.there.on_refund]
        access.required = self.there.on_refund is OnRefund.ASK
        access.help_text = _("A part given back changes nothing about access.")

    def clean(self) -> dict[str, Any]:
        """Find how much is meant."""
        data = super().clean() or {}
        data["to"] = To(data.get("to") or To.MONEY)
        data["money"] = self.left if data["to"] is To.MONEY else self.there.whole
        if data.get("how_much") == "part":
            try:
                data["money"] = read_amount(data.get("amount") or "", self.left.currency)
            except forms.ValidationError as error:
                self.add_error("amount", error)
        elif (data.get("amount") or "").strip():
            self.add_error("how_much", _("You typed a part. Choose “a part of it”, or leave the part empty."))
        return data

    def take(self, *, by: Any) -> None:
        """Give it back."""
        given = self.cleaned_data
        ends = {"ends": True, "keeps": False}.get(given["access"])
        how = giving_back.How(given["to"], ends)
        giving_back.refund(self.row, amount=given["money"], reason=given["reason"], by=by, now=self.now, how=how)


class RetryForm(Decision):
    """Charge an overdue bill to the stored card once more, now."""

    title, button, done = _("Try the payment again"), _("Charge the card now"), _("A worker charges the card now.")
    permission, about = "gs_billing.add_paymentattempt", Invoice

    def prepare(self) -> None:
        """Say which card that is."""
        customer = owing.customer_of(self.row)
        said = {"amount": money_words(owing.owed(self.row)), "card": expiring.card_words(customer)}
        known = _("%(amount)s is charged to %(card)s.") if customer.card_last4 else _("%(amount)s is charged.")
        self.says = known % said

    def take(self, *, by: Any) -> None:
        """Have it tried."""
        retrying.by_staff(self.row, reason=self.cleaned_data["reason"], by=by, now=self.now)


class OfSubscription(Decision):
    """Whether a subscription renews."""

    permission, about = "gs_billing.change_subscription", Subscription

    def noted(self, what: str, *, by: Any) -> None:
        """Leave an audit entry."""
        note(by=by, on=self.row, what=what, why=self.cleaned_data["reason"], now=self.now)


class StopForm(OfSubscription):
    """Let it run out."""

    title, button, done = _("Stop the renewal"), _("Stop the renewal"), _("It is not renewed any more.")

    def take(self, *, by: Any) -> None:
        """Stop it."""
        ending.cancel(self.row, now=self.now)
        self.noted("stop renewal", by=by)


class EndForm(OfSubscription):
    """End it at once."""

    title, button, done = _("End now"), _("End it now"), _("It is ended.")

    def take(self, *, by: Any) -> None:
        """End it."""
        ending.end_now(self.row, now=self.now)
        self.noted("end subscription", by=by)


class KeepForm(OfSubscription):
    """Take a set end back."""

    title, button, done = _("Keep after all"), _("Keep it"), _("It is renewed again.")

    def take(self, *, by: Any) -> None:
        """Keep it."""
        ending.stay(self.row, now=self.now)
        self.noted("keep subscription", by=by)
