"""What stopping a renewal means for money and access, said before it is done."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from goodstanding.billing.models import Subscription
from goodstanding.catalogue.words import money_words
from goodstanding.core.money import Money
from goodstanding.core.records import Status
from goodstanding.memberships import pausing
from goodstanding.portal import words
from goodstanding.portal.overview import Place, Renewal


def means(place: Place, renewal: Renewal, *, now: datetime) -> list[str]:
    """Return what happens when the renewal of ``place`` is stopped, sentence by sentence."""
    ours = renewal.subscription.billed_by == Subscription.BilledBy.US
    if ours and renewal.has_pause:
        return _means_for_a_pause(renewal, now=now)
    paid = place.until is not None and place.until > now
    says = []
    if paid:
        until = {"until": words.until(place.until, now=now)}
        says += _waiting(renewal.waits)
        says.append(_("What you paid is not given back."))
        if place.status == Status.GOOD:
            says.append(_("Your access stays until %(until)s; then the membership ends.") % until)
        else:
            says.append(_("What you paid for reaches until %(until)s; then the membership ends.") % until)
        says.append(_("Until then you can change your mind on this page, with one click."))
    else:
        says.append(_("What is open is not paid, so the membership ends, and your access with it."))
        says += [_("The open bill is dropped."), *_waiting(renewal.waits)] if ours else [_("Nothing more is charged.")]
        says.append(_("To come back later, you join again."))
    if not ours:
        says.append(_("The bank has to confirm this. Until then you see here that it is on its way."))
    return says


def _waiting(waits: Money | None) -> list[str]:
    """What waits of a change for a next bill that does not come is billed by itself."""
    if not waits:
        return [_("Nothing more is charged.")]
    said = {"amount": money_words(abs(waits))}
    if waits.amount_minor < 0:
        return [_("%(amount)s of your change is given back now: it becomes your credit.") % said]
    return [
        _("%(amount)s for the change that you made is not billed yet: it is charged now, and then nothing more.") % said
    ]


def _means_for_a_pause(renewal: Renewal, *, now: datetime) -> list[str]:
    """A pause that has not begun is dropped; one without an end is over; one with a set end runs to it."""
    subscription = renewal.subscription
    until, end = pausing.until_given_up(subscription, now=now), subscription.pause_until
    told = {"until": words.until(until, now=now) if until else "", "end": words.day(end) if end else ""}
    says = [*_waiting(renewal.waits), _("What you paid is not given back.")]
    if until is None or until <= now:
        return [*says, _("Nothing that you paid for is left, so the membership ends at once.")]
    if not subscription.is_paused_at(now):
        says.append(_("The pause is dropped. Your access stays until %(until)s; then the membership ends.") % told)
    elif end is None:
        says.append(_("The pause is over. You have access until %(until)s; then the membership ends.") % told)
    else:
        says.append(_("The pause lasts until %(end)s.") % told)
        if until > end:
            says.append(_("After it you have access until %(until)s; then the membership ends.") % told)
    return [*says, _("Until then you can change your mind on this page, with one click.")]
