"""Levels, their groups, and their promises over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from goodstanding.core.changes import Reckoning, When
from goodstanding.core.periods import EndRule
from goodstanding.core.records import OnDispute, OnDisputeLost, OnRefund

DESCRIPTION_LENGTH = 2000
END_RULES = [
    (EndRule.SAME_DAY.value, _("with the end of the anniversary’s day")),
    (EndRule.EVE.value, _("with the end of the day before it")),
    (EndRule.EXACT.value, _("at the same time of the day")),
]


ON_REFUND = [
    (OnRefund.END.value, _("ends at once")),
    (OnRefund.KEEP.value, _("stays to its date")),
    (OnRefund.ASK.value, _("whoever gives it back is asked")),
]
ON_DISPUTE = [(OnDispute.HOLD.value, _("is on hold until it is decided")), (OnDispute.KEEP.value, _("stays"))]
ON_DISPUTE_LOST = [
    (OnDisputeLost.REVOKE.value, _("ends at once")),
    (OnDisputeLost.KEEP.value, _("stays to its date")),
]
POLICIES = ("on_refund", "on_dispute", "on_dispute_lost")


WHEN = [
    (When.BY_PRICE.value, _("up at once, down with the end of what is paid")),
    (When.NOW.value, _("at once")),
    (When.AT_END.value, _("with the end of what is paid")),
]
RECKONINGS = [
    (Reckoning.PRORATED.value, _("the rest of what was paid is given back, the rest of the time is charged")),
    (Reckoning.NEXT_BILL.value, _("the same, but nothing is billed before the next bill")),
    (Reckoning.WHOLE.value, _("nothing is given back, a new period begins at its whole price")),
    (Reckoning.NOTHING.value, _("nothing before the next renewal")),
]


def _values(choices: Sequence[tuple[str, object]]) -> list[str]:
    return [value for value, _words in choices]


class MoneyBack(models.Model):
    """What becomes of a membership once its money is given back, contested, or lost."""

    on_refund = models.CharField(max_length=6, choices=ON_REFUND, default=OnRefund.END.value)
    on_dispute = models.CharField(max_length=6, choices=ON_DISPUTE, default=OnDispute.HOLD.value)
    on_dispute_lost = models.CharField(max_length=6, choices=ON_DISPUTE_LOST, default=OnDisputeLost.REVOKE.value)

    class Meta:
        abstract = True

    @property
    def policies(self) -> dict[str, str]:
        """All three by name."""
        return {name: getattr(self, name) for name in POLICIES}


def known_policies(name: str) -> models.CheckConstraint:
    """Return the constraint that the policies of a table are some that we know."""
    known = Q(on_refund__in=list(OnRefund), on_dispute__in=list(OnDispute), on_dispute_lost__in=list(OnDisputeLost))
    return models.CheckConstraint(condition=known, name=name)


class LevelGroup(models.Model):
    """Levels of which a member holds one at a time, or several.

    ``only_listed_changes``: from one of its levels to another only along a :class:`LevelPath`. ``change_when`` and
    ``change_reckoning``: how a change of level is made where its path does not say it.
    """

    slug = models.SlugField(max_length=60, primary_key=True)
    name = models.CharField(max_length=200)
    allows_several = models.BooleanField(default=False)
    only_listed_changes = models.BooleanField(default=False)
    change_when = models.CharField(max_length=8, choices=WHEN, default=When.BY_PRICE.value)
    change_reckoning = models.CharField(max_length=9, choices=RECKONINGS, default=Reckoning.PRORATED.value)

    class Meta:
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(change_when__in=_values(WHEN), change_reckoning__in=_values(RECKONINGS)),
                name="gs_catalogue_group_change",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Level(MoneyBack):
    """Something that a member can be. ``pause_days_max``: how long a member may pause it at a time (``None``: not at all),
    ``pauses_max`` times within a year (``None``: any number); ``pause_open_ended``: also without saying until when (see
    :class:`goodstanding.core.pausing.Limits`). ``legacy_membertype_id``: the number in old plans named ``membertype_X-…``.

    Closed, nobody new may buy it; whoever holds it keeps it. Hidden, it is in no list and open to who knows its address.
    It is sold from ``sale_from`` to before ``sale_until``, to ``capacity`` holders at a time (``None``: any number).
    ``seats``: how many others may hold a membership through it, in the price; with those that are bought besides never more
    than ``seats_max``. They are members of ``seat_level`` (none: of this one).
    """

    slug = models.SlugField(max_length=60, primary_key=True)
    name = models.CharField(max_length=200)
    group = models.ForeignKey(LevelGroup, on_delete=models.PROTECT, related_name="levels")
    legacy_membertype_id = models.CharField(max_length=40, null=True, blank=True, unique=True)
    description = models.TextField(max_length=DESCRIPTION_LENGTH, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_open = models.BooleanField(default=True)
    is_hidden = models.BooleanField(default=False)
    end_rule = models.CharField(max_length=8, choices=END_RULES, default=EndRule.SAME_DAY.value)
    capacity = models.PositiveIntegerField(null=True, blank=True)
    sale_from = models.DateTimeField(null=True, blank=True)
    sale_until = models.DateTimeField(null=True, blank=True)
    takes_donations = models.BooleanField(default=False)
    pause_days_max = models.PositiveSmallIntegerField(null=True, blank=True)
    pauses_max = models.PositiveSmallIntegerField(null=True, blank=True)
    pause_open_ended = models.BooleanField(default=False)
    needs_card = models.BooleanField(default=False)  # also where credit or a code covers the first bill
    seats = models.PositiveSmallIntegerField(default=0)
    seats_max = models.PositiveSmallIntegerField(null=True, blank=True)
    seat_level = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(end_rule__in=[rule for rule, _words in END_RULES]), name="gs_catalogue_level_end_rule"
            ),
            models.CheckConstraint(
                condition=Q(sale_from=None) | Q(sale_until=None) | Q(sale_until__gt=models.F("sale_from")),
                name="gs_catalogue_level_sale_forward",
            ),
            models.CheckConstraint(
                condition=Q(seats_max=None) | Q(seats_max__gte=F("seats")), name="gs_catalogue_level_seats"
            ),
            known_policies("gs_catalogue_level_policies"),
        ]

    def __str__(self) -> str:
        return self.name


class LevelPath(models.Model):
    """That one may change from a level to another of its group, and how; what is empty is as the group says.

    From a level to itself: how another price of it is changed to.
    """

    from_level = models.ForeignKey(Level, on_delete=models.CASCADE, related_name="paths")
    to_level = models.ForeignKey(Level, on_delete=models.CASCADE, related_name="+")
    when = models.CharField(max_length=8, choices=WHEN, blank=True)
    reckoning = models.CharField(max_length=9, choices=RECKONINGS, blank=True)

    class Meta:
        verbose_name = _("change that is offered")
        verbose_name_plural = _("changes that are offered")
        ordering: ClassVar = ["from_level", "to_level"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["from_level", "to_level"], name="gs_catalogue_path_once"),
            models.CheckConstraint(
                condition=Q(when__in=["", *_values(WHEN)], reckoning__in=["", *_values(RECKONINGS)]),
                name="gs_catalogue_path_manner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_level_id}: {self.to_level_id}"


class LevelTerms(MoneyBack):
    """What a level promises to those who buy it (or change to it) from ``since`` on; ``None``: from the beginning.

    Who bought earlier keeps what was promised then, and so does a rebuild of the records: days of grace, how many seats are
    in the price, and of which level they are (``None``: of the level itself).
    """

    level = models.ForeignKey(Level, on_delete=models.CASCADE, related_name="terms")
    since = models.DateTimeField(null=True, blank=True)
    grace_days = models.PositiveSmallIntegerField(default=7)
    prepaid_grace_days = models.PositiveSmallIntegerField(default=0)
    seats = models.PositiveSmallIntegerField(default=0)
    seat_level = models.ForeignKey(Level, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name_plural = "level terms"
        ordering: ClassVar = ["level", "since", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["level", "since"], name="gs_catalogue_terms_since"),
            models.UniqueConstraint(fields=["level"], condition=Q(since=None), name="gs_catalogue_terms_first"),
            known_policies("gs_catalogue_terms_policies"),
        ]

    def __str__(self) -> str:
        return f"{self.level_id}: grace of {self.grace_days} days"


class Revision(models.Model):
    """One row that counts the changes of the catalogue, so that processes know when what they remember is old."""

    number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)
