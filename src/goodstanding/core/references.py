"""What a payer is asked to quote, and finding it again in what his bank wrote.

The reference is a structured creditor reference (ISO 11649): ``RF``, two check digits, and the invoice's number. Many
banks check it while it is typed, and a slip of one digit names no other invoice. Whoever quotes the number alone is found,
too, with blanks and dashes anywhere, in small letters, or without the zeros at its front.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 21  # characters after the check digits, by the standard
_TOKEN = re.compile(r"[a-z]+|[0-9]+")
_MOST_JOINED = 16  # printed in groups of four, a reference of 25 characters has seven; nobody parts it more finely


def reference_of(number: str) -> str:
    """Return the reference of an invoice's number, in groups of four: ``RF51 INV0 0042``; ``""`` for a number that fits none."""
    plain = re.sub(r"[^0-9A-Za-z]", "", number).upper()
    if not plain or len(plain) > LONGEST or not plain.isascii():
        return ""
    text = f"RF{_check(plain):02d}{plain}"
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


@dataclass(frozen=True, slots=True)
class Mentions:
    """Numbers of invoices that a text names. ``sure``: written out, or by a reference that checks. ``loose``: without the
    zeros at the front, or run together from what stood apart. ``mistyped``: there was a reference that does not check.
    """

    sure: frozenset[int] = frozenset()
    loose: frozenset[int] = frozenset()
    mistyped: bool = False

    @property
    def numbers(self) -> frozenset[int]:
        """What is meant: the loose ones only where nothing is sure."""
        return self.sure or self.loose


def mentioned(text: str, *, prefix: str, digits: int) -> Mentions:
    """Return the invoices that ``text`` names, whose numbers are ``prefix`` and at least ``digits`` digits."""
    tokens, letters = _TOKEN.findall(text.lower()), prefix.lower()
    sure: set[int] = set()
    loose: set[int] = set()
    mistyped = False
    for index, token in enumerate(tokens):
        if token != letters:
            continue
        found = _number_after(tokens, index + 1, digits)
        if found is None:
            continue
        number, is_whole = found
        check = _check_before(tokens, index)
        if check is None:
            (sure if is_whole else loose).add(number)
        elif is_whole and check == _check(f"{prefix}{number:0{digits}d}".upper()):
            sure.add(number)
        else:
            mistyped = True
    return Mentions(frozenset(sure), frozenset(loose - sure), mistyped)


def _number_after(tokens: list[str], start: int, digits: int) -> tuple[int, bool] | None:
    """The number whose digits begin at ``start``, and whether it is written out: parted or not, as many digits as it has."""
    run: list[str] = []
    for token in tokens[start : start + _MOST_JOINED]:
        if not token.isdecimal():
            break
        run.append(token)
    if not run:
        return None
    if len(run[0]) >= digits:
        return int(run[0]), True
    whole = ""
    for token in run:
        whole += token
        if len(whole) == digits:
            return int(whole), True
        if len(whole) > digits:
            break
    return int(run[0]), False


def _check_before(tokens: list[str], index: int) -> int | None:
    """The check digits of a reference that ends before ``index``, if one does."""
    if index >= 2 and tokens[index - 2] == "rf" and len(tokens[index - 1]) == 2:
        return int(tokens[index - 1])
    return None


def _check(plain: str) -> int:
    """The check digits of a reference (ISO 7064, mod 97-10): letters count from A = 10."""
    return 98 - int("".join(str(int(each, 36)) for each in f"{plain}RF00")) % 97
