"""Every captured response and frame of the venue, where the recordings are: read, or refused with a reason."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from core.units import Ms
from feeds.sources.polymarket import wire as market_wire
from trading.gateways.polymarket import answers, reading, wire
from trading.gateways.polymarket.answers import Accepted, Refused, Unanswered
from trading.gateways.polymarket.wire import OpenOrder, OrderEvent, Page, TradeEvent, Unreadable

pytestmark = pytest.mark.tape

ROOT: Final = Path(__file__).resolve().parents[3]
DATA: Final = Path(os.environ.get("TAPES", ROOT.parent / "shared" / "data"))
FOLDERS: Final = ("fixtures_wire", "fixtures_rest", "order_responses")

Door = Callable[[bytes], object]


def posted(body: bytes, status: int = 200) -> object:
    return answers.read_post(status, body, retry_header=None, maker_amount=10**12, closed_ms=Ms(0))


def posted_500(body: bytes) -> object:
    return posted(body, 500)


def several_posted(body: bytes) -> object:
    return answers.read_posts(body) or Unreadable("no array of answers", "")


# By the beginning of a file's name: which door it belongs to and what kind must come out.
BELONGS: Final[tuple[tuple[str, Door, tuple[type, ...]], ...]] = (
    ("http_order_response_error_500", posted_500, (Unanswered,)),
    ("http_order_response_failed", posted, (Refused,)),
    ("http_order_response", posted, (Accepted,)),
    ("last_success_no", posted, (Accepted,)),
    ("last_success_yes", posted, (Refused,)),
    ("last_error", posted, (Refused,)),
    ("order_error", posted, (Refused,)),
    ("http_batch_order", several_posted, (list,)),
    ("http_batch_cancel", reading.read_cancels, (wire.Cancels,)),
    ("http_cancel", reading.read_cancels, (wire.Cancels,)),
    ("http_open_orders", reading.read_orders, (Page,)),
    ("http_open_order", reading.read_order, (OpenOrder,)),
    ("http_trades", reading.read_trades, (Page,)),
    ("http_trade", reading.read_trade, (wire.VenueTrade,)),
    ("http_balance", reading.read_balance, (wire.BalanceAllowance,)),
    ("ws_user_order", reading.read_user_frame, (OrderEvent,)),
    ("ws_user_trade", reading.read_user_frame, (TradeEvent,)),
    ("order_", reading.read_user_frame, (OrderEvent,)),
    ("user_trade", reading.read_user_frame, (TradeEvent,)),
)
DOORS: Final[tuple[Door, ...]] = (
    posted,
    several_posted,
    reading.read_cancels,
    reading.read_orders,
    reading.read_order,
    reading.read_trades,
    reading.read_trade,
    reading.read_balance,
    reading.read_user_frame,
)


def captures() -> list[Path]:
    return [file for folder in FOLDERS for file in sorted((DATA / folder).rglob("*.json"))]


def needs_captures() -> list[Path]:
    found = captures()
    if not found:
        pytest.skip(f"no captured responses in {DATA} (set TAPES)")
    return found


def test_every_captured_answer_and_event_of_ours_is_read() -> None:
    kinds: Counter[str] = Counter()
    for file in needs_captures():
        belongs = next((each for each in BELONGS if file.name.startswith(each[0])), None)
        if belongs is None:
            continue
        _, door, expected = belongs
        found = door(file.read_bytes())
        parts = found if door is reading.read_user_frame and isinstance(found, list) else [found]
        assert all(isinstance(part, expected) for part in parts), f"{file.name}: {found}"
        if isinstance(found, Page):
            assert (len(found.items) > 0, found.unreadable) == (True, ()), file.name
        kinds.update(type(part).__name__ for part in parts)

    assert kinds == {
        "Accepted": 4,
        "Refused": 5,
        "Unanswered": 1,
        "list": 1,
        "Cancels": 3,
        "Page": 2,
        "OpenOrder": 2,
        "VenueTrade": 1,
        "BalanceAllowance": 2,
        "OrderEvent": 10,
        "TradeEvent": 6,
    }


def test_whatever_is_no_answer_of_ours_is_refused_with_a_reason_by_every_door() -> None:
    """Books, Gamma, Data API and price feeds: read elsewhere, and never mistaken for an order or a fill."""
    read = refused = 0
    for file in needs_captures():
        body = file.read_bytes()
        ours = any(file.name.startswith(each[0]) for each in BELONGS) or file.parent.name == "py_ws"
        for door in DOORS:
            found = door(body)
            parts = found if isinstance(found, list) else [found]
            for part in parts:
                if isinstance(part, (Unreadable, Unanswered)):
                    refused += 1
                    assert part.reason, file.name
                elif not ours and isinstance(part, Page):
                    assert part.items == (), file.name
                    assert all(each.reason for each in part.unreadable)
                else:
                    read += 1
                    assert ours or door in (posted, several_posted), f"{file.name}: {part}"
                    assert ours or not isinstance(part, Accepted), file.name

    assert read > 40
    assert refused > 600


def test_captured_market_frames_are_read_by_the_feed() -> None:
    read = [
        file.name
        for file in needs_captures()
        if file.name.startswith(("ws_market", "book", "clob_book", "price_change", "tick_size", "last_trade"))
        and market_wire.FRAME.decode(file.read_bytes())
    ]

    assert len(read) == 15
