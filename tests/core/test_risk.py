"""Every rule of the judge, one unit below its limit and one at or above it, with the numbers it names."""

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from core.ids import IntentKey
from core.intents import OrderKind, Place, Purpose
from core.limits import Limits
from core.risk import Approved, Exposure, Refused, Rule, judge
from core.trading import LEGAL, State
from core.units import SHARE_STEP, Shares, price, shares, usdc
from tests.builders import NO, SELL, T0, a_place, a_take, an_exposure, limits

IN_MARKET = an_exposure()
REDUCES: dict[str, Any] = {"ahead": Shares(-shares("50")), "worst_case_after": usdc("10")}


def refusal(intent: Place, exposure: Exposure = IN_MARKET, allowed: Limits | None = None) -> Refused:
    verdict = judge(intent, exposure, allowed or limits(), T0)
    assert isinstance(verdict, Refused), f"approved {verdict.intent}"
    return verdict


def approval(intent: Place, exposure: Exposure = IN_MARKET, allowed: Limits | None = None) -> Place:
    verdict = judge(intent, exposure, allowed or limits(), T0)
    assert isinstance(verdict, Approved), f"refused: {verdict.rule}: {verdict.detail}"
    return verdict.intent


def test_an_order_within_all_limits_is_approved_as_asked() -> None:
    asked = a_place("0.48", "50")

    assert approval(asked) == asked


@dataclass(frozen=True)
class Case:
    """An intent that just passes and what makes it just fail. ``says`` is the detail, word for word."""

    rule: Rule
    says: str
    passes: dict[str, Any] = field(default_factory=dict)
    fails: dict[str, Any] = field(default_factory=dict)
    intent: Place = field(default_factory=a_place)
    refused_intent: Place | None = None
    value: int | None = None
    limit: int | None = None


