"""Currencies and the number of decimals that each has, by ISO 4217.

Source: ISO 4217 list one as published on 2026-01-01 by its maintenance agency (SIX). Codes without a minor unit
(gold, special drawing rights, the codes for tests and for "no currency") are left out: nobody pays his dues in them.

This is the meaning of "minor unit" everywhere in Goodstanding. A gateway may count otherwise, and then its adapter
translates at the border. Stripe, for one (its page "Supported currencies"), takes ISK and UGX with two decimals that
must be 00 ("500" for 5 UGX, although UGX also stands in its list of zero-decimal currencies), takes MGA with none, and
wants the last digit of a three-decimal currency to be 0. PayPal takes no decimals in HUF and TWD. A wrong guess is a
charge a hundred times too large or too small.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


class MoneyRefused(ValueError):
    """The family of refusals about money; each has its own name below it and says in words what to do."""


class UnknownCurrency(MoneyRefused):
    """The code names no currency with a minor unit, or is not written in three capital letters."""

    def __init__(self, code: object) -> None:
        self.code = code
        hint = (
            f"write {code.upper()}"
            if isinstance(code, str) and code.upper() in _EXPONENTS
            else "use the three capital letters of ISO 4217, for example EUR"
        )
        super().__init__(f"{code!r} is not a currency that we know: {hint}.")


_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_TWO = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
    COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
    JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
    NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
    THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"

# Left ISO's list since 2010. Old invoices and imports keep their currency; nothing new should be priced in these.
_WITHDRAWN_NONE = "BYR"
_WITHDRAWN_TWO = "ANG BGN CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL"

CURRENT: Mapping[str, int] = MappingProxyType(
    {code: digits for digits, codes in ((0, _NONE), (2, _TWO), (3, _THREE), (4, _FOUR)) for code in codes.split()}
)
"""Every currency in use, with its number of decimals."""

WITHDRAWN: Mapping[str, int] = MappingProxyType(
    {code: digits for digits, codes in ((0, _WITHDRAWN_NONE), (2, _WITHDRAWN_TWO)) for code in codes.split()}
)
"""Currencies that left the list since 2010, with their number of decimals: read, never offered."""

_EXPONENTS: Mapping[str, int] = MappingProxyType({**CURRENT, **WITHDRAWN})


def exponent(code: str) -> int:
    """Return how many decimals the currency has: 2 for EUR, 0 for JPY, 3 for KWD (ISO 4217; withdrawn codes too).

    Raises :class:`UnknownCurrency` for anything else, also for lower case.
    """
    digits = _EXPONENTS.get(code)
    if digits is None:
        raise UnknownCurrency(code)
    return digits
