"""No history of orders, answers, fills and changed minds leads beyond a limit; and a judge that forgets one is caught.

The judging is done by ``tests.core.held``: books of its own, written from trading.md 12, that share nothing with the
core but the shapes of events. Deterministic: the same histories are played everywhere.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import proposals
from core.ids import Outcome
from core.intents import Place
from core.lifecycle import Status
from core.limits import Limits
from core.orders import Order, Orders
from core.pair import PairLedger
from core.risk import Approved, Exposure, Refused, Rule, judge
from core.rules import sizing
from core.trading import LEGAL, State
from core.units import Ms, Price, Shares, Usdc, shares, usdc
from tests.builders import T0
from tests.core.held.audit import Breach
from tests.core.held.world import DOORS, ROOMY, Greedy, World
from tests.core.wild import Draw

SATURDAY: Final = Ms(T0 + 5 * 86_400_000)
LENGTH: Final = 250
HISTORIES_MAX: Final = 150  # a judge that forgets a rule is caught within so many


def history(seed: int) -> list[Draw]:
    dice = Random(seed)
    return [(dice.randrange(DOORS), dice.randrange(61), dice.randrange(61)) for _ in range(LENGTH)]


# Each limit now tight, now roomy, so that each is the first to bind now and then.
AGREED: Final = {
    "position": st.sampled_from([usdc("20"), usdc("40"), usdc("80"), usdc("1500")]),
    "group": st.sampled_from([usdc("35"), usdc("60"), usdc("2000")]),
    "total_exposure": st.sampled_from([usdc("50"), usdc("90"), usdc("5000")]),
    "daily_loss": st.sampled_from([usdc("2"), usdc("10"), usdc("200")]),
    "imbalance_shares": st.sampled_from([shares("30"), shares("50"), shares("200")]),
    "imbalance": st.sampled_from([usdc("15"), usdc("30"), usdc("150")]),
    "open_orders": st.sampled_from([1, 2, 5, 50]),
    "orders_per_s": st.sampled_from([1, 2, 5, 100]),
    "order_max": st.sampled_from([usdc("25"), usdc("60")]),
    "order_min": st.sampled_from([usdc("1"), usdc("5")]),
    "weekend_trading": st.booleans(),
}
LIMITS: Final = st.builds(lambda agreed: replace(ROOMY, **agreed), st.fixed_dictionaries({}, optional=AGREED))
DRAW: Final = st.tuples(st.integers(0, DOORS - 1), st.integers(0, 60), st.integers(0, 60))
DRAWS: Final = st.one_of(st.integers(0, 2**32 - 1).map(history), st.lists(DRAW, max_size=60))


def played(draws: list[Draw], limits: Limits = ROOMY, **begins: Any) -> World:
    """Raises ``Breach`` for the first order that should not have left."""
    greedy = Greedy()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(proposals, "propose", greedy)
        world = World(limits, greedy, **begins)
        for draw in draws:
            world.act(draw)
    return world


@settings(max_examples=50, derandomize=True, database=None, deadline=None)
@given(DRAWS, LIMITS, st.booleans(), st.sampled_from(["60", "10000"]))
def test_no_sequence_of_approved_orders_exceeds_any_limit(
    draws: list[Draw], limits: Limits, outsider: bool, cash: str
) -> None:
    played(draws, limits, outsider=outsider, cash=cash)


def test_the_histories_meet_every_limit_and_get_orders_through_amid_what_is_unknown() -> None:
    """Where nothing is refused or nothing let through, nothing is shown."""
    tight = replace(
        ROOMY,
        order_min=usdc("10"),
        position=usdc("40"),
        group=usdc("60"),
        total_exposure=usdc("90"),
        open_orders=2,
        orders_per_s=2,
    )
    worlds = [played(history(seed), limits) for seed in range(8) for limits in (ROOMY, tight)]

    assert sum(world.auditor.approvals for world in worlds) >= 150
    assert sum(world.auditor.amid for world in worlds) >= 50
    met = {rule for world in worlds for rule in world.engine.refusals}
    assert met >= set(Rule) - ELSEWHERE


# Met in tests of their own: no venue's windows and no breakers here, and every fee is known.
ELSEWHERE: Final = {
    Rule.BREAKER_OPEN, Rule.VENUE_RESTARTING, Rule.VENUE_POST_ONLY, Rule.VENUE_CLOSED, Rule.FEE_UNKNOWN, Rule.WEEKEND,
    Rule.MIN_VALUE, Rule.WORST_CASE,
}  # fmt: skip

Forgets = Callable[[Place, Exposure, Limits], tuple[Exposure, Limits]]


def doubled(*names: str, **tight: Any) -> tuple[dict[str, Any], Forgets]:
    """A judge that holds these limits at twice their value; ``tight``: what is agreed, so that they bind first."""
    return tight, lambda _, exposure, limits: (
        exposure,
        replace(limits, **{name: 2 * getattr(limits, name) for name in names}),
    )


def blind(**believed: Any) -> tuple[dict[str, Any], Forgets]:
    """A judge that believes this of every market."""
    return {}, lambda _, exposure, limits: (replace(exposure, **believed), limits)


FORGETS: Final[dict[str, tuple[dict[str, Any], Forgets]]] = {
    "position": doubled("position", position=usdc("30")),
    "group": doubled("group", group=usdc("40")),
    "total": doubled("total_exposure", total_exposure=usdc("50")),
    "order_max": doubled("order_max", order_max=usdc("20")),
    "order_min": (
        {"order_min": usdc("10")},
        lambda _, exposure, limits: (exposure, replace(limits, order_min=usdc("5"))),
    ),
    "open_orders": doubled("open_orders", open_orders=1),
    "orders_per_s": doubled("orders_per_s", orders_per_s=1),
    "imbalance_shares": doubled("imbalance_shares", imbalance_shares=shares("30")),
    "imbalance": doubled("imbalance", imbalance=usdc("12")),
    "daily_loss": doubled("daily_loss", daily_loss=usdc("1")),
    "slippage": doubled("slippage_bps", slippage_bps=300),
    "marketable_min": (
        {"order_min": usdc("1"), "marketable_min": usdc("20")},
        lambda _, exposure, limits: (exposure, replace(limits, marketable_min=usdc("1"))),
    ),
    "size": doubled("calm"),
    "skew": doubled("skew_ms"),
    "weekend": (
        {"weekend_trading": False},
        lambda _, exposure, limits: (exposure, replace(limits, weekend_trading=True)),
    ),
    "ceiling": blind(other_bid=None),
    "halted": blind(halted=None, market_halted=None, legal=LEGAL[State.IDLE]),
    "trust": blind(trusted=True, mirror_holds=True, feed_lost=None),
    "unknown": blind(any_unknown=False),
    "own_cross": blind(own_match=None, other_bid=None),
    "tick": blind(tick=Price(1)),
    "min_size": blind(min_size=Shares(1)),
    "cash": blind(cash=usdc("10000")),
    "held": blind(held=shares("10000"), surplus=shares("10000")),
}


BEGINS: Final[dict[str, dict[str, Any]]] = {"cash": {"cash": "100"}, "weekend": {"now": SATURDAY}}


@pytest.mark.parametrize("rule", FORGETS)
def test_a_judge_that_forgets_a_rule_is_caught(rule: str) -> None:
    tight, forgets = FORGETS[rule]

    def forgetful(intent: Place, exposure: Exposure, limits: Limits, now: Ms) -> Approved | Refused:
        return judge(intent, *forgets(intent, exposure, limits), now)

    def forget(patched: pytest.MonkeyPatch) -> None:
        patched.setattr(proposals, "judge", forgetful)

    assert caught(rule, tight, forget, **BEGINS.get(rule, {}))


def caught(
    rule: str, tight: dict[str, Any], forget: Callable[[pytest.MonkeyPatch], None], **begins: Any
) -> bool:
    """Whether the auditor finds this rule broken, and finds nothing where nothing is forgotten."""
    limits = replace(ROOMY, **tight)
    for seed in range(HISTORIES_MAX):
        with pytest.MonkeyPatch.context() as patched:
            forget(patched)
            try:
                played(history(seed), limits, **begins)
            except Breach as breach:
                if breach.rule != rule:
                    continue
            else:
                continue
        played(history(seed), limits, **begins)
        return True
    return False


def _unknown_orders_forgotten(patched: pytest.MonkeyPatch) -> None:
    kept = Orders.at_stake
    patched.setattr(
        Orders, "at_stake", lambda self: [o for o in kept(self) if o.status is not Status.UNKNOWN]
    )


def _late_fills_forgotten(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Order, "at_stake", property(lambda self: self.remaining if self.is_open else Shares(0)))


def _unsure_fills_landed(patched: pytest.MonkeyPatch) -> None:
    def landed(self: PairLedger, yes: Shares, no: Shares) -> Usdc:
        cost = self.cost(Outcome.YES) + self.cost(Outcome.NO)
        return Usdc(max(0, cost - min(self.held(Outcome.YES) - yes, self.held(Outcome.NO) - no)))

    patched.setattr(PairLedger, "at_risk_offering", landed)


def _bound_cash_forgotten(patched: pytest.MonkeyPatch) -> None:
    patched.setattr("core.stake.bound_cash", lambda engine: Usdc(0))


def _offers_forgotten(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(Orders, "offered", lambda self, outcome: Shares(0))


def _never_changed(patched: pytest.MonkeyPatch) -> None:
    """What is at stake is not reckoned again for an order more or less."""
    patched.setattr(Orders, "changes", property(lambda self: 0, lambda self, count: None))


# What the engine may forget beside the judge: in its books, its clock, its part of the limits.
FORGOTTEN: Final[dict[str, tuple[str, dict[str, Any], Callable[[pytest.MonkeyPatch], None]]]] = {
    "peak hours": ("peak", {}, lambda patched: patched.setattr(sizing, "is_peak", lambda now: False)),
    "the budget": (
        "budget",
        {},
        lambda patched: patched.setattr(Limits, "within", lambda self, budget: self),
    ),
    "the budget's cash": (
        "budget_cash",
        {},
        _bound_cash_forgotten,
    ),
    "UNKNOWN orders": ("total", {"total_exposure": usdc("60")}, _unknown_orders_forgotten),
    "fills told of and not yet seen": ("position", {"position": usdc("40")}, _late_fills_forgotten),
    "that fills may fail": ("position", {"position": usdc("40")}, _unsure_fills_landed),
    "that orders changed": ("total", {"total_exposure": usdc("60")}, _never_changed),
    "what is on offer": ("held", {"position": usdc("40")}, _offers_forgotten),
}


@pytest.mark.parametrize("what", FORGOTTEN)
def test_an_engine_that_forgets_something_is_caught(what: str) -> None:
    rule, tight, forget = FORGOTTEN[what]

    assert caught(rule, tight, forget)
