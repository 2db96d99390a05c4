"""Why a payment came to nothing, in words: by the code of the failure, for pages and mails alike."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

WHY = {
    "card_declined": _("The card was declined."),
    "insufficient_funds": _("The card has insufficient funds."),
    "expired_card": _("The card has expired."),
    "stolen_card": _("The card’s bank does not accept this card any more."),
    "challenge_failed": _("The payment was not approved."),
    "needs_challenge": _("The card’s bank wants you to approve the payment."),
    "abandoned": _("The payment was not completed."),
    "expired": _("The payment was not completed in time."),
    "never_begun": _("The payment never reached the bank. You can try again: nothing was charged."),
    "unreachable": _("The bank cannot be reached at the moment. Nothing was charged; please try again."),
    "unknown_card": _("This card is not known any more. Choose another one."),
    "no_card": _("There is no card that we could charge."),
}
