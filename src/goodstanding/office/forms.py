"""The office's forms: to find members, to add one, and everything that staff do about one. What was typed is kept.

An action is a form with a page of its own. It says beforehand what it does to money and access, wants a reason, and is
done once however often it is sent (:mod:`goodstanding.office.once`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

from goodstanding.core.records import Status
from goodstanding.memberships.forms import DECISIONS, Decision
from goodstanding.office.gift_forms import AdjustForm, SendGiftForm, VoidGiftForm
from goodstanding.office.level_forms import MoveForm
from goodstanding.office.money_forms import (
    BouncedForm,
    DayForm,
    DecidedForm,
    EndForm,
    KeepForm,
    PaymentForm,
    RefundForm,
    RetryForm,
    SellForm,
    StopForm,
    UndoForm,
)
from goodstanding.office.pause_forms import CloseForm, PauseForm, ResumeForm
from goodstanding.office.seat_forms import EndSeatForm, GiveSeatForm
from goodstanding.office.status_forms import DiedForm, LivesForm, PlainStatusForm, StatusForm
from goodstanding.people.models import Member

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LAPSED_LATELY = "lapsed_lately"
DECEASED = "deceased"
STANDINGS = (
    ("", _("any standing")),
    (str(Status.GOOD), _("in good standing")),
    (str(Status.GRACE), _("in grace")),
    (str(Status.HELD), _("on hold")),
    (str(Status.PENDING), _("pending")),
    (str(Status.LAPSED), _("lapsed")),
    (LAPSED_LATELY, _("lapsed in the last 7 days")),
    (str(Status.NONE), _("no membership")),
    (DECEASED, _("deceased, whatever the standing")),
)


class FindForm(forms.Form):
    """Finds members."""

    q = forms.CharField(
        label=_("E-mail or name"),
        required=False,
        max_length=254,
        help_text=_("The beginning of an e-mail, part of a name, or a member’s whole id."),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    standing = forms.ChoiceField(label=_("Standing"), required=False, choices=STANDINGS)
    called = forms.BooleanField(label=_("Show what each membership is called"), required=False)


class AddForm(forms.Form):
    """A new member, by hand. No log-in is made, and nobody is written to."""

    name = forms.CharField(
        label=_("Name"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept with your name in the audit."),
    )

    def clean_email(self) -> str:
        """Refuse a second member with the same e-mail."""
        email = str(self.cleaned_data["email"]).lower()
        if Member.objects.filter(email=email).exists():
            raise forms.ValidationError(_("There is a member with this e-mail already."))
        return email


ACTIONS: dict[str, type[Decision]] = {
    **DECISIONS,
    "payment": PaymentForm,
    "day": DayForm,
    "undo": UndoForm,
    "bounced": BouncedForm,
    "decided": DecidedForm,
    "sell": SellForm,
    "refund": RefundForm,
    "retry": RetryForm,
    "stop": StopForm,
    "end": EndForm,
    "keep": KeepForm,
    "adjust": AdjustForm,
    "void_gift": VoidGiftForm,
    "send_gift": SendGiftForm,
    "pause": PauseForm,
    "resume": ResumeForm,
    "close": CloseForm,
    "move": MoveForm,
    "seat": GiveSeatForm,
    "unseat": EndSeatForm,
    "status": StatusForm,
    "plain_status": PlainStatusForm,
    "died": DiedForm,
    "lives": LivesForm,
}

# What it does to money, and what to access.
SAYS: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "adjust": (
        _("No money moves: what is added pays the next bills of ours; what is taken back pays none. Never below zero."),
        _("Nothing changes."),
    ),
    "void_gift": (
        _("Its bill is void: nobody is asked to pay it any more."),
        _("Nothing changes. The code is worth nothing."),
    ),
    "send_gift": (
        _("Nothing is paid or given back: it is the same gift."),
        _("Nothing changes. The mail with the code goes out once more."),
    ),
    "seat": (
        _("Nothing is paid. The seat must be free: included in the price, or bought."),
        _("Who gets it is a member through this one from now on, as long as its membership stands."),
    ),
    "unseat": (
        _("Nothing is paid or given back. The seat is free for somebody else."),
        _("Its holder is no member through this seat any more, from now on, and is told by mail."),
    ),
    "hold": (
        _("Nothing is paid or given back, and renewals are charged as before."),
        _("Doors, pages and everything else are closed from now on, until the hold ends. What is paid stays paid."),
    ),
    "release": (
        _("Nothing is paid or given back."),
        _("What is paid, if it has not run out, lets in again at once; other holds stay."),
    ),
    "grant": (
        _("Nothing is paid, and no invoice is made."),
        _("From the beginning to the end of the grant the member is in good standing at this level."),
    ),
    "withdraw": (
        _("Nothing is paid or given back."),
        _("What this grant gave ends now. What was paid stays."),
    ),
    "approve": (
        _("Nothing is paid or given back."),
        _("The membership counts from now on, as far as it is paid."),
    ),
    "deny": (
        _("Nothing is given back by this: refund the payment, where it should be."),
        _("The membership lets nobody in, though it may be paid."),
    ),
    "payment": (
        _(
            "It counts as received by hand. Once nothing is left, the invoice is paid, and no card is charged for it any more."
        ),
        _("A part changes nothing about access. Once all is paid, what it bought counts as of this payment."),
    ),
    "day": (
        _(
            "Nothing is paid. The reminders count from the new day, and the invoice is given up later or earlier with it."
        ),
        _("Nothing changes: what is not paid opens nothing."),
    ),
    "undo": (
        _(
            "The payment never was: its invoice is open again, and the books show both. What really came is to be recorded anew."
        ),
        _("What it bought was never paid: it ends, unless something else pays for it."),
    ),
    "bounced": (
        _("The money is gone for now. An invoice that was not paid in full yet is owed that much again."),
        _("What it bought is on hold until it is decided."),
    ),
    "decided": (
        _(
            "Come after all, it counts as before. Lost, it is written off, or stays owed where the invoice is still open."
        ),
        _("Come after all, the hold ends. Lost, what it bought ends."),
    ),
    "sell": (
        _(
            "An invoice is made, and counts as paid in full, by hand. What renews is billed by us, to be paid by hand again. Nothing is given back for what it takes the place of."
        ),
        _(
            "The membership begins at the moment of the payment. In a group that allows one level it takes the place of the others: they end at once, and are not renewed any more."
        ),
    ),
    "refund": (
        _(
            "A payment by card goes back to the card; the gateway confirms it later. One by hand you give back yourself."
        ),
        _(
            "Once all of an invoice is given back, what it bought ends or stays, as is said below. A part changes nothing."
        ),
    ),
    "retry": (
        _(
            "The card that pays what renews is charged for this invoice now, once. The member hears of it as of any try."
        ),
        _("If it succeeds, what it is for counts at once. If not, nothing changes, and the ladder goes on."),
    ),
    "stop": (
        _("Nothing is charged any more, and nothing is given back."),
        _("What is paid stays until its end."),
    ),
    "end": (
        _("Nothing is charged any more; open invoices of ours are void. Nothing is given back."),
        _("What is paid stays until its end; there is no grace after it."),
    ),
    "keep": (
        _("The next renewal is charged again when it is due."),
        _("The membership goes on after what is paid."),
    ),
    "pause": (
        _(
            "Nothing is charged during the pause. An unpaid bill of that time is void; what was paid is kept for after it."
        ),
        _("Doors and pages are closed during the pause. What was paid and not used is had after it."),
    ),
    "resume": (
        _("Nothing is charged now; the next renewal comes when what is left has run out."),
        _("What is left of what was paid counts from now on. A pause that has not begun is dropped."),
    ),
    "close": (
        _("Nothing is charged any more, and nothing is given back: refund the payment, where it should be."),
        _("The membership ends at once, with all that is paid of it."),
    ),
    "move": (
        _("Nothing is charged, and nothing is given back: refund the payment, where it should be."),
        _("The old place ends now. What is left of it, to the same day, is granted at the other level."),
    ),
    "status": (
        _("Nothing is paid or given back."),
        _("Nobody is let in or kept out by it: pages and doors ask for good standing, and that stays as it is."),
    ),
    "plain_status": (
        _("Nothing is paid or given back."),
        _("Nobody is let in or kept out by it."),
    ),
    "died": (
        _(
            "Nothing is charged any more; open invoices of ours are void. Nothing is given back, and nobody is written to."
        ),
        _("What is paid stays until its end. Hold the member if the card must open nothing."),
    ),
    "lives": (
        _("What was ended stays ended: nothing is charged again by this."),
        _("Nobody is let in or kept out by it."),
    ),
}
