"""Dealing limits to shards: never more in all than agreed, whatever is lost or late, and equal parts in the end."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from core.budgets import Holder, Whole, deal
from core.limits import Budget
from core.units import Usdc, usdc
from tests.builders import limits
from tests.examples import examples

NAMES: Final = ("shard:0", "shard:1", "shard:2", "shard:3")
AGREED: Final = Whole(usdc("5000"), usdc("2000"), usdc("200"), 5, usdc("10000"))
PARTS: Final[dict[str, Callable[[Budget | Whole], int | None]]] = {
    "total_exposure": lambda part: part.total_exposure,
    "group_exposure": lambda part: part.group_exposure,
    "daily_loss": lambda part: part.daily_loss,
    "orders_per_s": lambda part: part.orders_per_s,
    "cash": lambda part: part.cash,
}
ALONE: Final = Budget(usdc("5000"), usdc("2000"), usdc("200"), 5, None)
HALF: Final = Budget(usdc("2500"), usdc("1000"), usdc("100"), 3, usdc("5000"))


def holder(name: str, acked: Budget | None = None, *pending: Budget) -> Holder:
    return Holder(name, acked, pending)


def test_one_shard_is_dealt_the_whole() -> None:
    assert deal(AGREED, [holder("shard:0")]) == {"shard:0": ALONE}


def test_what_was_dealt_already_is_not_dealt_again() -> None:
    assert deal(AGREED, [holder("shard:0", ALONE)]) == {}
    assert deal(AGREED, [holder("shard:0", None, ALONE)]) == {}


def test_a_second_shard_gets_nothing_until_the_first_has_acknowledged_its_cut() -> None:
    dealt = deal(AGREED, [holder("shard:0", ALONE), holder("shard:1")])

    assert dealt["shard:0"] == HALF
    assert dealt["shard:1"] == Budget(Usdc(0), Usdc(0), Usdc(0), 0, Usdc(0))

    waiting = [holder("shard:0", ALONE, HALF), holder("shard:1", dealt["shard:1"])]
    assert deal(AGREED, waiting) == {}

    acknowledged = [holder("shard:0", HALF), holder("shard:1", dealt["shard:1"])]
    assert deal(AGREED, acknowledged) == {"shard:1": replace(HALF, orders_per_s=2)}


def test_a_shard_that_crashed_keeps_its_part() -> None:
    """It is still among the holders; nobody hears from it."""
    dealt = deal(AGREED, [holder("shard:0", ALONE), holder("shard:1")])

    for _ in range(5):
        crashed = [holder("shard:0", ALONE, dealt["shard:0"]), holder("shard:1", dealt["shard:1"])]
        assert deal(AGREED, crashed) == {}


def test_the_part_of_a_dismissed_shard_goes_to_those_that_are_left() -> None:
    assert deal(AGREED, [holder("shard:1", replace(HALF, orders_per_s=2))]) == {"shard:1": ALONE}


def test_a_raise_is_dealt_from_what_is_free_and_a_cut_on_its_way_frees_nothing() -> None:
    """0 has acknowledged too much for three; 1 has a cut on its way; 2 wants in."""
    third = Budget(Usdc(1_666_666_666), Usdc(666_666_666), Usdc(66_666_666), 1, Usdc(3_333_333_333))

    dealt = deal(AGREED, [holder("shard:0", HALF), holder("shard:1", HALF, third), holder("shard:2")])

    assert dealt["shard:2"].total_exposure == 0


def test_agreeing_on_less_cuts_every_shard_and_raises_none() -> None:
    less = replace(AGREED, total_exposure=usdc("1000"))

    dealt = deal(less, [holder("shard:0", HALF), holder("shard:1", replace(HALF, orders_per_s=2))])

    assert {name: budget.total_exposure for name, budget in dealt.items()} == {
        "shard:0": usdc("500"),
        "shard:1": usdc("500"),
    }


def test_several_shards_get_no_cash_that_nobody_has_counted() -> None:
    dealt = deal(replace(AGREED, cash=None), [holder("shard:0"), holder("shard:1")])

    assert {budget.cash for budget in dealt.values()} == {0}


def test_what_binds_is_the_smaller_of_limit_and_budget() -> None:
    agreed = limits(total_exposure=usdc("5000"), daily_loss=usdc("50"), orders_per_s=5)

    bound = agreed.within(HALF)

    assert (bound.total_exposure, bound.daily_loss, bound.orders_per_s) == (usdc("2500"), usdc("50"), 3)
    assert agreed.within(None) == agreed


@dataclass
class Shard:
    """A shard as it is in truth. ``heard``: how many of the pending budgets it has seen."""

    enlisted: bool = False
    alive: bool = False
    acked: Budget | None = None
    pending: list[Budget] = field(default_factory=list)
    heard: int = 0

    def uses(self) -> list[Budget]:
        """What it may have at risk: a raise from the moment it is heard, a cut only once it was acknowledged. One that
        left in good order has nothing."""
        if not self.enlisted:
            return []
        return [*([] if self.acked is None else [self.acked]), *self.pending[: self.heard]]

    def holds(self) -> list[Budget]:
        """What cannot be given to others: what it left behind too, until the dealer has taken it back."""
        return [*([] if self.acked is None else [self.acked]), *self.pending]


@dataclass
class Town:
    """Shards that come, go, die and are slow, and somebody who deals now and then. ``most``: what may be in use, by
    limit: the limit, and after it was lowered what nobody has taken back yet."""

    whole: Whole = AGREED
    shards: dict[str, Shard] = field(default_factory=lambda: {name: Shard() for name in NAMES})
    most: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.most = {part: self.limit(part) for part in PARTS}

    def limit(self, part: str) -> int:
        limit = PARTS[part](self.whole)
        assert limit is not None
        return limit

    def act(self, what: str, name: str, percent: int) -> None:
        shard = self.shards[name]
        match what:
            case "join":
                shard.enlisted = shard.alive = True
            case "crash":
                shard.alive = False
            case "leave" if shard.alive:
                shard.enlisted = shard.alive = False
            case "hear" if shard.alive:
                shard.heard = min(shard.heard + 1, len(shard.pending))
            case "ack" if shard.alive and shard.heard:
                shard.acked = shard.pending[shard.heard - 1]
                shard.pending, shard.heard = shard.pending[shard.heard :], 0
            case "agree":
                self.agree(percent)
            case "deal":
                self.deal()
        self.check()

    def agree(self, percent: int) -> None:
        def part_of(amount: str) -> Usdc:
            return Usdc(usdc(amount) * percent // 100)

        self.whole = Whole(
            total_exposure=part_of("5000"),
            group_exposure=part_of("2000"),
            daily_loss=part_of("200"),
            orders_per_s=max(1, 5 * percent // 100),
            cash=part_of("10000"),
        )
        self.most = {part: max(most, self.limit(part)) for part, most in self.most.items()}

    def deal(self) -> None:
        for shard in self.shards.values():
            if not shard.enlisted:
                shard.acked, shard.pending, shard.heard = None, [], 0
        holders = [
            holder(name, shard.acked, *shard.pending) for name, shard in self.shards.items() if shard.enlisted
        ]
        for name, budget in deal(self.whole, holders).items():
            self.shards[name].pending.append(budget)

    def check(self) -> None:
        for part in PARTS:
            used, held = self.total(part, Shard.uses), self.total(part, Shard.holds)
            assert used <= held <= self.most[part], part
            self.most[part] = max(self.limit(part), held)

    def total(self, part: str, of: Callable[[Shard], list[Budget]]) -> int:
        counted = 0
        for shard in self.shards.values():
            parts = [PARTS[part](budget) for budget in of(shard)]
            counted += max((self.limit(part) if amount is None else amount for amount in parts), default=0)
        return counted


ACTS = st.tuples(
    st.sampled_from(
        ["join", "join", "crash", "leave", "hear", "hear", "ack", "ack", "deal", "deal", "agree"]
    ),
    st.sampled_from(NAMES),
    st.integers(10, 150),
)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(ACTS, max_size=80))
def test_no_history_of_joining_leaving_crashing_and_dealing_hands_out_more_than_was_agreed(
    acts: list[tuple[str, str, int]],
) -> None:
    town = Town()

    for what, name, percent in acts:
        town.act(what, name, percent)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(ACTS, max_size=60))
def test_once_every_shard_answers_the_parts_are_equal_and_nothing_more_is_dealt(
    acts: list[tuple[str, str, int]],
) -> None:
    town = Town()
    for what, name, percent in acts:
        town.act(what, name, percent)

    at_work = [shard for shard in town.shards.values() if shard.enlisted]
    for _ in range(2 * len(NAMES)):
        for shard in at_work:
            shard.alive, shard.heard = True, len(shard.pending)
        for name in NAMES:
            town.act("ack", name, 100)
        town.act("deal", NAMES[0], 100)

    assert [shard.pending for shard in at_work] == [[] for _ in at_work]
    totals = [shard.acked.total_exposure for shard in at_work if shard.acked is not None]
    assert len(totals) == len(at_work)
    assert not totals or (sum(totals) == town.whole.total_exposure and max(totals) - min(totals) <= 1)