CASES = [
    Case(Rule.HALTED, "all trading is halted: manual_halt", fails={"halted": "manual_halt"}),
    Case(Rule.MARKET_HALTED, "this market is halted: looks wrong", fails={"market_halted": "looks wrong"}),
    Case(
        Rule.STATE,
        "quote is not legal in this market's state",
        fails={"legal": LEGAL[State.FINALIZING]},
    ),
    Case(Rule.NOT_TRUSTED, "the book is torn", fails={"trusted": False, "trust": "torn"}),
    Case(Rule.MIRROR, "the mirror of the top price is broken", fails={"mirror_holds": False}),
    Case(Rule.MIRROR, "the mirror of the top price is unknown", fails={"mirror_holds": None}),
    Case(Rule.FEE_UNKNOWN, "the venue's fee for this market is unknown", fails={"fee_known": False}),
    Case(Rule.UNKNOWN_OPEN, "an order in this market is UNKNOWN", fails={"any_unknown": True}),
    Case(
        Rule.TICK,
        "price 0.485 is off the grid of 0.01",
        refused_intent=a_place("0.485"),
        value=price("0.485"),
        limit=price("0.01"),
    ),
    Case(
        Rule.TICK,
        "price 1 is off the grid of 0.01",
        intent=a_place("0.99", "20"),
        passes={"top": None},
        refused_intent=a_place("1", "20"),
        fails={"top": None},
        value=price("1"),
        limit=price("0.01"),
    ),
    Case(
        Rule.MIN_SIZE,
        "19.99 shares, minimum 20 in steps of 0.01",
        intent=a_place(size="20"),
        passes={"min_size": shares("20")},
        refused_intent=a_place(size="19.99"),
        fails={"min_size": shares("20")},
        value=shares("19.99"),
        limit=shares("20"),
    ),
    Case(
        Rule.MIN_SIZE,
        "20.001 shares, minimum 5 in steps of 0.01",
        refused_intent=a_place(size="20.001"),
        value=shares("20.001"),
        limit=shares("5"),
    ),
    Case(
        Rule.CROSSES,
        "post-only at 0.48 against 0.48",
        passes={"top": price("0.49")},
        fails={"top": price("0.48")},
        value=price("0.48"),
        limit=price("0.48"),
    ),
    Case(
        Rule.SLIPPAGE,
        "limit 0.54 lies beyond 0.53",
        intent=a_take("0.53"),
        passes=REDUCES,
        refused_intent=a_take("0.54"),
        fails=REDUCES,
        value=price("0.54"),
        limit=price("0.53"),
    ),
    Case(
        Rule.SLIPPAGE,
        "limit 0.46 lies beyond 0.47",
        intent=a_take("0.47", side=SELL),
        passes={"top": price("0.48"), "held": shares("50")},
        refused_intent=a_take("0.46", side=SELL),
        fails={"top": price("0.48"), "held": shares("50")},
        value=price("0.46"),
        limit=price("0.47"),
    ),
    Case(
        Rule.SLIPPAGE,
        "limit 0.805 lies beyond 0.804",
        intent=a_take("0.804"),
        passes={"top": price("0.8"), "tick": price("0.001"), **REDUCES},
        refused_intent=a_take("0.805"),
        fails={"top": price("0.8"), "tick": price("0.001"), **REDUCES},
        value=price("0.805"),
        limit=price("0.804"),
    ),
    Case(
        Rule.SLIPPAGE,
        "nothing to take on that side",
        intent=a_take("0.52"),
        passes=REDUCES,
        fails={"top": None, **REDUCES},
    ),
    Case(
        Rule.MIN_VALUE,
        "worth 0.999, a marketable order needs 1 USDC",
        intent=a_take("0.1", "10", side=SELL),
        passes={"top": price("0.1"), "held": shares("50")},
        refused_intent=a_take("0.1", "9.99", side=SELL),
        fails={"top": price("0.1"), "held": shares("50")},
        value=usdc("0.999"),
        limit=usdc("1"),
    ),
    Case(
        Rule.OWN_CROSS,
        "could match our own order paper:main|0xmarket|pair_arb|7",
        fails={"own_match": IntentKey("paper:main|0xmarket|pair_arb|7")},
    ),
    Case(
        Rule.ORDER_RATE,
        "5 orders in the last second of 5",
        passes={"orders_last_s": 4},
        fails={"orders_last_s": 5},
        value=5,
        limit=5,
    ),
    Case(
        Rule.OPEN_ORDERS,
        "5 orders open of 5",
        passes={"open_orders": 4},
        fails={"open_orders": 5},
        value=5,
        limit=5,
    ),
    Case(
        Rule.BALANCE,
        "costs 24 of 23.999999 USDC free",
        passes={"cash": usdc("24")},
        fails={"cash": usdc("23.999999")},
        value=usdc("24"),
        limit=usdc("23.999999"),
    ),
    Case(
        Rule.BALANCE,
        "costs 27.25 of 27.249999 USDC free",
        intent=a_take("0.52", outcome=NO),
        passes={**REDUCES, "fee": usdc("1.25"), "cash": usdc("27.25")},
        fails={**REDUCES, "fee": usdc("1.25"), "cash": usdc("27.249999")},
        value=usdc("27.25"),
        limit=usdc("27.249999"),
    ),
    Case(
        Rule.NOT_HELD,
        "sells 50 of 49.99 shares held",
        intent=a_take("0.52", side=SELL),
        passes={"held": shares("50")},
        fails={"held": shares("49.99")},
        value=shares("50"),
        limit=shares("49.99"),
    ),
    Case(
        Rule.NOT_REDUCING,
        "50 shares for a leg 25 behind, own bids filled",
        intent=a_take("0.52", "50", outcome=NO),
        passes={**REDUCES, "ahead": Shares(-shares("25.01"))},
        fails={**REDUCES, "ahead": Shares(-shares("25"))},
        value=shares("50"),
        limit=shares("25"),
    ),
    Case(
        Rule.WORST_CASE,
        "worst case would go from -1 to -1 USDC",
        intent=a_take("0.52", outcome=NO),
        passes={**REDUCES, "worst_case_now": -usdc("1"), "worst_case_after": -usdc("0.999999")},
        fails={**REDUCES, "worst_case_now": -usdc("1"), "worst_case_after": -usdc("1")},
        value=-usdc("1"),
        limit=-usdc("1"),
    ),
    Case(
        Rule.DAILY_LOSS,
        "lost 200 of 200 USDC today",
        passes={"lost_today": usdc("199.999999")},
        fails={"lost_today": usdc("200")},
        value=usdc("200"),
        limit=usdc("200"),
    ),
    Case(
        Rule.ORDER_SIZE,
        "worth 4.992, at least 5 USDC",
        intent=a_place(size="10.42"),
        refused_intent=a_place(size="10.4"),
        value=usdc("4.992"),
        limit=usdc("5"),
    ),
    Case(
        Rule.PAIR_CEILING,
        "0.48 and our own bid of 0.51 make a pair of 0.99, ceiling 0.985",
        passes={"other_bid": price("0.50")},
        fails={"other_bid": price("0.51")},
        value=price("0.99"),
        limit=price("0.985"),
    ),
    Case(
        Rule.IMBALANCE,
        "leg would be 50.01 shares ahead of 50",
        intent=a_place(size="20"),
        passes={"ahead": shares("30")},
        fails={"ahead": shares("30.01")},
        refused_intent=a_place(size="20"),
        value=shares("50.01"),
        limit=shares("50"),
    ),
    Case(
        Rule.IMBALANCE,
        "leg would be 100.000001 USDC ahead of 100",
        passes={"ahead_cost": usdc("76")},
        fails={"ahead_cost": usdc("76.000001")},
        value=usdc("100.000001"),
        limit=usdc("100"),
    ),
    Case(
        Rule.POSITION,
        "would risk 1500.000001 of 1500 USDC in this market",
        passes={"at_risk": usdc("1476")},
        fails={"at_risk": usdc("1476.000001")},
        value=usdc("1500.000001"),
        limit=usdc("1500"),
    ),
    Case(
        Rule.TOTAL_EXPOSURE,
        "would risk 5000.000001 of 5000 USDC in all",
        passes={"at_risk_total": usdc("4976")},
        fails={"at_risk_total": usdc("4976.000001")},
        value=usdc("5000.000001"),
        limit=usdc("5000"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.says}")
def test_a_rule_binds_at_its_limit_and_not_before(case: Case) -> None:
    approval(case.intent, an_exposure(**case.passes))

    refused = refusal(case.refused_intent or case.intent, an_exposure(**case.fails))

    assert (refused.rule, refused.detail) == (case.rule, case.says)
    assert (refused.value, refused.limit) == (case.value, case.limit)


def test_every_rule_has_its_case() -> None:
    assert {case.rule for case in CASES} == set(Rule)


def test_an_order_above_the_largest_is_cut_down_to_it() -> None:
    cut = approval(
        a_place("0.48", "300"),
        allowed=limits(imbalance_shares=shares("500"), imbalance=usdc("500"), order_max=usdc("100")),
    )

    assert cut.shares == shares("208.33"), "floor(100 / 0.48) in steps of 0.01 share"
    assert cut.shares % SHARE_STEP == 0


def test_an_order_of_exactly_the_largest_is_not_cut() -> None:
    roomy = limits(imbalance_shares=shares("500"), imbalance=usdc("500"), order_max=usdc("24"))

    assert approval(a_place("0.48", "50"), allowed=roomy).shares == shares("50")


def test_a_reducing_order_is_not_cut_down() -> None:
    tight = limits(order_max=usdc("5"))

    assert approval(a_take("0.52", outcome=NO), an_exposure(**REDUCES), tight).shares == shares("50")


OPENING_ONLY: dict[str, dict[str, Any]] = {
    "daily loss": {"lost_today": usdc("500")},
    "position": {"at_risk": usdc("1500")},
    "total exposure": {"at_risk_total": usdc("5000")},
    "imbalance in USDC": {"ahead_cost": usdc("100")},
}


@pytest.mark.parametrize("kind", OrderKind)
@pytest.mark.parametrize("spent", OPENING_ONLY.values(), ids=list(OPENING_ONLY))
def test_rules_of_exposure_do_not_bind_what_reduces(kind: OrderKind, spent: dict[str, Any]) -> None:
    at_price = "0.51" if kind is OrderKind.QUOTE else "0.52"
    reducing = a_place(at_price, outcome=NO, kind=kind, purpose=Purpose.REDUCING)

    approval(reducing, an_exposure(**{**REDUCES, **spent}))


def test_the_pair_ceiling_does_not_bind_what_reduces() -> None:
    reducing = a_place(outcome=NO, purpose=Purpose.REDUCING)

    approval(reducing, an_exposure(**{**REDUCES, "other_bid": price("0.51")}))


def test_five_usdc_are_not_asked_of_what_reduces() -> None:
    small = a_place("0.48", "5", outcome=NO, purpose=Purpose.REDUCING)

    approval(small, an_exposure(ahead=Shares(-shares("5")), worst_case_after=usdc("2")))


BINDS_BOTH: list[tuple[Rule, dict[str, Any]]] = [
    (Rule.HALTED, {"halted": "manual_halt"}),
    (Rule.MARKET_HALTED, {"market_halted": "x"}),
    (Rule.NOT_TRUSTED, {"trusted": False}),
    (Rule.MIRROR, {"mirror_holds": False}),
    (Rule.FEE_UNKNOWN, {"fee_known": False}),
    (Rule.UNKNOWN_OPEN, {"any_unknown": True}),
    (Rule.OWN_CROSS, {"own_match": IntentKey("k")}),
]


@pytest.mark.parametrize(("case", "purpose"), list(product(BINDS_BOTH, Purpose)))
def test_kill_switch_trust_unknown_and_own_orders_bind_both(
    case: tuple[Rule, dict[str, Any]], purpose: Purpose
) -> None:
    rule, fails = case

    refused = refusal(a_place(outcome=NO, purpose=purpose), an_exposure(**{**REDUCES, **fails}))

    assert refused.rule is rule


def test_the_gravest_rule_is_the_one_that_is_named() -> None:
    everything = an_exposure(halted="manual_halt", trusted=False, cash=usdc("0"), any_unknown=True)

    assert refusal(a_place("0.485", "1"), everything).rule is Rule.HALTED


def test_a_sale_needs_no_leg_that_is_behind() -> None:
    approval(a_take("0.48", side=SELL), an_exposure(held=shares("50"), top=price("0.48")))
