"""Every small world over a few days, in families: the material of ``test_standing_worlds``.

Almost all purchases cover ``[h(0), h(4))``, so that the interesting moments are few and close together. Each family is
a product of small choices; ``families()`` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

from goodstanding.core.records import (
    Grant,
    HoldKind,
    InvoiceRecord,
    Line,
    MembershipRecord,
    SubscriptionRecord,
    SubscriptionState,
)

from .moved_worlds import closings, pauses
from .world_parts import (
    BEFORE,
    PREPAID,
    PRORATION,
    REGULAR,
    Revocations,
    World,
    grant,
    h,
    hold,
    invoice,
    level,
    maybe,
    membership,
    state,
    sub,
)

Subs = tuple[SubscriptionRecord, ...]
Invoices = tuple[InvoiceRecord, ...]

# -- choices that several families share ------------------------------------------------------------------------------

SUBSCRIPTIONS: tuple[Subs, ...] = (
    (),
    (sub(),),
    (sub(state(3, ended=True)),),
    (sub(state(5, ended=True)),),
    (sub(state(1, ends=4)),),
    (sub(state(1, ends=5)),),
    (sub(state(1, ends=5), state(3)),),  # stayed after all
    (sub(state(2, paused=True)),),
    (sub(state(2, paused=True, resumes=5)),),
    (sub(state(5, paused=True), state(6)),),
)
FEW_SUBSCRIPTIONS: tuple[Subs, ...] = ((), (sub(),), (sub(state(3, ended=True)),))
GRACES = (level(grace=0), level(grace=1), level(grace=2))

# -- the families -----------------------------------------------------------------------------------------------------


def renewal() -> Iterator[World]:
    """A paid period, and what may become of the invoice after it."""
    renewals: tuple[Invoices, ...] = (
        (),
        (invoice("next", 4, 8),),
        (invoice("next", 4, 8, 3),),
        (invoice("next", 4, 8, 4),),
        (invoice("next", 4, 8, 7),),
        (invoice("next", 4, 8, 7, failed=(5,)),),
        (invoice("next", 4, 8, closed=5),),
        (invoice("next", 4, 8, 7, closed=5),),  # uncollectible, then paid after all
        (invoice("next", 5, 8, 3),),
        (invoice("next", 5, 8, 6, issued=5),),
        (invoice("next", 7, 9, 5),),
    )
    for following, subs, terms in product(renewals, SUBSCRIPTIONS, GRACES[:2]):
        yield (membership((invoice("first", 0, 4, 0), *following), subs, levels=(terms,)),)


def failures() -> Iterator[World]:
    """Payments of the next invoice (or of another one) that fail at any time."""
    moments = ((), (3,), (4,), (5,), (6,), (7,), (5, 6))
    for failed, other, terms, start in product(moments, ((), (4,), (5,)), GRACES, (4, 5)):
        yield (
            membership(
                (
                    invoice("first", 0, 4, 0, failed=other),
                    invoice("next", start, 8, failed=failed),
                    invoice("after", 8, 10, failed=(5,)),
                    invoice("nothing", 4, 4, failed=(5,)),
                ),
                (sub(),),
                levels=(terms,),
            ),
        )
    for failed, other, issued in product(moments, moments, (BEFORE, 5)):  # two next invoices that begin together
        both = (
            invoice("one", 4, 8, failed=failed),
            invoice("two", 4, 6, 7, item="other", failed=other, issued=issued),
        )
        yield (membership((invoice("first", 0, 4, 0), *both), (sub(),)),)


def late() -> Iterator[World]:
    """Settlements before, at, inside and after the period that they pay; beginnings of memberships."""
    for settled, issued, begun, subs in product((None, -1, 0, 2, 4, 6), (-1, 1), (-2, 0, 1), FEW_SUBSCRIPTIONS):
        if settled is None or settled >= issued:
            yield (membership((invoice("first", 0, 4, settled, issued=issued),), subs, begun=begun),)


def replacing() -> Iterator[World]:
    """A second regular line of the same item that starts inside the first, and perhaps a third."""
    seconds = ((0, 6, 1), (0, 3, 1), (2, 8, 2), (2, 4, 2), (2, 4, 5), (2, 8, None), (6, 8, 5), (2, 2, 2), (0, 3, 0))
    taken_back: tuple[Revocations, ...] = ((), ((3, None),), ((3, 5),))
    for (start, end, settled), first, second, item, subs in product(
        seconds, taken_back, taken_back, ("item", "other"), FEW_SUBSCRIPTIONS[1:]
    ):
        revoked = second if settled is not None and settled <= 3 else ()
        if second == revoked:
            pair = (
                invoice("one", 0, 6, 0, revoked=first),
                invoice("two", start, end, settled, item=item, revoked=revoked),
            )
            yield (membership(pair, subs),)
    for start, end, settled, revoked in product((1, 2, 3), (4, 7), (3, 4), taken_back):
        three = (
            invoice("one", 0, 6, 0),
            invoice("two", 2, 5, 2, revoked=revoked),
            invoice("three", start, end, settled),
        )
        yield (membership(three, (sub(),)),)


def revoked() -> Iterator[World]:
    """Revocations of the first, of the second or of both, begun and ended at any time."""
    first: tuple[Revocations, ...] = ((), ((2, None),), ((2, 3),), ((2, 5),), ((5, None),), ((1, 2), (3, 4)))
    second: tuple[Revocations, ...] = ((), ((3, None),), ((3, 5),), ((5, None),), ((5, 6),), ((7, 9),))
    for one, two, subs, start in product(first, second, FEW_SUBSCRIPTIONS, (2, 4, 5)):
        pair = (invoice("one", 0, 4, 0, revoked=one), invoice("two", start, 8, 3, item="other", revoked=two))
        yield (membership(pair, subs),)
    for start, end, two, subs in product((5, 6), (6, 8), second[1:], FEW_SUBSCRIPTIONS[1:]):  # one begins in the window
        following = (invoice("next", 4, 5), invoice("two", start, end, 3, revoked=two))
        yield (membership((invoice("one", 0, 4, 0), *following), subs, levels=(level(grace=2),)),)
    for one, subs, terms in product(first, SUBSCRIPTIONS, GRACES[:2]):
        yield (membership((invoice("one", 0, 4, 0, revoked=one),), subs, levels=(terms,)),)
    for one, two in product(first, first):  # two that end together
        pair = (invoice("one", 0, 4, 0, revoked=one), invoice("two", 1, 4, 1, item="other", revoked=two))
        yield (membership(pair, (sub(),)),)


def ending() -> Iterator[World]:
    """Two words of the gateway on one subscription, in every order; two subscriptions."""

    def words(at: int) -> tuple[SubscriptionState, ...]:
        return (
            state(at),
            state(at, ended=True),
            state(at, ends=5),
            state(at, ends=7),
            state(at, paused=True),
            state(at, paused=True, resumes=5),
            state(at, paused=True, resumes=6, ends=7),
        )

    for first, second, terms in product(words(1), (*words(1), *words(5)), GRACES[1:]):
        yield (membership((invoice("first", 0, 4, 0),), (sub(first, second),), levels=(terms,)),)
    for first, second in product(words(3), (*words(3), *words(6))):
        yield (membership((invoice("first", 0, 4, 0),), (sub(first), sub(second, begun=5, ref="new"))),)


def holding() -> Iterator[World]:
    """Holds before, in and after every kind of answer, with planned ends and releases."""
    lives: tuple[tuple[Invoices, Subs, tuple[Grant, ...]], ...] = (
        ((invoice("first", 0, 4, 0),), (sub(),), ()),
        ((invoice("first", 0, 4, 0), invoice("next", 4, 6, failed=(5,))), (sub(),), ()),
        ((invoice("first", 0, 4, 0, kind=PREPAID),), (), ()),
        ((invoice("first", 0, 4),), (sub(),), ()),
        ((), (), (grant(0, None, 0),)),
    )
    for life, since, until, released in product(lives, (-1, 2, 4, 5), (None, 3, 5, 7), (None, 3, 5)):
        if (until is None or until > since) and (released is None or released > since):
            invoices, subs, grants = life
            terms = (level(grace=2, prepaid_grace=1),)
            one = (hold(since, until, released),)
            yield (membership(invoices, subs, grants=grants, holds=one, levels=terms),)
    for released, other in product((None, 2, 3), (None, 3, 4)):  # approval that is decided, and a dispute
        held = (
            hold(-1, released=released, kind=HoldKind.APPROVAL),
            hold(2, released=other, kind=HoldKind.DENIED),
            hold(1, 3, kind=HoldKind.DISPUTE),
        )
        yield (membership((invoice("first", 0, 4, 0),), (sub(),), holds=held),)


def proration() -> Iterator[World]:
    """An item that came by a change: its charging proration, and the regular lines around it."""
    regulars: tuple[Invoices, ...] = (
        (),
        (invoice("regular", 4, 8, 4),),
        (invoice("regular", 4, 8),),
        (invoice("regular", 3, 6, 3),),
        (invoice("regular", 2, 3, 2),),
        (invoice("regular", 2, 6, 2, revoked=((3, None),)),),
        (invoice("regular", 1, 3, 5),),
        (invoice("regular", 1, 6, 1, revoked=((2, None),)),),
        (invoice("regular", 0, 2, 0),),
        (invoice("regular", 0, 2, None),),
        (invoice("regular", 0, 0, 0),),
        (invoice("regular", 0, 2, 0, item="other"),),
    )
    seconds: tuple[Invoices, ...] = ((), (invoice("again", 2, 5, 2, kind=PRORATION),))
    taken_back: tuple[Revocations, ...] = ((), ((2, None),), ((2, 3),))
    for regular, second, taken, settled, subs in product(
        regulars, seconds, taken_back, (1, 2, None), FEW_SUBSCRIPTIONS[1:]
    ):
        if settled is not None or not taken:
            first = invoice("change", 1, 4, settled, kind=PRORATION, revoked=taken)
            yield (membership((first, *regular, *second), subs),)


def grants() -> Iterator[World]:
    """Staff's grants, given before, during and after, withdrawn or not, with and without a purchase."""
    purchases: tuple[Invoices, ...] = (
        (),
        (invoice("first", 0, 3, 0),),
        (invoice("first", 0, 3, 0, revoked=((2, None),)),),
    )
    for (start, end), given, withdrawn, bought, subs in product(
        ((2, 5), (2, None), (3, 5), (4, 5)), (0, 3, 6), (None, 1, 3, 4, 7), purchases, FEW_SUBSCRIPTIONS[:2]
    ):
        if withdrawn is None or withdrawn > given:
            yield (membership(bought, subs, grants=(grant(start, end, given, withdrawn),)),)
    for one, two in product((None, 1, 4), (None, 3, 5)):
        yield (membership((), (sub(),), grants=(grant(0, 3, 0, one), grant(2, None, 2, two, "second"))),)


