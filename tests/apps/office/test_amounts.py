"""Amounts as people type them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from goodstanding.office.money_forms import read_amount


@pytest.mark.parametrize("typed", ["1234.56", "1234,56", "1,234.56", "1.234,56", "1 234,56", "1’234.56", " 1234.56 "])
def test_c23_thousands_may_be_marked_off(typed: str) -> None:
    """C23: 1234.56, also with other thousand separators."""
    assert read_amount(typed, "EUR").amount_minor == 123456


@pytest.mark.parametrize("typed", ["1.234", "1,234", "12,34.56", "1,2345.67", "1,234,567", "1.234.56", "", "12 34"])
def test_what_may_be_read_in_two_ways_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        read_amount(typed, "EUR")
