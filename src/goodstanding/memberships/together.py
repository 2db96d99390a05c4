"""What one transaction knows and writes of some customers: each table is read once for all of them, and written once.

What is told of one customer after the other is worked out in memory, in that order, each on what the one before left; so the
records are those of one transaction each. Nothing is in the database before :meth:`Together.flush`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from django.db import connection

from goodstanding.billing import attempts, recording
from goodstanding.billing.models import GatewayCustomer, PaymentAttempt
from goodstanding.billing.objects import Objects
from goodstanding.billing.recording import Named
from goodstanding.catalogue import knowledge
from goodstanding.catalogue.knowledge import Knowledge
from goodstanding.core.ledger import Ledger
from goodstanding.jobs.writing import Writes
from goodstanding.memberships.decisions import Decisions, decisions_of
from goodstanding.memberships.models import MemberStanding
from goodstanding.memberships.seating import Around
from goodstanding.memberships.seats_following import locked_rows_of


class Together:
    """See above. ``customers``: those whose rows this transaction has locked, by public id."""

    def __init__(self, locked: Iterable[GatewayCustomer] = ()) -> None:
        assert connection.in_atomic_block
        self.writes = Writes()
        self.customers = {customer.pk: customer for customer in locked}
        self._objects: dict[str, Objects] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._standings: dict[str, MemberStanding | None] = {}
        self._around: dict[str, Around] = {}
        self._beside: dict[str, dict[GatewayCustomer, Objects]] = {}
        self._decisions: dict[str, Decisions] = {}
        self._tries: dict[str, list[PaymentAttempt]] = {}

    @cached_property
    def known(self) -> Knowledge:
        """The catalogue."""
        return knowledge.current()

    def lock(self, named: Iterable[Named]) -> None:
        """Lock customers, made where they are new."""
        missing = [each for each in named if each.pk not in self.customers or each.wanted]
        if missing:
            self.customers |= recording.locked_customers(missing)

    def objects(self, customer: GatewayCustomer) -> Objects:
        """Return a locked customer's objects, as what was told so far leaves them."""
        if customer.pk not in self._objects:
            missing = [key for key in self.customers if key not in self._objects]
            self._objects |= recording.remembered_objects_of(missing)
        return self._objects[customer.pk]

    def ledger(self, customer: GatewayCustomer) -> Ledger:
        """Return a locked customer's objects together."""
        if customer.pk not in self._ledgers:
            self._ledgers[customer.pk] = Ledger(self.objects(customer))
        return self._ledgers[customer.pk]

    def changed(self, customer: GatewayCustomer) -> None:
        """Note that a customer's objects changed."""
        if customer.pk in self._ledgers:
            self._ledgers[customer.pk] = self._ledgers[customer.pk].followed_on()

    def standing(self, member: str) -> MemberStanding | None:
        """Return a member's row, locked; ``None`` where there is none yet."""
        if member not in self._standings:
            missing = ({member} | self._members) - set(self._standings)
            found, around, alone = locked_rows_of(missing, apart_from=self.customers)
            self._standings |= {each: found.get(each) for each in {*missing, *found}}
            self._around |= around
            self._beside |= {each: {} for each in alone - set(self._beside)}
        return self._standings[member]

    def around(self, member: str) -> Around:
        """Return the seats that a member holds, and those that others hold through him. His standing is locked by then."""
        return self._around[member]

    def forget_standings(self, members: Iterable[str]) -> None:
        """Have these members' standing, which is locked, and the seats around them read anew: somebody else wrote it."""
        for member in members:
            self._standings.pop(member, None)

    def stands(self, row: MemberStanding) -> None:
        """Note how a member stands now."""
        self._standings[row.pk] = row

    def beside(self, customer: GatewayCustomer) -> Mapping[GatewayCustomer, Objects]:
        """Return the other customers of a customer's member with their objects. The member's standing is locked by then:
        what other workers write of them comes before or after all of this.
        """
        member = customer.member_id
        assert member in self._standings, customer.pk
        if member not in self._beside:
            self._read_beside([each for each in self._standings if each not in self._beside])
        own = [each for each in self.customers.values() if each.member_id == member and each.pk != customer.pk]
        return {**self._beside[member], **{each: self.objects(each) for each in own}}

    def decisions(self, member: str) -> Decisions:
        """Return what staff decided about a member. His standing is locked by then."""
        if member not in self._decisions:
            decided = [each for each, row in self._standings.items() if row is None or row.decided]
            missing = ({member} | set(decided)) - set(self._decisions)
            found = decisions_of(missing)
            self._decisions |= {each: found.get(each) or Decisions() for each in missing}
        return self._decisions[member]

    def tries(self, customer: GatewayCustomer) -> list[PaymentAttempt]:
        """Return a customer's tries under way, locked, with those that :meth:`take_tries` named."""
        if customer.pk not in self._tries:
            self.take_tries()
        return self._tries[customer.pk]

    def take_tries(self, also: Iterable[str] = ()) -> None:
        """Lock the tries under way of all customers, and those ``also`` named (by public id)."""
        found = attempts.locked([key for key in self.customers if key not in self._tries], also)
        self._tries = {key: found.get(key, []) for key in self.customers} | self._tries

    def flush(self) -> None:
        """Write all that is to be written so far."""
        self.writes.flush()

    @property
    def _members(self) -> set[str]:
        return {customer.member_id for customer in self.customers.values() if customer.member_id}

    def _read_beside(self, members: list[str]) -> None:
        self._beside |= {member: {} for member in members}
        found = recording.objects_beside(self.customers, members)
        if found:
            rows = GatewayCustomer.objects.filter(pk__in=list(found)).select_related("gateway_account").order_by("pk")
            for row in rows:
                assert row.member_id, row.pk
                self._beside[row.member_id][row] = found[row.pk]
