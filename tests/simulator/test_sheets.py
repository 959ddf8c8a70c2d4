"""What is published about markets of both protocols, judged by the official SDK's own readers."""

from collections import Counter

import msgspec
import pytest
from polymarket._internal.protocol import decode_v2_outcome_position_id, is_v2_position_id
from polymarket.models.gamma.market import Market
from polymarket.models.types import PositionId

from core.ids import Outcome
from core.units import ONE, Ms, Price
from simulator import gamma
from simulator.evening import bookings
from simulator.exchange.orders import Version
from simulator.gamma import MarketState, event_json, event_slug
from simulator.sheets import Sheet, sheet
from tests.simulator.evenings import START

SHIFT = START // (6 * 3_600_000)


def some_sheets() -> list[Sheet]:
    booked = [booking for stage in range(5) for booking in bookings(7, SHIFT, stage)]
    return [
        sheet(7, booking, event_slug(booking), number)
        for booking in booked
        for number in (None, *range(1, booking.series.best_of + 1))
    ]


SHEETS = some_sheets()


def gamma_market(described: Sheet, payout_yes: Price | None = None) -> dict[str, object]:
    state = MarketState(described, payout_yes, described.terms.tick, None, None, None)
    event = event_json(described.booking, [state], None, Ms(described.booking.closed_ms))
    return event["markets"][0]  # type: ignore[index,no-any-return]


def test_markets_of_both_protocols_and_neg_risk_ones_are_listed() -> None:
    kinds = Counter((it.terms.version, it.terms.neg_risk) for it in SHEETS)

    assert len(SHEETS) > 60
    assert kinds.keys() == {(Version.V1, False), (Version.V1, True), (Version.V2, False)}
    assert min(kinds.values()) > 0.1 * len(SHEETS)


def test_no_two_markets_share_an_id_or_a_token() -> None:
    assert len({it.terms.market_id for it in SHEETS}) == len(SHEETS)
    assert len({it.token(outcome) for it in SHEETS for outcome in Outcome}) == 2 * len(SHEETS)


@pytest.mark.parametrize("version", list(Version))
def test_the_sdk_tells_the_protocols_apart_by_their_tokens(version: Version) -> None:
    for it in SHEETS:
        if it.terms.version is version:
            assert len(it.terms.market_id) == len("0x") + 64
            for outcome in Outcome:
                assert is_v2_position_id(PositionId(it.token(outcome))) is (version is Version.V2)


def test_a_v2_position_names_its_condition_and_outcome() -> None:
    for it in SHEETS:
        if it.terms.version is Version.V2:
            for index, outcome in enumerate(Outcome):
                decoded = decode_v2_outcome_position_id(PositionId(it.token(outcome)))
                assert (decoded.condition_id, decoded.outcome_index) == (it.condition_id, index)
            assert it.terms.market_id == it.condition_id.ljust(66, "0")


def test_gamma_describes_each_market_as_the_sdk_reads_it() -> None:
    for it in SHEETS:
        read = Market.parse_response(msgspec.json.decode(msgspec.json.encode(gamma_market(it))))
        outcomes = (read.outcomes.yes, read.outcomes.no)
        own = [str(it.token(outcome)) for outcome in Outcome]

        assert str(read.version) == it.terms.version
        assert read.state.neg_risk is it.terms.neg_risk
        assert read.condition_id == it.condition_id
        assert [one.label for one in outcomes] == [it.name(outcome) for outcome in Outcome]
        if it.terms.version is Version.V2:
            assert [str(one.position_id) for one in outcomes] == own
            assert not any(one.token_id for one in outcomes)
        else:
            assert [str(one.token_id) for one in outcomes] == own


def test_some_v1_markets_carry_position_ids_that_are_no_tokens() -> None:
    v1 = [it for it in SHEETS if it.terms.version is Version.V1]
    stray = [it for it in v1 if "positionIds" in gamma_market(it)]

    assert 0.15 * len(v1) < len(stray) < 0.6 * len(v1)
    assert all(it.position_ids and it.terms.yes_token not in it.position_ids for it in stray)


@pytest.mark.parametrize(
    ("payout_yes", "prices"), [(ONE, ["1", "0"]), (Price(0), ["0", "1"]), (Price(5_000), ["0.5", "0.5"])]
)
def test_a_resolved_market_tells_what_it_paid(payout_yes: Price, prices: list[str]) -> None:
    for it in SHEETS[:20]:
        described = gamma_market(it, payout_yes)
        status = "resolutionStatus" if it.terms.version is Version.V2 else "umaResolutionStatus"

        assert described["closed"]
        assert described[status] == "resolved"
        assert msgspec.json.decode(str(described["outcomePrices"])) == prices


def test_an_event_is_neg_risk_when_one_of_its_markets_is() -> None:
    for wanted in (True, False):
        it = next(it for it in SHEETS if it.terms.neg_risk is wanted)
        state = MarketState(it, None, it.terms.tick, None, None, None)
        assert gamma.event_json(it.booking, [state], None, it.booking.listed_ms)["negRisk"] is wanted