def levels() -> Iterator[World]:
    """Changes of level, and with it of the terms, before, at and after the end of coverage."""
    for since, old, new, kind, failed in product(
        (-2, 0, 2, 4, 5, 6, 7), GRACES, GRACES, (REGULAR, PREPAID), ((), (5,))
    ):
        spans = (
            level("basic", 0, old.terms.grace_days, new.terms.grace_days),
            level("full", since, new.terms.grace_days, old.terms.grace_days),
        )
        bought = (invoice("first", 0, 4, 0, kind=kind), invoice("next", 4, 8, failed=failed))
        in_order = spans if since >= 0 else spans[::-1]
        if kind is REGULAR or not failed:
            yield (membership(bought, (sub(),) if kind is REGULAR else (), levels=in_order),)


def prepaid() -> Iterator[World]:
    """Terms bought once: paid or not, renewed early, late or not at all, cancelled, taken back."""
    seconds: tuple[Invoices, ...] = (
        (),
        (invoice("next", 4, 6, 3, kind=PREPAID, item="next"),),
        (invoice("next", 5, 7, 4, kind=PREPAID, item="next"),),
        (invoice("next", 2, 3, 2, kind=PREPAID, item="next", revoked=((2, None),)),),
        (invoice("next", 3, 6, 3, kind=PREPAID, item="next", revoked=((5, None),)),),
        (invoice("next", 4, 6, kind=PREPAID, item="next"),),
        (invoice("regular", 2, 4, 2),),
        (invoice("regular", 2, 4, 2, revoked=((3, None),)),),
        (invoice("regular", 3, 5, 3),),
    )
    for second, grace, cancelled, subs in product(
        seconds, (0, 1), (None, 2, 5), ((), (sub(),), (sub(state(3, ended=True)),), (sub(state(3, paused=True)),))
    ):
        bought = (invoice("first", 0, 4, 0, kind=PREPAID), *second)
        terms = (level(grace=2, prepaid_grace=grace),)
        yield (membership(bought, subs, cancelled=cancelled, levels=terms),)
    for taken, other in product(((), ((3, None),), ((3, 4),)), repeat=2):  # two kinds that end together
        bought = (
            invoice("first", 0, 4, 0, kind=PREPAID, revoked=taken),
            invoice("regular", 1, 4, 1, revoked=other),
        )
        yield (membership(bought, (), levels=(level(prepaid_grace=1),)),)


