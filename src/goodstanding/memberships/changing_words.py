"""Why something of a subscription cannot be changed, in words to the member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_WORDS = {
    "staff": gettext_lazy("This cannot be changed here. Please ask the staff."),
    "gateway": gettext_lazy(
        "The bank renews this by its own clock, and it cannot be changed here. Please ask the staff."
    ),
    "ended": gettext_lazy("This has ended already. You can join again, at any level."),
    "stay_first": gettext_lazy("You stopped its renewal. Choose “Stay after all” first, then change."),
    "paused": gettext_lazy("It is paused, or will be. Go on first, or drop the pause; then change."),
    "unpaid": gettext_lazy("Something is not paid yet. Pay it first, then change."),
    "not_begun": gettext_lazy("What you bought has not begun yet. You can change it from then on."),
    "on_hold": gettext_lazy("Your membership is on hold at the moment. Please ask the staff."),
    "waiting": gettext_lazy(
        "A change that you chose waits for its payment. Pay it, or leave it: it is dropped within a day, and you can choose anew."
    ),
    "closed": gettext_lazy("This is not on offer at the moment. Choose another one."),
    "other_group": gettext_lazy("This is no other level of what you hold. Join it beside what you hold."),
    "under_way": gettext_lazy("A payment of the open bill is under way right now. Try again in a few minutes."),
    "not_offered": gettext_lazy("This is not a change that this organisation offers."),
    "currency": gettext_lazy("Your account here is kept in another currency. Please ask the staff."),
    "held": gettext_lazy("This is what you hold already."),
    "just_now": gettext_lazy("This has begun in this very moment. Please try again in a minute."),
    "desk": gettext_lazy("This is not paid by card here. Please ask the staff how to change."),
    "tampered": gettext_lazy("This page was changed on its way. Nothing was changed; please look at it again."),
    "stale": gettext_lazy(
        "This page was open for more than a quarter of an hour. Nothing was changed; look at it again."
    ),
    "changed": gettext_lazy("What it comes to has changed meanwhile. Nothing was changed; please look at it again."),
}

_FOR_STAFF: dict[str, StrOrPromise] = {
    "staff": gettext_lazy(
        "This is not changed here: it has several levels or seats, or is of no price that is known here. End it, and sell anew."
    ),
    "gateway": gettext_lazy(
        "Its gateway renews this by its own clock and at its own prices, and cannot be asked from here to change it. Change the "
        "price there: that is noticed by itself, the level follows, and the bill is shown as expected. Or stop it here, and have the member join at the other level: that "
        "ends this one there."
    ),
    "ended": gettext_lazy("This has ended. Sell the other level at the desk, or have the member join."),
    "stay_first": gettext_lazy("Its renewal is stopped. Choose “Keep after all” first, then change."),
    "paused": gettext_lazy("It is paused, or will be. Have it go on first, then change."),
    "unpaid": gettext_lazy("A bill of it is not paid. Record its payment, or wait for it; then change."),
    "not_begun": gettext_lazy("What was bought has not begun yet. It can be changed from then on."),
    "on_hold": gettext_lazy("The membership is on hold, or not in good standing. Release the hold first."),
    "waiting": gettext_lazy(
        "A change waits for its payment. Record that, or wait until it is dropped; then choose anew."
    ),
    "closed": gettext_lazy("This price or its level is closed. Open it first, or choose another one."),
    "other_group": gettext_lazy("This is no other level of what is held: it is of another group."),
    "currency": gettext_lazy("This price is in another currency than the subscription. Choose one in its currency."),
    "held": gettext_lazy("This is what is held already."),
    "asked": gettext_lazy("Its gateway was asked for something already, and has not confirmed it yet. Wait for that."),
    "no_reason": gettext_lazy("Say why: it is looked at again later."),
    "no_card": gettext_lazy("No card is kept that could be charged. Leave the bill open."),
    "stop_later": gettext_lazy(
        "Its renewal can be stopped with the change only where that is made at once and nothing is due. Keep the renewal for "
        "now, and stop it once the change is paid, or has come."
    ),
}


class CannotChange(ValueError):
    """The level is not changed; ``words`` say why, to the member, ``for_staff`` to staff. ``code`` is one of those named here."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code, self.words = code, str(_WORDS.get(code) or _FOR_STAFF[code])
        self.for_staff = str(_FOR_STAFF.get(code) or _WORDS[code])
