"""Levels, their groups, their promises over time, their prices, codes, and taxes."""

from goodstanding.catalogue.models.codes import CODE_LENGTH, CodePrice, DiscountCode
from goodstanding.catalogue.models.gifts import LevelGift
from goodstanding.catalogue.models.levels import (
    DESCRIPTION_LENGTH,
    END_RULES,
    POLICIES,
    RECKONINGS,
    WHEN,
    Level,
    LevelGroup,
    LevelPath,
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
    "RECKONINGS",
    "WHEN",
    "CodePrice",
    "DiscountCode",
    "GatewayPrice",
    "Interval",
    "Level",
    "LevelGift",
    "LevelGroup",
    "LevelPath",
    "LevelTerms",
    "MoneyBack",
    "Price",
    "Revision",
    "TaxRate",
    "known_policies",
]