def two_items() -> Iterator[World]:
    """Two items, of one subscription or two, whose periods touch, overlap or leave a hole; one invoice for both."""
    taken_back: tuple[Revocations, ...] = ((), ((1, None),), ((3, None),))
    both: tuple[Subs, ...] = (
        (sub(),),
        (sub(), sub(state(3, ended=True), ref="other")),
        (sub(state(3, ended=True)), sub(state(1, ends=7), ref="other")),
        (sub(state(1, paused=True)), sub(state(3, ended=True), ref="other")),
    )
    for (start, end), settled, one, two, subs in product(
        ((1, 3), (2, 6), (4, 6), (5, 7)), (1, 4), taken_back, taken_back, both
    ):
        if settled == 1 or not two:
            pair = (invoice("one", 0, 4, 0, revoked=one), invoice("two", start, end, settled, item="b", revoked=two))
            yield (membership(pair, subs),)
    for paid, failed, start in product((None, 3, 6), ((), (5,)), (4, 5)):
        lines = (Line("a", h(4), h(8)), Line("b", h(start), h(6)), Line("c", h(1), h(3), PRORATION))
        following = InvoiceRecord("both", h(1), lines, maybe(paid), None, tuple(map(h, failed)))
        yield (membership((invoice("one", 0, 4, 0, item="a"), following), (sub(),)),)


