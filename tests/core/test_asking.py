"""What one line of a bill asks for: instalments, an intro price, codes and tax; each rule of it has a mutant that is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from goodstanding.core import asking
from goodstanding.core.asking import Asked, Levy
from goodstanding.core.facts import CodeHeld, Contract
from goodstanding.core.money import Money
from goodstanding.core.tax import Rate
from tests.core.mutants import mutated

VAT = Levy(Rate("DE", date(2020, 1, 1), 2000), "VAT")
CALIFORNIA = Levy(Rate("US-CA", date(2020, 1, 1), 750), "Sales tax")


def instalments(total: int, count: int, *, levy: Levy | None = None) -> list[tuple[int, int]]:
    """The parts of a sum: (net, tax) of each."""
    contract = Contract(payments=count, total_minor=total)
    asked = [asking.asked(contract, Money(total, "EUR"), payment=n, levy=levy) for n in range(1, count + 1)]
    return [(each.net.amount_minor, each.tax.amount_minor) for each in asked]


@pytest.mark.parametrize(
    ("total", "count", "levy", "each", "last"),
    [
        pytest.param(10000, 12, VAT, (833, 167), (837, 163), id="E1"),
        pytest.param(10000, 12, None, (833, 0), (837, 0), id="E2"),
        pytest.param(68500, 12, None, (5708, 0), (5712, 0), id="E3"),
        pytest.param(68500, 12, VAT, (5708, 1142), (5712, 1138), id="E4"),
        pytest.param(5000, 4, None, (1250, 0), (1250, 0), id="E5"),
        pytest.param(10000, 4, VAT, (2500, 500), (2500, 500), id="E6"),
        pytest.param(10000, 12, VAT, (833, 167), (837, 163), id="E7, the first line"),
        pytest.param(5000, 12, VAT, (417, 83), (413, 87), id="E7, the second line"),
        pytest.param(68500, 1, None, (68500, 0), (68500, 0), id="E8"),
        pytest.param(51375, 9, None, (5708, 0), (5711, 0), id="E9"),
    ],
)
def test_the_last_instalment_carries_the_remainder_of_the_sum_and_of_its_tax(
    total: int, count: int, levy: Levy | None, each: tuple[int, int], last: tuple[int, int]
) -> None:
    assert instalments(total, count, levy=levy) == [each] * (count - 1) + [last]


def test_prices_that_contain_the_tax_are_parted_by_what_is_paid() -> None:
    within = replace(VAT, inclusive=True)
    found = instalments(10000, 12, levy=within)
    assert [net + its_tax for net, its_tax in found] == [833] * 11 + [837]
    assert sum(its_tax for _, its_tax in found) == 1667


@pytest.mark.parametrize(
    ("amount", "levy", "net", "its_tax"),
    [(2000, CALIFORNIA, 2000, 150), (2500, CALIFORNIA, 2500, 188), (2500, None, 2500, 0)],
)
def test_p10_first_and_following_bills_have_one_rule_of_tax(
    amount: int, levy: Levy | None, net: int, its_tax: int
) -> None:
    """P10: 7.5 % of California: 20.00 is 21.50, 25.00 is 26.88; elsewhere there is no tax."""
    found = asking.asked(Contract(intro_minor=2000, intro_payments=1), Money(amount, "USD"), payment=2, levy=levy)
    assert (found.net.amount_minor, found.tax.amount_minor) == (net, its_tax)
    first = asking.asked(Contract(intro_minor=2000, intro_payments=1), Money(2500, "USD"), payment=1, levy=CALIFORNIA)
    assert (first.net.amount_minor, first.tax.amount_minor) == (2000, 150)


def test_b45_codes_come_off_before_both_taxes_are_asked() -> None:
    """B45: 20, 10 and 5 over 100.00 and 100.00, taxed with 10 % and 20 %: each line has its part of what is left."""
    codes = tuple(CodeHeld(f"C{minor}", "fixed", amount_minor=minor) for minor in (1000, 500, 250))
    found = asking.asked(Contract(codes=codes), Money(10000, "EUR"), payment=1, levy=VAT)
    assert (found.net.amount_minor, found.tax.amount_minor, found.off.amount_minor) == (8250, 1650, 1750)
    assert found.code == "C1000 C500 C250"


HALF, TEN_OFF = CodeHeld("HALF", "percentage", basis_points=5000), CodeHeld("TEN", "fixed", amount_minor=1000)
CASES: list[tuple[Contract, int, Levy | None]] = [
    *((Contract(intro_minor=1000, intro_payments=1, payments=4), n, None) for n in range(1, 5)),
    *((Contract(payments=3, total_minor=10001), n, VAT) for n in range(1, 5)),
    *((Contract(payments=3, total_minor=10001), n, replace(VAT, inclusive=True)) for n in range(1, 4)),
    *((Contract(payments=3, total_minor=1000), n, replace(VAT, inclusive=True)) for n in range(1, 4)),
    *((Contract(payments=10, total_minor=5), n, None) for n in (1, 10)),
    *((Contract(payments=2, total_minor=3000, codes=(HALF,)), n, None) for n in range(1, 3)),
    *((Contract(codes=(replace(HALF, payments=3), TEN_OFF)), n, VAT) for n in range(1, 5)),
    *((Contract(codes=(CodeHeld("ALT", "alternative", amount_minor=1500, payments=0), TEN_OFF)), n, None) for n in (1, 9)),
    (Contract(codes=(CodeHeld("BIG", "kept", amount_minor=9000),)), 1, None),
    (Contract(codes=(CodeHeld("BIG", "fixed", amount_minor=9000),)), 1, None),
    (Contract(), 1, replace(VAT, inclusive=True)),
]  # fmt: skip

# (rule, what stands there, what the mutant says instead)
MUTANTS = [
    ("the intro price is for the first payments alone", "payment <= contract.intro_payments", "contract.intro_payments"),
    ("the intro price is for as many as were said", "payment <= contract.intro_payments", "payment < contract.intro_payments"),
    ("the last part carries the remainder", "total - each * (count - 1))", "each)"),
    ("parts are never below zero", "if abs(each.amount_minor) * (count - 1) > abs(total.amount_minor):", "if False:"),
    ("after the last part there is none beyond", "index = min(payment, contract.payments) - 1", "index = payment - 1"),
    ("the tax of a sum is parted for itself", "parts(whole.tax, contract.payments)[index]", "_taxed(parts(whole.net, contract.payments)[index], levy).tax"),
    ("what contains the tax stays what is paid", "net = price - its_tax", "pass"),
    ("a code holds for its payments", "if code.holds(payment)]", "]"),
    ("what a code leaves over is kept where it says so", 'keeps_rest=held.kind == "kept"', "keeps_rest=False"),
    ("and is lost where it does not", 'keeps_rest=held.kind == "kept"', "keeps_rest=True"),
    ("another price is what is listed", "whole = steps[0].price if steps else price", "whole = price"),
    ("a code for ever has no number of payments", "held.payments or None", "held.payments or 1"),
    ("the tax is on what is left", "taxed = _taxed(off.asked, levy)", "taxed = _taxed(price, levy)"),
    ("a price contains its tax where it does", "if levy.inclusive else tax.exclusive", "if not levy.inclusive else tax.exclusive"),
    ("a code on instalments takes off the part", "if contract.total_minor and not used:", "if contract.total_minor:"),
    ("all codes are used", "last = steps[-1] if steps else", "last = steps[0] if steps else"),
    ("what was off is said", "off = Off(whole, whole - last.asked, rest)", "off = Off(whole, last.off, rest)"),
    ("who took something off is named", '" ".join(code.code for code in used)', '""'),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "there", "instead"), MUTANTS, ids=[mutant[0] for mutant in MUTANTS])
def test_a_mutant_is_told_from_the_real_thing(rule: str, there: str, instead: str) -> None:
    mutant = mutated(asking, there, instead)
    assert any(said(case, asking) != said(case, mutant) for case in CASES), f"no case tells this mutant: {rule}"


def said(case: tuple[Contract, int, Levy | None], module: object) -> tuple[object, ...]:
    """What a module says of a case; where it breaks, that."""
    contract, payment, levy = case
    try:
        found: Asked = module.asked(contract, Money(3000, "EUR"), payment=payment, levy=levy)  # type: ignore[attr-defined]
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as broken:
        return (type(broken).__name__,)
    figures = (found.listed, found.off, found.net, found.tax, found.rest)
    return (*(each.amount_minor for each in figures), found.code, found.tax_name, found.tax_rate)


def test_b77_days_are_counted_by_exact_numbers() -> None:
    """B77: 25 over 25/31 is 31, not 31.000000000000004: no day too many is counted."""
    assert 25 / (25 / 31) > 31
    assert Fraction(25) / Fraction(25, 31) == 31
    assert Money(3100, "EUR").share(Fraction(25, 31)).amount_minor == 2500
