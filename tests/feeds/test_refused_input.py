"""Input that cannot be taken: refused with its reason, counted and told, never a crash and never a silent skip."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import BookChanged, BookSnapshot, TradePrinted
from core.ids import Outcome
from feeds.refusals import RefusalReason
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

BAD_FRAMES: list[tuple[RefusalReason, bytes]] = [
    (RefusalReason.MALFORMED_JSON, b'{"event_type":"book","bids":[}'),
    (RefusalReason.MALFORMED_JSON, frame(a_book())[:-20]),
    (RefusalReason.MALFORMED_JSON, b"\xff\xfe\x00"),
    (RefusalReason.WRONG_TYPE, b"[1]"),
    (RefusalReason.WRONG_TYPE, frame({**a_book(), "bids": "none"})),
    (RefusalReason.WRONG_TYPE, frame(changes({**a_level(), "side": "HOLD"}))),
    (RefusalReason.UNKNOWN_EVENT_TYPE, frame({"event_type": "weather", "market": MARKET})),
    (RefusalReason.UNKNOWN_EVENT_TYPE, frame({"event_type": "weather", "market": MARKET, "price": 5})),
    (RefusalReason.UNKNOWN_EVENT_TYPE, frame({"event_type": None, "market": MARKET})),
    (RefusalReason.UNKNOWN_TOKEN, frame(a_book("12345"))),
    (RefusalReason.UNKNOWN_TOKEN, frame({**a_book(), "market": "0xother"})),
    (RefusalReason.UNKNOWN_TOKEN, frame(changes(a_level(), market="0xother"))),
    (RefusalReason.UNKNOWN_TOKEN, frame(changes(a_level("12345")))),
    (
        RefusalReason.UNKNOWN_TOKEN,
        frame({"event_type": "market_resolved", "market": MARKET, "timestamp": str(SAID)}),
    ),
    (RefusalReason.MISSING_FIELD, frame({key: value for key, value in a_book().items() if key != "asks"})),
    (
        RefusalReason.MISSING_FIELD,
        frame({key: value for key, value in a_book().items() if key != "asset_id"}),
    ),
    (
        RefusalReason.MISSING_FIELD,
        frame({key: value for key, value in a_book().items() if key != "timestamp"}),
    ),
    (RefusalReason.MISSING_FIELD, frame(changes())),
    (RefusalReason.MISSING_FIELD, frame(changes({"asset_id": YES_TOKEN, "price": "0.48", "side": "BUY"}))),
    (RefusalReason.MISSING_FIELD, frame(a_print(side=""))),
    (RefusalReason.PRICE_OFF_GRID, frame(a_book(bids={"0.4855": "3"}))),
    (RefusalReason.PRICE_OFF_GRID, frame(a_book(bids={"0.48551": "3"}))),
    (RefusalReason.PRICE_OFF_GRID, frame(changes(a_level(price="1")))),
    (RefusalReason.PRICE_OFF_GRID, frame(changes(a_level(price="0")))),
    (RefusalReason.PRICE_OFF_GRID, frame(changes(a_level(price="1.2")))),
    (RefusalReason.PRICE_OFF_GRID, frame(changes(a_level(price="-0.3")))),
    (RefusalReason.PRICE_OFF_GRID, frame(changes(a_level(price="nan")))),
    (RefusalReason.NEGATIVE_SIZE, frame(changes(a_level(size="-5")))),
    (RefusalReason.NEGATIVE_SIZE, frame(a_book(asks={"0.52": "-1"}))),
    (RefusalReason.NEGATIVE_SIZE, frame(a_print(size="-1"))),
    (RefusalReason.BAD_NUMBER, frame(changes(a_level(size="many")))),
    (RefusalReason.BAD_NUMBER, frame(changes(a_level(size="1e3")))),
    (RefusalReason.BAD_NUMBER, frame(changes(a_level(size="0.1234567")))),
    (RefusalReason.BAD_NUMBER, frame(changes(a_level(best=("high", "0.52"))))),
    (RefusalReason.BAD_NUMBER, frame(a_book(tick_size="0.03"))),
    (RefusalReason.BAD_TIMESTAMP, frame(changes(a_level(), timestamp="soon"))),
    (RefusalReason.BAD_TIMESTAMP, frame(changes(a_level(), timestamp="1790000000"))),
    (RefusalReason.BAD_TIMESTAMP, frame({**a_book(), "timestamp": "-5"})),
    (RefusalReason.CLOCK_JUMP, frame(changes(a_level(), timestamp=str(SAID + 3_600_000)))),
]


@pytest.mark.parametrize(
    ("reason", "bad"), BAD_FRAMES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_bad_input_is_counted_and_told_with_its_reason(reason: RefusalReason, bad: bytes) -> None:
    parser, told = a_parser()

    parser.parse(bad, HEARD)

    assert reasons(told) == [reason]
    assert parser.refused == {reason: 1}
    assert told[0].heard_ms == HEARD


def test_one_bad_change_costs_itself_and_the_word_on_its_tokens_top() -> None:
    parser, told = a_parser()

    (event,) = parser.parse(
        frame(changes(a_level(size="-5"), a_level(price="0.47"), a_level(NO_TOKEN))), HEARD
    )

    assert isinstance(event, BookChanged)
    assert len(event.levels) == 2
    assert reasons(told) == [RefusalReason.NEGATIVE_SIZE]

    (event,) = parser.parse(
        frame(changes(a_level(price="0.47"), a_level(size="-5"), a_level(NO_TOKEN))), HEARD
    )

    assert isinstance(event, BookChanged)
    assert event.unstated == (Outcome.YES,)


def test_a_refused_book_makes_both_tops_unknown() -> None:
    parser, _ = a_parser()

    (event,) = parser.parse(frame(a_book(bids={"0.4855": "3"})), HEARD)

    assert isinstance(event, BookChanged)
    assert (event.levels, event.unstated) == ((), (Outcome.YES, Outcome.NO))


def test_a_bad_message_does_not_cost_its_neighbours() -> None:
    parser, told = a_parser()

    events = parser.parse(frame(a_book(), {"event_type": "weather", "price": 1}, a_print()), HEARD)

    assert [type(event) for event in events] == [BookSnapshot, TradePrinted]
    assert reasons(told) == [RefusalReason.UNKNOWN_EVENT_TYPE]


def test_a_refusal_keeps_the_text_shortened() -> None:
    parser, told = a_parser()

    parser.parse(b"x" * 10_000, HEARD)

    assert len(told[0].detail) == 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MESSAGES: list[dict[str, Any]] = [a_book(), changes(a_level(), a_level(NO_TOKEN)), a_print()]


@given(st.sampled_from(MESSAGES), st.data(), JSON)
def test_a_message_with_anything_in_any_field_never_raises(
    message: dict[str, Any], data: st.DataObject, value: object
) -> None:
    parser, told = a_parser()
    key = data.draw(st.sampled_from(sorted(message)))

    events = parser.parse(json.dumps({**message, key: value}).encode(), HEARD)

    assert told or events or parser.unused or key == "event_type"


@given(st.binary(max_size=60))
def test_any_bytes_are_events_or_a_refusal(garbage: bytes) -> None:
    parser, told = a_parser()

    events = parser.parse(garbage, HEARD)

    assert events == ()
    assert told or parser.unused or garbage.strip() == b"[]"
