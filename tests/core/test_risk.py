"""Every rule of the judge, one unit below its limit and one at or above it, with the numbers it names."""

import re
from itertools import product
from typing import Any

import pytest

from core.ids import IntentKey
from core.intents import OrderKind, Place, Purpose
from core.limits import Limits
from core.risk import LAYERS, Approved, Exposure, Refused, Rule, judge
from core.units import SHARE_STEP, Ms, Shares, price, shares, text, usdc
from tests.builders import NO, SELL, T0, a_place, a_take, an_exposure, limits
from tests.core.rule_case import Case
from tests.core.rule_cases import CASES, REDUCES

IN_MARKET = an_exposure()


def refusal(
    intent: Place, exposure: Exposure = IN_MARKET, allowed: Limits | None = None, now: Ms = T0
) -> Refused:
    verdict = judge(intent, exposure, allowed or limits(), now)
    assert isinstance(verdict, Refused), f"approved {verdict.intent}"
    return verdict


def approval(intent: Place, exposure: Exposure = IN_MARKET, allowed: Limits | None = None) -> Place:
    verdict = judge(intent, exposure, allowed or limits(), T0)
    assert isinstance(verdict, Approved), f"refused: {verdict.rule}: {verdict.detail}"
    return verdict.intent


def test_an_order_within_all_limits_is_approved_as_asked() -> None:
    asked = a_place("0.48", "50")

    assert approval(asked) == asked


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.says}")
def test_a_rule_binds_at_its_limit_and_not_before(case: Case) -> None:
    allowed = limits(**case.allowed)
    approval(case.intent, an_exposure(**case.passes), allowed)

    refused = refusal(case.refused_intent or case.intent, an_exposure(**case.fails), allowed, case.now)

    assert (refused.rule, refused.detail) == (case.rule, case.says)
    assert (refused.value, refused.limit) == (case.value, case.limit)


def test_every_rule_has_its_case_and_its_layer() -> None:
    assert {case.rule for case in CASES} == set(Rule) == set(LAYERS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}: {case.says}")
def test_every_refusal_names_its_rule_its_value_and_its_limit(case: Case) -> None:
    intent, allowed = case.refused_intent or case.intent, limits(**case.allowed)

    refused = refusal(intent, an_exposure(**case.fails), allowed, case.now)

    for named in (refused.value, refused.limit):
        assert named != "", "a rule without a number says what it found and what it asks for"
        shown = {named} if isinstance(named, str) else {text(named, places) for places in (0, 4, 6)}
        assert any(re.search(rf"(?<![\d.]){re.escape(word)}(?![\d.])", refused.detail) for word in shown)


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
    "group exposure": {"at_risk_group": usdc("2000")},
    "total exposure": {"at_risk_total": usdc("5000")},
    "quote times": {"quote_bar": ("in play", "before play")},
    "clock": {"clock_off_ms": Ms(60_000)},
    "volatility": {"mid_range": price("0.5")},
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
    (Rule.FEED_LOST, {"feed_lost": "gone"}),
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


def test_half_of_a_pair_is_not_sold_by_itself() -> None:
    """It would leave the other leg naked beyond every limit, as no buy may."""
    sale = a_take("0.52", side=SELL)
    approval(sale, an_exposure(held=shares("100"), surplus=shares("50")))

    refused = refusal(sale, an_exposure(held=shares("100"), surplus=shares("49.99")))

    assert (refused.rule, refused.value, refused.limit) == (Rule.NOT_REDUCING, shares("50"), shares("49.99"))
    assert refused.detail == "sells 50 of a leg 49.99 shares ahead for sure"
