"""Levels, their groups, their promises over time, their prices, codes, and taxes."""

from goodstanding.catalogue.models.codes import CODE_LENGTH, CodePrice, DiscountCode
from goodstanding.catalogue.models.levels import (
    DESCRIPTION_LENGTH,
    END_RULES,
    POLICIES,
    Level,
    LevelGroup,
    LevelTerms,
    MoneyBack,
    Revision,
    known_policies,
)
from goodstanding.catalogue.models.prices import GatewayPrice, Interval, Price
from goodstanding.catalogue.models.taxes import TaxRate

__all__ = [
    "CODE_LENGTH",
    "DESCRIPTION_LENGTH",
    "END_RULES",
    "POLICIES",
    "CodePrice",
    "DiscountCode",
    "GatewayPrice",
    "Interval",
    "Level",
    "LevelGroup",
    "LevelTerms",
    "MoneyBack",
    "Price",
    "Revision",
    "TaxRate",
    "known_policies",
]
