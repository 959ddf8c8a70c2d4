"""Gamma's events: what is taken, what is skipped, and what is refused with its name.

Method: one whole event read field by field, then tables of one changed field each, then junk in every field.
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from core.events import FeeSchedule, MarketKind
from core.ids import EventId, MarketId, MatchId, TokenId
from core.units import CERTAIN, ONE, SHARE, Ms, Price, Prob
from feeds.listings import EventDescribed, Game, Listing, MarketState, MatchDescribed, Protocol
from feeds.refusals import Refusal, RefusalReason
from feeds.sources.polymarket.gamma import Reader
from tests.examples import examples
from tests.feeds.gamma import NOON, Json, a_map_market, a_market, an_event, condition

HEARD = Ms(NOON - 60_000)


def read(event: Json) -> tuple[EventDescribed | None, list[Refusal], Reader]:
    refusals: list[Refusal] = []
    reader = Reader("polymarket", refusals.append)
    return reader.read(Raw(json.dumps(event).encode()), HEARD), refusals, reader


def listing_of(market: Json, **said: Any) -> Listing:
    event, refusals, _ = read(an_event(market, **said))
    assert event is not None, refusals
    (listing,) = event.listings
    return listing


def refusal_of(market: Json) -> Refusal:
    event, (refusal,), reader = read(an_event(market, a_map_market(2, 1)))
    assert event is not None
    assert [listing.market.market_id for listing in event.listings] == [condition(2)], "the good one stays"
    assert reader.refused == {refusal.reason: 1}
    return refusal


def test_a_series_market_is_read_whole() -> None:
    event, refusals, _ = read(an_event(a_market()))

    assert event is not None
    assert refusals == []
    assert event.match == MatchDescribed(
        match_id=MatchId("polymarket:970"),
        game=Game.LOL,
        title="LoL: Red vs Blue (BO3) - Spring Cup",
        teams=("Red", "Blue"),
        best_of=3,
        tournament="Spring Cup",
        starts_ms=NOON,
    )
    (listing,) = event.listings
    market = listing.market
    assert (market.market_id, market.event_id) == (MarketId(condition(1)), EventId("70"))
    assert (market.match_id, market.kind) == (MatchId("polymarket:970"), MarketKind.SERIES)
    assert (market.yes_token, market.no_token) == (TokenId("101"), TokenId("102"))
    assert (market.yes_name, market.no_name) == ("Red", "Blue")
    assert (market.tick, market.min_size, market.delay_ms) == (Price(100), 5 * SHARE, 1_000)
    assert market.fees == FeeSchedule(Prob(50_000), 1, Prob(150_000))
    assert (market.starts_ms, market.map_number, market.best_of) == (NOON, None, 3)
    assert market.wiped_at_start
    assert market.heard_ms == HEARD
    assert (listing.slug, listing.state, listing.payout) == (
        "lol-red-blue-2025-11-01",
        MarketState.OPEN,
        None,
    )


def test_a_map_market_says_which_map() -> None:
    market = listing_of(a_map_market(1, 2)).market

    assert (market.kind, market.map_number, market.best_of) == (MarketKind.MAP, 2, 3)


def test_the_teams_are_named_by_the_series_market_wherever_it_stands() -> None:
    event, _, _ = read(an_event(a_map_market(1, 1, outcomes='["Blue", "Red"]'), a_market(2)))

    assert event is not None
    assert event.match is not None
    assert event.match.teams == ("Red", "Blue")


def test_other_kinds_and_other_games_are_skipped_and_counted() -> None:
    shooter = an_event(a_market(), slug="cs2-red-blue", tags=[{"id": "100780"}])
    mixed = an_event(a_market(1, sportsMarketType="totals"), a_market(2, sportsMarketType=None), a_market(3))

    assert read(shooter)[0] is None
    assert read(shooter)[2].skipped == {"another game": 1}
    event, refusals, reader = read(mixed)
    assert event is not None
    assert len(event.listings) == 1
    assert reader.skipped == {"totals": 1, "no kind": 1}
    assert refusals == []


@pytest.mark.parametrize(
    ("version", "token"), [("v1", "101"), (None, "101"), ("v2", "9001")], ids=["v1", "unsaid", "v2"]
)
def test_tokens_are_chosen_by_version_and_not_by_presence(version: str | None, token: str) -> None:
    market = listing_of(a_market(version=version, positionIds=["9001", "9002"])).market

    assert market.yes_token == token


@pytest.mark.parametrize(
    ("said", "contract"),
    [
        ({}, (False, Protocol.V1)),
        ({"negRisk": True}, (True, Protocol.V1)),
        ({"version": None}, (False, Protocol.V1)),
        ({"version": "v2", "positionIds": ["9001", "9002"]}, (False, Protocol.V2)),
    ],
    ids=["plain", "neg-risk", "unsaid", "v2"],
)
def test_what_an_order_is_signed_for_is_read(said: Json, contract: tuple[bool, Protocol]) -> None:
    listing = listing_of(a_market(**said))

    assert (listing.neg_risk, listing.protocol) == contract


def test_a_version_nobody_knows_is_refused() -> None:
    assert "version" in refusal_of(a_market(version="v3")).detail


def test_a_short_condition_of_the_new_protocol_is_padded() -> None:
    short = "0x" + "ab" * 31

    assert listing_of(a_market(conditionId=short)).market.market_id == short + "00"


@pytest.mark.parametrize(
    "said",
    [
        {"feeSchedule": None},
        {"feeSchedule": {"exponent": 1.5, "rate": 0.05, "takerOnly": True}},
        {"feeSchedule": {"exponent": 1, "takerOnly": True}},
        {"feeSchedule": {"exponent": 1, "rate": 0.05, "takerOnly": False}},
        {"feeSchedule": {"exponent": 1, "rate": -0.05}},
        {"feeSchedule": {"exponent": 1, "rate": 5}},
        {"feeSchedule": {"exponent": 1, "rate": 0.00000001}},
        {"feesEnabled": None, "feeSchedule": None},
    ],
    ids=json.dumps,
)
def test_a_fee_that_cannot_be_computed_is_unknown_and_not_zero(said: Json) -> None:
    assert listing_of(a_market(**said)).market.fees is None


def test_a_market_without_fees_has_a_fee_of_zero() -> None:
    fees = listing_of(a_market(feesEnabled=False, feeSchedule=None)).market.fees

    assert fees == FeeSchedule(Prob(0), 1, Prob(0))


def test_a_rebate_nobody_stated_is_not_counted_on() -> None:
    fees = listing_of(a_market(feeSchedule={"exponent": 1, "rate": 0.05})).market.fees

    assert fees == FeeSchedule(Prob(50_000), 1, Prob(0))


@pytest.mark.parametrize(
    ("said", "state", "payout"),
    [
        ({}, MarketState.OPEN, None),
        ({"acceptingOrders": False}, MarketState.SUSPENDED, None),
        ({"active": False}, MarketState.SUSPENDED, None),
        ({"closed": True}, MarketState.CLOSED, None),
        ({"closed": True, "outcomePrices": '["1", "0"]'}, MarketState.RESOLVED, ONE),
        ({"closed": True, "outcomePrices": '["0", "1"]'}, MarketState.RESOLVED, Price(0)),
        ({"closed": False, "outcomePrices": '["1", "0"]'}, MarketState.OPEN, None),
        ({"closed": True, "outcomePrices": '["0.5", "0.5"]'}, MarketState.CLOSED, None),
        (
            {"closed": True, "outcomePrices": '["0.5", "0.5"]', "umaResolutionStatus": "resolved"},
            MarketState.RESOLVED,
            Price(5_000),
        ),
        (
            {"closed": True, "outcomePrices": '["1", "0"]', "umaResolutionStatus": "disputed"},
            MarketState.CLOSED,
            None,
        ),
        (
            {"closed": True, "outcomePrices": '["1", "1"]', "umaResolutionStatus": "resolved"},
            MarketState.CLOSED,
            None,
        ),
    ],
    ids=json.dumps,
)
def test_state_and_payout_are_what_the_venue_vouches_for(
    said: Json, state: MarketState, payout: Price | None
) -> None:
    listing = listing_of(a_market(**said))

    assert (listing.state, listing.payout) == (state, payout)


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        ({"conditionId": "0x12"}, RefusalReason.BAD_NUMBER, "conditionId: '0x12'"),
        ({"conditionId": 7}, RefusalReason.WRONG_TYPE, "$.conditionId"),
        ({"conditionId": None}, RefusalReason.MISSING_FIELD, "conditionId"),
        ({"clobTokenIds": None}, RefusalReason.MISSING_FIELD, "clobTokenIds"),
        ({"clobTokenIds": '["1"]'}, RefusalReason.WRONG_TYPE, "clobTokenIds: ['1']"),
        ({"clobTokenIds": '["1", "1"]'}, RefusalReason.WRONG_TYPE, "clobTokenIds"),
        ({"clobTokenIds": '["1", "x"]'}, RefusalReason.BAD_NUMBER, "clobTokenIds: 'x'"),
        ({"clobTokenIds": '["1", "2'}, RefusalReason.MALFORMED_JSON, "clobTokenIds"),
        ({"outcomes": '["A", "B", "C"]'}, RefusalReason.WRONG_TYPE, "outcomes"),
        ({"version": "v3"}, RefusalReason.WRONG_TYPE, "v3"),
        ({"orderPriceMinTickSize": 0}, RefusalReason.BAD_NUMBER, "orderPriceMinTickSize: '0'"),
        ({"orderPriceMinTickSize": 0.03}, RefusalReason.BAD_NUMBER, "0.03"),
        ({"orderPriceMinTickSize": 1e300}, RefusalReason.BAD_NUMBER, "orderPriceMinTickSize"),
        ({"orderMinSize": "-5"}, RefusalReason.BAD_NUMBER, "orderMinSize: '-5'"),
        ({"orderMinSize": 1e9}, RefusalReason.BAD_NUMBER, "orderMinSize"),
        ({"secondsDelay": -1}, RefusalReason.BAD_NUMBER, "secondsDelay: '-1'"),
        ({"gameStartTime": "soon"}, RefusalReason.BAD_TIMESTAMP, "gameStartTime: 'soon'"),
        ({"gameStartTime": "0001-01-01"}, RefusalReason.BAD_TIMESTAMP, "gameStartTime"),
        ({"closed": True, "outcomePrices": '["x", "0"]'}, RefusalReason.BAD_NUMBER, "outcomePrices"),
        ({"closed": True, "outcomePrices": '["1"]'}, RefusalReason.BAD_NUMBER, "outcomePrices"),
    ],
    ids=json.dumps,
)
def test_a_bad_market_is_refused_by_field_and_value_and_the_others_stay(
    said: Json, reason: RefusalReason, words: str
) -> None:
    refusal = refusal_of(a_market(**said))

    assert refusal.reason is reason
    assert words in refusal.detail


@pytest.mark.parametrize(
    "said",
    [
        {"slug": "lol-red-blue-2025-11-01-game2"},
        {"slug": "lol-red-blue", "question": "Who?", "groupItemTitle": "Winner"},
        {"slug": "x-game4", "question": "Game 4", "groupItemTitle": "Game 4 Winner"},
    ],
    ids=["contradicting itself", "unsaid", "beyond the series"],
)
def test_a_map_market_that_does_not_say_which_map_is_refused(said: Json) -> None:
    refusal = refusal_of(a_map_market(1, 1, **said))

    assert refusal.reason is RefusalReason.BAD_NUMBER
    assert "map number" in refusal.detail


@pytest.mark.parametrize(
    "said",
    [{"id": "no id"}, {"gameId": "x" * 99}, {"title": "a\x00b"}, {"title": 7}, {"markets": None}],
    ids=["id", "game id", "a NUL", "title", "no markets"],
)
def test_a_bad_event_is_refused_whole(said: Json) -> None:
    event, refusals, _ = read(an_event(a_market(), **said))

    assert event is None
    assert len(refusals) == 1


def test_an_event_without_a_game_id_has_markets_and_no_match() -> None:
    event, _, _ = read(an_event(a_market(), gameId=None))

    assert event is not None
    assert event.match is None
    assert event.listings[0].market.match_id is None


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["NaN", "sNaN", "Infinity", "-0", "1e99999999", "[]", '["a","b"]', "2025-13-01", "\x00"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["rate", "exponent", "id"]), inner)
    ),
    max_leaves=5,
)


@settings(max_examples=examples(400), deadline=None)
@given(
    in_event=st.dictionaries(st.sampled_from([*an_event()]), junk, max_size=2),
    in_market=st.dictionaries(st.sampled_from([*a_market()]), junk, max_size=3),
    kind=st.sampled_from(["moneyline", "child_moneyline"]),
)
def test_no_junk_in_any_field_raises_and_what_is_taken_fits_a_row(
    in_event: Json, in_market: Json, kind: str
) -> None:
    said = an_event() | {"markets": [a_market(sportsMarketType=kind) | in_market]} | in_event
    refusals: list[Refusal] = []

    event = Reader("polymarket", refusals.append).read(Raw(json.dumps(said).encode()), HEARD)

    for listing in event.listings if event is not None else ():
        market = listing.market
        assert 0 < market.tick < ONE
        assert ONE % market.tick == 0
        assert 0 <= market.min_size < 2**63
        assert 0 <= market.delay_ms < 2**31
        assert market.fees is None or 0 <= market.fees.rate <= CERTAIN
        assert market.yes_token != market.no_token
        assert (listing.payout is not None) == (listing.state is MarketState.RESOLVED)
