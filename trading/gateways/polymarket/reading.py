"""Bytes of the venue to the structs of ``wire``, or to ``Unreadable`` with the reason. Nothing here raises."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct
from msgspec.json import Decoder

from trading.gateways.polymarket.wire import (
    PONG,
    BalanceAllowance,
    Cancels,
    OpenOrder,
    OrderEvent,
    OrderEventKind,
    Page,
    T,
    TradeEvent,
    Unreadable,
    VenueTrade,
    excerpt,
)

PONG_BYTES: Final = PONG.encode()
LAST_PAGE: Final = frozenset({"", "LTE="})  # the cursor after the last page


class _Page(Struct):
    data: list[Raw] | None
    next_cursor: str | None = None


class _Kind(Struct):
    event_type: str = ""
    type: str = ""


_KIND: Final = Decoder(_Kind)
_ORDER_EVENT: Final = Decoder(OrderEvent)
_TRADE_EVENT: Final = Decoder(TradeEvent)
_ORDER: Final = Decoder(OpenOrder)
_TRADE: Final = Decoder(VenueTrade)
_BALANCE: Final = Decoder(BalanceAllowance)
_CANCELS: Final = Decoder(Cancels)
_PAGE: Final = Decoder(_Page)
_PARTS: Final = Decoder(list[Raw])


def _read(body: bytes, decoder: Decoder[T]) -> T | Unreadable:
    try:
        found = decoder.decode(body)
        found.check()
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        return Unreadable(str(error), excerpt(body))
    return found


def read_user_frame(frame: bytes) -> list[OrderEvent | TradeEvent | Unreadable]:
    """The events of one user-channel frame, an object or an array of them. PONG holds none."""
    stripped = frame.strip()
    if stripped in (b"", PONG_BYTES):
        return []
    if not stripped.startswith(b"["):
        return [_read_user_event(stripped)]
    try:
        parts = _PARTS.decode(stripped)
    except (msgspec.DecodeError, RecursionError) as error:
        return [Unreadable(str(error), excerpt(frame))]
    return [_read_user_event(bytes(part)) for part in parts]


def _read_user_event(body: bytes) -> OrderEvent | TradeEvent | Unreadable:
    try:
        kind = _KIND.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        return Unreadable(str(error), excerpt(body))
    # The venue names the event; copies of frames do not always, and then the type tells.
    if kind.event_type == "trade" or (not kind.event_type and kind.type == "TRADE"):
        return _read(body, _TRADE_EVENT)
    if kind.event_type == "order" or (not kind.event_type and kind.type in OrderEventKind.__members__):
        return _read(body, _ORDER_EVENT)
    return Unreadable(f"no event of the user channel: {kind.event_type or kind.type!r}", excerpt(body))


def read_order(body: bytes) -> OpenOrder | Unreadable | None:
    """``GET /data/order/{id}``. ``None``: the venue knows no such order and says so with ``null`` or nothing."""
    if body.strip() in (b"", b"null", b"{}"):
        return None
    return _read(body, _ORDER)


def read_orders(body: bytes) -> Page[OpenOrder] | Unreadable:
    """``GET /data/orders``."""
    return _read_page(body, lambda part: _read(part, _ORDER))


def read_trades(body: bytes) -> Page[VenueTrade] | Unreadable:
    """``GET /data/trades``."""
    return _read_page(body, lambda part: _read(part, _TRADE))


def read_trade(body: bytes) -> VenueTrade | Unreadable:
    """One trade by itself."""
    return _read(body, _TRADE)


def read_balance(body: bytes) -> BalanceAllowance | Unreadable:
    """``GET /balance-allowance``."""
    return _read(body, _BALANCE)


def read_cancels(body: bytes) -> Cancels | Unreadable:
    """``DELETE /order``, ``/orders``, ``/cancel-all`` and ``/cancel-market-orders``."""
    return _read(body, _CANCELS)


def _read_page(body: bytes, read: Callable[[bytes], T | Unreadable]) -> Page[T] | Unreadable:
    try:
        page = _PAGE.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        return Unreadable(str(error), excerpt(body))
    found: list[Any] = [read(bytes(part)) for part in page.data or ()]
    after = page.next_cursor or ""
    return Page(
        items=tuple(each for each in found if not isinstance(each, Unreadable)),
        unreadable=tuple(each for each in found if isinstance(each, Unreadable)),
        after=None if after in LAST_PAGE else after,
    )
