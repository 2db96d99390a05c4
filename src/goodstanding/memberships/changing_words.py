"""Why something of a subscription cannot be changed, in words to the member."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

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


class CannotChange(ValueError):
    """The level is not changed; ``words`` say why, to the member. ``code`` is one of those named here."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code, self.words = code, str(_WORDS[code])
