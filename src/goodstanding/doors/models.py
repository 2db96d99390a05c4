"""Doors, the cards of members, the devices that read them, and every tap.

A card's number (UID) is kept nowhere: a card is known by a keyed digest of it (:func:`goodstanding.core.doors.digest`).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from goodstanding.catalogue.models import Level
from goodstanding.doors.querysets import DoorEventQuerySet
from goodstanding.people.models import Member

ID = 40


class Door(models.Model):
    """Something that opens. ``levels``: any of these may enter; none given: every member in good standing."""

    id = models.CharField(max_length=ID, primary_key=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    place = models.CharField(_("place"), max_length=200, blank=True)
    levels = models.ManyToManyField(Level, through="DoorLevel", verbose_name=_("levels"), related_name="+", blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    locked_out = models.BooleanField(
        _("locked for everybody"), default=False, help_text=_("Nobody enters until this is lifted.")
    )

    class Meta:
        verbose_name = _("door")
        verbose_name_plural = _("doors")
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class DoorLevel(models.Model):
    """That a level may enter. It protects the level: without its last one the door would be every member's."""

    door = models.ForeignKey(Door, on_delete=models.CASCADE, related_name="+")
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar = ["door", "level"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["door", "level"], name="gs_doors_level_once"),
        ]

    def __str__(self) -> str:
        return f"{self.level_id} at {self.door_id}"


class Card(models.Model):
    """A member's card. ``last_four``: of its number, where staff wanted it kept for telling cards apart."""

    class Status(models.TextChoices):
        """Whether it counts."""

        ACTIVE = "active", _("in use")
        LOST = "lost", _("lost")
        BLOCKED = "blocked", _("blocked")

    id = models.CharField(max_length=ID, primary_key=True, editable=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="cards", verbose_name=_("member"))
    digest = models.CharField(max_length=32, unique=True, editable=False)
    label = models.CharField(_("label"), max_length=100, blank=True)
    last_four = models.CharField(_("last four"), max_length=4, blank=True, editable=False)
    status = models.CharField(_("status"), max_length=7, choices=Status.choices, default=Status.ACTIVE)
    added_at = models.DateTimeField(_("added"), editable=False)

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        ordering: ClassVar = ["added_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=["active", "lost", "blocked"]), name="gs_doors_card_status"),
            models.CheckConstraint(condition=~Q(digest=""), name="gs_doors_card_digest"),
        ]

    def __str__(self) -> str:
        return self.label or (f"…{self.last_four}" if self.last_four else self.id)


class Device(models.Model):
    """A reader at one door or several. Its token is shown once and kept as a digest; an empty one lets nobody ask."""

    id = models.CharField(max_length=ID, primary_key=True, editable=False)
    name = models.CharField(_("name"), max_length=100)
    doors = models.ManyToManyField(Door, verbose_name=_("doors"), related_name="devices", blank=True)
    token_digest = models.CharField(max_length=64, blank=True, editable=False)
    added_at = models.DateTimeField(_("added"), editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_seen_at = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering: ClassVar = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class DoorEvent(models.Model):
    """A tap and its answer. Rows are only ever added; what is emptied later is the digest of a card that nobody knew.

    ``at`` is the device's moment (ours, where it told none), ``recorded_at`` ours. ``member`` is whose card it was then.
    ``tap_id``: the device's own name for the tap. ``standing`` and ``until`` are what the answer said.
    """

    id = models.CharField(max_length=ID, primary_key=True)
    door = models.ForeignKey(Door, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("door"))
    # Its unique constraint is the index for lookups by device.
    device = models.ForeignKey(
        Device, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("device")
    )
    card = models.ForeignKey(
        Card, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("card")
    )
    member = models.ForeignKey(
        Member,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("member"),
    )
    unknown_digest = models.CharField(max_length=32, blank=True)
    opened = models.BooleanField(_("opened"))
    code = models.CharField(_("code"), max_length=20)
    standing = models.CharField(_("standing"), max_length=8, blank=True)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    at = models.DateTimeField(_("at"))
    recorded_at = models.DateTimeField(_("recorded"), db_index=True)
    tap_id = models.CharField(_("the device's id of the tap"), max_length=64, blank=True)

    objects = DoorEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("door event")
        verbose_name_plural = _("door events")
        ordering: ClassVar = ["-recorded_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["device", "tap_id"], condition=~Q(tap_id=""), name="gs_doors_tap_once"),
            models.CheckConstraint(condition=Q(opened=False) | Q(unknown_digest=""), name="gs_doors_unknown_is_shut"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["door", "recorded_at"], name="gs_doors_event_door"),
            models.Index(fields=["member", "recorded_at"], name="gs_doors_event_member"),
            models.Index(fields=["recorded_at"], condition=~Q(unknown_digest=""), name="gs_doors_event_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.code}"