def pending() -> Iterator[World]:
    """Never covered: what keeps a purchase alive, what ends it, and what nearly covers."""
    unpaid: tuple[Invoices, ...] = (
        (),
        (invoice("first", 0, 4),),
        (invoice("first", 0, 4, closed=2),),
        (invoice("first", 0, 4, kind=PREPAID),),
        (invoice("first", 0, 4, kind=PREPAID, issued=1),),
        (invoice("first", 0, 4, kind=PREPAID, closed=2),),
        (invoice("first", 0, 4, 2, kind=PREPAID, closed=1),),
        (invoice("first", 3, 5, 1, kind=PREPAID),),
        (invoice("first", 3, 5, 1, revoked=((2, None),)),),
        (invoice("first", 3, 5, 1, revoked=((3, None),)),),
        (invoice("first", 3, 5, 1, revoked=((2, 4),)),),
        (invoice("first", 3, 5, 1, kind=PREPAID, revoked=((2, None),)),),
        (invoice("first", 0, 4, kind=PRORATION),),
        (InvoiceRecord("mixed", h(BEFORE), (Line("a", h(0), h(4), PREPAID), Line("b", h(0), h(4)))),),
    )
    for invoices, subs, begun in product(unpaid, (*SUBSCRIPTIONS, (sub(begun=1),)), (BEFORE, 1)):
        yield (membership(invoices, subs, begun=begun),)


def two_memberships() -> Iterator[World]:
    """Every pair of a dozen short lives, on two levels or on the same."""
    lives: tuple[Callable[[str, str], MembershipRecord], ...] = (
        lambda ref, name: membership((), (sub(),), ref=ref, levels=(level(name),)),
        lambda ref, name: membership((), (), ref=ref, levels=(level(name),)),
        lambda ref, name: membership((invoice("i", 0, 4, 0),), (sub(),), ref=ref, levels=(level(name),)),
        lambda ref, name: membership((invoice("i", 0, 4, 0),), (sub(),), ref=ref, levels=(level(name, grace=2),)),
        lambda ref, name: membership((invoice("i", 0, 4, 0),), (), ref=ref, levels=(level(name),)),
        lambda ref, name: membership((invoice("i", 1, 3, 1),), (sub(),), ref=ref, levels=(level(name),), begun=1),
        lambda ref, name: membership((invoice("i", 4, 6, 4),), (), ref=ref, levels=(level(name),), begun=4),
        lambda ref, name: membership(
            (invoice("i", 0, 2, 0, kind=PREPAID),), (), ref=ref, levels=(level(name, prepaid_grace=2),)
        ),
        lambda ref, name: membership((), (), ref=ref, grants=(grant(1, None, 1, 5),), levels=(level(name),)),
        lambda ref, name: membership(
            (), (), ref=ref, grants=(grant(1, None, 1),), holds=(hold(2, 4),), levels=(level(name),)
        ),
        lambda ref, name: membership(
            (invoice("i", 0, 4, 0),), (sub(),), ref=ref, levels=(level("free", 0), level(name, 2)), holds=(hold(3, 5),)
        ),
        lambda ref, name: membership((invoice("i", 0, 4, 0, revoked=((2, 3),)),), (), ref=ref, levels=(level(name),)),
    )
    yield ()
    for one, two, name in product(lives, lives, ("basic", "full")):
        yield one("one", "basic"), two("two", name)


def given_up() -> Iterator[World]:
    """A seat in somebody else's membership, given up before, at and after the turns of what it is a window onto."""
    for at, holds in product((0, 1, 4, 5, 6, 9), ((), (hold(3, 5),))):
        seat = membership((invoice("first", 0, 4, 0), invoice("next", 4, 8, 5)), (sub(),), holds=holds)
        yield (replace(seat, ended_at=h(at), through="the payer"),)


def families() -> dict[str, Callable[[], Iterator[World]]]:
    every = (
        renewal,
        failures,
        late,
        replacing,
        revoked,
        ending,
        holding,
        proration,
        grants,
        levels,
        prepaid,
        two_items,
        pending,
        two_memberships,
        given_up,
        pauses,
        closings,
    )
    return {family.__name__: family for family in every}
