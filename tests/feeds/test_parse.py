"""Frames of the market channel become events; what cannot be taken is refused with its reason, never a crash."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import BookChanged, BookSnapshot, MarketResolved, Origin, TickSizeChanged, Top, TradePrinted
from core.ids import MarketId, Outcome, Side
from core.units import ONE, Ms, Price, price, shares
from feeds.refusals import RefusalReason
from feeds.sources.polymarket.wire import FRAME, Message
from tests.feeds.frames import (
    HEARD,
    MARKET,
    NO_TOKEN,
    SAID,
    YES_TOKEN,
    a_book,
    a_level,
    a_parser,
    a_print,
    changes,
    frame,
    reasons,
)

TOP = Top(price("0.48"), price("0.52"))


def test_a_book_of_the_yes_token_is_taken_as_it_is() -> None:
    parser, told = a_parser()

    (event,) = parser.parse(
        frame(a_book(bids={"0.47": "5", "0.48": "30"}, asks={"0.53": "9", "0.52": "25"})), HEARD
    )

    assert event == BookSnapshot(
        MarketId(MARKET),
        Outcome.YES,
        Ms(SAID),
        HEARD,
        ((price("0.47"), shares("5")), (price("0.48"), shares("30"))),
        ((price("0.53"), shares("9")), (price("0.52"), shares("25"))),
        TOP,
        Origin.CHANNEL,
        ends_frame=True,
    )
    assert told == []


def test_a_book_of_the_no_token_is_mirrored_and_keeps_its_own_top() -> None:
    parser, _ = a_parser()

    (event,) = parser.parse(frame(a_book(NO_TOKEN, bids={"0.48": "30"}, asks={"0.51": "25"})), HEARD)

    assert isinstance(event, BookSnapshot)
    assert event.bids == ((price("0.49"), shares("25")),)
    assert event.asks == ((price("0.52"), shares("30")),)
    assert event.top == Top(price("0.48"), price("0.51"))


def test_an_empty_book_has_an_empty_top() -> None:
    parser, _ = a_parser()

    (event,) = parser.parse(frame({**a_book(), "bids": [], "asks": []}), HEARD)

    assert isinstance(event, BookSnapshot)
    assert event.top == Top(None, None)


def test_a_level_of_size_zero_in_a_book_is_no_level() -> None:
    parser, _ = a_parser()

    (event,) = parser.parse(frame(a_book(bids={"0.48": "0", "0.47": "5"})), HEARD)

    assert isinstance(event, BookSnapshot)
    assert event.bids == ((price("0.47"), shares("5")),)
    assert event.top.bid == price("0.47")


def test_the_body_of_get_book_is_a_snapshot_of_origin_rest() -> None:
    parser, _ = a_parser()
    body = a_book(min_order_size="5", tick_size="0.01", neg_risk=False)
    del body["event_type"]

    (event,) = parser.parse(frame(body), HEARD)

    assert isinstance(event, BookSnapshot)
    assert event.origin is Origin.REST


def test_changes_of_both_tokens_become_levels_in_yes_terms_and_both_stated_tops() -> None:
    parser, _ = a_parser()
    yes = a_level(price="0.48", size="30.5", side="BUY")
    no = a_level(NO_TOKEN, price="0.52", size="30.5", side="SELL", best=("0.48", "0.52"))

    (event,) = parser.parse(frame(changes(yes, no)), HEARD)

    level = (True, price("0.48"), shares("30.5"))
    assert event == BookChanged(MarketId(MARKET), Ms(SAID), HEARD, (level, level), TOP, TOP, ends_frame=True)


def test_the_top_beside_the_last_change_of_a_token_counts() -> None:
    parser, _ = a_parser()
    first, last = a_level(best=("0.47", "0.52")), a_level(price="0.47", best=("0.48", "0.52"))

    (event,) = parser.parse(frame(changes(first, last)), HEARD)

    assert isinstance(event, BookChanged)
    assert (event.yes_top, event.no_top) == (TOP, None)


def test_nought_and_one_state_an_empty_side() -> None:
    parser, _ = a_parser()

    (event,) = parser.parse(frame(changes(a_level(best=("0", "1")))), HEARD)

    assert isinstance(event, BookChanged)
    assert event.yes_top == Top(None, None)


@pytest.mark.parametrize("best", [None, ("", ""), ("0.48", "")])
def test_a_token_that_changed_without_both_best_prices_is_unstated(best: tuple[str, str] | None) -> None:
    parser, told = a_parser()

    (event,) = parser.parse(frame(changes(a_level(best=best), a_level(NO_TOKEN))), HEARD)

    assert isinstance(event, BookChanged)
    assert event.unstated == (Outcome.YES,)
    assert event.no_top == TOP
    assert told == []


def test_of_a_frame_with_several_messages_only_the_last_of_each_market_ends_it() -> None:
    parser, _ = a_parser()

    events = parser.parse(frame(a_book(), a_book(NO_TOKEN), a_print()), HEARD)

    assert [getattr(event, "ends_frame", None) for event in events] == [False, True, None]


def test_two_books_that_mirror_each_other_say_the_same_levels_and_their_own_tops() -> None:
    parser, told = a_parser()
    yes = a_book(bids={"0.47": "5", "0.48": "30"}, asks={"0.53": "9", "0.52": "25"})
    no = a_book(NO_TOKEN, bids={"0.47": "9", "0.48": "25"}, asks={"0.53": "5", "0.52": "30"})

    first, second = parser.parse(frame(yes, no), HEARD)

    assert isinstance(first, BookSnapshot)
    assert isinstance(second, BookSnapshot)
    assert (first.bids, first.asks) == (second.bids, second.asks)
    assert (first.outcome, first.top, first.ends_frame) == (Outcome.YES, TOP, False)
    assert (second.outcome, second.top, second.ends_frame) == (Outcome.NO, TOP, True)
    assert told == []


@pytest.mark.parametrize(
    "no",
    [
        a_book(NO_TOKEN, bids={"0.48": "24"}, asks={"0.52": "30"}),
        a_book(NO_TOKEN, bids={"0.47": "25"}, asks={"0.52": "30"}),
        a_book(NO_TOKEN, bids={"0.48": "25"}, asks={"0.52": "30"}, timestamp=str(SAID + 1)),
        a_book(NO_TOKEN, bids={"0.48": "25", "0.47": "1"}, asks={"0.52": "30"}),
        a_book(NO_TOKEN, bids={"0.48": "25"}, asks={"0.520": "30"}),
    ],
)
def test_two_books_that_do_not_quite_mirror_each_other_are_each_read_as_they_are(no: dict[str, Any]) -> None:
    both, _ = a_parser()
    alone, _ = a_parser()

    first, second = both.parse(frame(a_book(), no), HEARD)
    (read,) = alone.parse(frame(no), HEARD)

    assert second == read
    assert isinstance(first, BookSnapshot)
    assert first.bids == ((price("0.48"), shares("30")),)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_frame_of_books_nobody_asked_for_is_refused_book_by_book(count: int) -> None:
    parser, told = a_parser()

    assert parser.parse(frame(*[a_book("12345", market="0xother")] * count), HEARD) == ()
    assert reasons(told) == [RefusalReason.UNKNOWN_TOKEN] * count


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 99), st.integers(0, 3), st.booleans()), max_size=6))
def test_the_fast_paths_read_what_the_careful_one_reads(drawn: list[tuple[bool, int, int, bool]]) -> None:
    fast, careful = a_parser()[0], a_parser()[0]
    levels = [
        a_level(
            YES_TOKEN if is_yes else NO_TOKEN,
            "BUY" if buys else "SELL",
            f"0.{cents:02d}".rstrip("0") if cents % 10 == 0 else f"0.{cents:02d}",
            str(size),
        )
        for is_yes, cents, size, buys in drawn
    ]
    message = FRAME.decode(frame(changes(*levels)))
    assert isinstance(message, Message)

    assert fast.parse(frame(changes(*levels)), HEARD) == careful._changed_carefully(message, HEARD)


def test_a_print_says_what_the_taker_did_to_that_token() -> None:
    parser, _ = a_parser()

    (event,) = parser.parse(frame(a_print()), HEARD)

    assert event == TradePrinted(
        MarketId(MARKET), Outcome.NO, Side.SELL, price("0.456"), shares("219.217767"), Ms(SAID), HEARD
    )


def test_best_bid_ask_states_a_top_and_no_level() -> None:
    parser, _ = a_parser()
    message = {"event_type": "best_bid_ask", "market": MARKET, "asset_id": NO_TOKEN, "timestamp": str(SAID)}

    (event,) = parser.parse(
        frame({**message, "best_bid": "0.48", "best_ask": "0.52", "spread": "0.04"}), HEARD
    )

    assert event == BookChanged(MarketId(MARKET), Ms(SAID), HEARD, (), None, TOP, ends_frame=True)


def test_a_new_tick_is_told_once_and_prices_lie_on_it_from_then_on() -> None:
    parser, told = a_parser()
    message = {
        "event_type": "tick_size_change",
        "market": MARKET,
        "old_tick_size": "0.01",
        "timestamp": str(SAID),
    }
    yes, no = ({**message, "new_tick_size": "0.001", "asset_id": token} for token in (YES_TOKEN, NO_TOKEN))

    assert parser.parse(frame(yes), HEARD) == (TickSizeChanged(MarketId(MARKET), Price(10), Ms(SAID), HEARD),)
    assert parser.parse(frame(no), HEARD) == ()
    (event,) = parser.parse(frame(changes(a_level(price="0.485"))), HEARD)

    assert isinstance(event, BookChanged)
    assert event.levels[0][1] == price("0.485")
    assert told == []


def test_a_book_that_states_another_tick_tells_it_first() -> None:
    parser, _ = a_parser()

    ticked, book = parser.parse(frame(a_book(bids={"0.481": "3"}, tick_size="0.001")), HEARD)

    assert isinstance(ticked, TickSizeChanged)
    assert isinstance(book, BookSnapshot)


def test_a_price_on_the_next_finer_tick_means_that_the_tick_changed_unheard() -> None:
    parser, told = a_parser()

    ticked, event = parser.parse(
        frame(changes(a_level(price="0.957"), a_level(NO_TOKEN, price="0.043"))), HEARD
    )

    assert ticked == TickSizeChanged(MarketId(MARKET), Price(10), Ms(SAID), HEARD)
    assert isinstance(event, BookChanged)
    assert len(event.levels) == 2
    assert told == []


@pytest.mark.parametrize(("token", "payout"), [(YES_TOKEN, ONE), (NO_TOKEN, Price(0))])
def test_a_resolution_says_what_yes_pays(token: str, payout: Price) -> None:
    parser, _ = a_parser()
    message = {
        "event_type": "market_resolved",
        "market": MARKET,
        "timestamp": str(SAID),
        "winning_asset_id": token,
    }

    (event,) = parser.parse(frame(message), HEARD)

    assert event == MarketResolved(MarketId(MARKET), payout, Ms(SAID), HEARD)


def test_news_of_other_markets_is_counted_as_unused() -> None:
    parser, told = a_parser()
    message = {
        "event_type": "new_market",
        "market": "0xother",
        "assets_ids": ["1", "2"],
        "timestamp": str(SAID),
    }

    assert parser.parse(frame(message), HEARD) == ()
    assert parser.parse(b"PONG", HEARD) == ()

    assert parser.unused == {"new_market": 1, "pong": 1}
    assert told == []


def test_a_trailing_newline_is_no_fault() -> None:
    parser, told = a_parser()

    assert len(parser.parse(frame(a_book()) + b"\n", HEARD)) == 1
    assert told == []


def test_forgotten_markets_are_unknown() -> None:
    parser, told = a_parser()

    parser.forget([MarketId(MARKET)])

    assert parser.parse(frame(changes(a_level())), HEARD) == ()
    assert reasons(told) == [RefusalReason.UNKNOWN_TOKEN]
