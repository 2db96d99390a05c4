"""A quote with all that can be in it: several levels, terms, an amount, a donation, tax; by services, and as the API gives it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from bench import measure
from bench.report import Measurement
from goodstanding import clock
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.models import Level, LevelGroup, Price, TaxRate
from goodstanding.checkout import api, quotes
from goodstanding.checkout.baskets import Item, Wanted

LIMIT = 5  # ms of processor
_PRICE = {"currency": "EUR", "interval": "month", "taxed": True}


def measurements(*, rounds: int) -> Iterator[Measurement]:
    """Measure quotes, each of three levels."""
    wanted = _wanted()
    _said(wanted)  # what is only loaded at the first need is loaded
    spent = [measure.cpu_milliseconds(partial(_quoted, wanted)) for _ in range(20 * rounds)]
    with measure.statements() as sent:
        _quoted(wanted)
    yield Measurement("a quote of three levels, CPU", measure.median(spent), "ms", LIMIT)
    yield Measurement("a quote of three levels: SQL", len(sent), "SQL")
    spent = [measure.cpu_milliseconds(partial(_said, wanted)) for _ in range(20 * rounds)]
    yield Measurement("a quote as the API gives it, signed, CPU", measure.median(spent), "ms", LIMIT)


def _quoted(wanted: Wanted) -> None:
    quotes.quoted(wanted, now=clock.now())


def _said(wanted: Wanted) -> None:
    now = clock.now()
    api.QuoteOut.model_validate(api.said(quotes.quoted(wanted, now=now), wanted, now=now)).model_dump_json()


def _wanted() -> Wanted:
    group, _ = LevelGroup.objects.get_or_create(
        pk="bench-several", defaults={"name": "Several", "allows_several": True}
    )
    items = []
    for number, how in enumerate(
        (
            {"trial_count": 14, "intro_minor": 1000, "intro_payments": 2, "payments": 12},
            {"minimum_minor": 500},
            {"renews": False, "terms_max": 5},
        )
    ):
        slug = f"bench-quoted{number}"
        there = {"name": slug, "group": group, "takes_donations": True, "is_hidden": True}
        level, _ = Level.objects.get_or_create(pk=slug, defaults=there)
        Price.objects.get_or_create(pk=f"prc_{slug}", defaults={"level": level, "amount_minor": 2500, **_PRICE, **how})
        items.append(Item(slug, f"prc_{slug}", times=5 if "terms_max" in how else 1))
    TaxRate.objects.get_or_create(place="DE", from_on=date(2020, 1, 1), defaults={"percent": "19", "name": "VAT"})
    knowledge.touch()
    return Wanted(tuple(items), donation_minor=500, donation_recurs=True, place="DE")
