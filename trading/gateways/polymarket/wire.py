"""What the venue says about our orders, as it says it: REST bodies and user-channel events.

Sources: polymarket.md 3.2, 3.8-3.10, 6. Texts stay texts in the structs; their properties turn them into integers
with units. Structs come from ``reading``: who got one there may use every property, what does not parse is
``Unreadable`` there and nothing else. Fields we do not use are skipped, unknown ones too.
"""

import math
import re
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar

from msgspec import Struct

from core import units
from core.answers import FillStatus
from core.ids import MarketId, OrderId, Side, TokenId
from core.units import ONE, Ms, Price, Shares, Usdc

PONG: Final = "PONG"
NUMBER: Final = re.compile(r"(\d{1,15})(?:\.(\d{1,18}))?")
EXCERPT: Final = 160
WHOLE_DIGITS_MAX: Final = 12  # of a size: what is below fits into a column
SECONDS_MAX: Final = 10**11  # a stamp below is in seconds, below a thousand times that in ms, and so on

Stamp = str | int | None
T = TypeVar("T", bound="Checked")


class Unreadable(Struct, frozen=True):
    """Something of the venue's that we do not understand, why, and how it began."""

    reason: str
    excerpt: str


def excerpt(body: bytes | str) -> str:
    text = body if isinstance(body, str) else body[: EXCERPT * 4].decode(errors="replace")
    return text[:EXCERPT]


class OrderState(StrEnum):
    """What the venue says an order is, its many spellings put together."""

    LIVE = "LIVE"
    DELAYED = "DELAYED"
    UNMATCHED = "UNMATCHED"  # was marketable, rests on the book
    MATCHED = "MATCHED"
    CANCELED = "CANCELED"  # by us, by the venue, for whatever reason: see ``status``
    INVALID = "INVALID"
    UNSAID = ""


def order_state(status: str) -> OrderState:
    """Read ``LIVE``, ``ORDER_STATUS_LIVE`` or ``CANCELED_<any reason>``. Raises ``ValueError`` with the text."""
    word = status.removeprefix("ORDER_STATUS_").upper()
    if word.startswith(("CANCELED", "CANCELLED")):
        return OrderState.CANCELED
    try:
        return OrderState(word)
    except ValueError:
        raise ValueError(f"unknown order status {status!r}") from None


def trade_state(status: str) -> FillStatus:
    """Read ``MINED`` or ``TRADE_STATUS_MINED``. Raises ``ValueError`` with the text."""
    word = status.removeprefix("TRADE_STATUS_").lower()
    if word == "matched_not_broadcasted":
        return FillStatus.MATCHED
    try:
        return FillStatus(word)
    except ValueError:
        raise ValueError(f"unknown trade status {status!r}") from None


def side_of(text: str) -> Side:
    """Raises ``ValueError`` with the text."""
    try:
        return Side(text.lower())
    except ValueError:
        raise ValueError(f"neither buy nor sell: {text!r}") from None


def ms(stamp: Stamp) -> Ms | None:
    """A time in s, ms, us or ns, told apart by size, or in ISO text. "" and nothing: not said.

    Raises ``ValueError`` with the text. The documents and the examples differ on the unit (polymarket.md 6).
    """
    if stamp is None or stamp == "":
        return None
    if isinstance(stamp, str) and not stamp.isdigit():
        moment = datetime.fromisoformat(stamp)
        if moment.tzinfo is None:
            raise ValueError(f"a time without its zone: {stamp!r}")
        return Ms(math.floor(moment.timestamp() * 1000))
    number = int(stamp)
    if number < SECONDS_MAX:
        return Ms(number * 1000)
    while number >= SECONDS_MAX * 1000:
        number //= 1000
    return Ms(number)


def size(text: str) -> Shares:
    """Shares as decimal text; "" is none (a killed order says so). Raises ``ValueError``, beyond a trillion too."""
    if len(text.partition(".")[0]) > WHOLE_DIGITS_MAX:
        raise ValueError(f"more shares than there are: {text!r}")
    return units.shares(text) if text else Shares(0)


def _fraction(text: str) -> tuple[int, int]:
    match = NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"not a price: {text!r}")
    digits = match[2] or ""
    scale = 10 ** len(digits)
    value = int(match[1]) * scale + int(digits or "0")
    if value > scale:
        raise ValueError(f"a price above 1: {text!r}")
    return value, scale


def near_price(text: str) -> Price:
    """A price to the nearest 1/10,000: the average of several levels may have more digits. Raises ``ValueError``."""
    value, scale = _fraction(text)
    return Price((2 * value * ONE + scale) // (2 * scale))


def worth(price: str, of: Shares) -> Usdc:
    """What shares cost at a price of any digits, to the nearest millionth. Raises ``ValueError``."""
    value, scale = _fraction(price)
    return Usdc((2 * value * of + scale) // (2 * scale))


class Checked(Struct, frozen=True):
    """A struct whose properties are tried once, when it is read."""

    def check(self) -> None:
        """Raises ``ValueError`` for a text that is not what it should be."""
        raise NotImplementedError


class MakerOrder(Struct, frozen=True):
    """One resting order's part in a trade, in that order's own token, side and price."""

    order_id: OrderId
    matched_amount: str
    price: str
    asset_id: TokenId
    side: str = ""
    owner: str = ""
    maker_address: str = ""

    @property
    def shares(self) -> Shares:
        return size(self.matched_amount)

    @property
    def at(self) -> Price:
        return near_price(self.price)

    @property
    def worth(self) -> Usdc:
        """USDC before fees."""
        return worth(self.price, self.shares)

    @property
    def direction(self) -> Side | None:
        """``None`` in frames from before 2025, which do not say."""
        return side_of(self.side) if self.side else None


class VenueTrade(Checked, frozen=True):
    """A trade with one of our orders in it: ``GET /data/trades``, and as ``TradeEvent`` on the user channel.

    ``side``, ``asset_id``, ``price`` and ``size`` are the taker's. ``maker_orders`` may be missing (``None``).
    """

    id: str
    taker_order_id: OrderId
    market: MarketId
    asset_id: TokenId
    side: str
    size: str
    price: str
    status: str
    match_time: Stamp = None
    last_update: Stamp = None
    timestamp: Stamp = None
    maker_orders: list[MakerOrder] | None = None
    trader_side: str = ""
    owner: str = ""
    maker_address: str = ""
    event_type: str = ""

    @property
    def state(self) -> FillStatus:
        return trade_state(self.status)

    @property
    def direction(self) -> Side:
        return side_of(self.side)

    @property
    def shares(self) -> Shares:
        return size(self.size)

    @property
    def at(self) -> Price:
        return near_price(self.price)

    @property
    def worth(self) -> Usdc:
        """USDC before fees."""
        return worth(self.price, self.shares)

    @property
    def matched_ms(self) -> Ms | None:
        return ms(self.match_time)

    @property
    def said_ms(self) -> Ms | None:
        """When this status was said: the event's own time, else the last update, else the match."""
        return ms(self.timestamp) or ms(self.last_update) or ms(self.match_time)

    @property
    def is_taker(self) -> bool | None:
        """Whether we took. ``None``: not said."""
        return {"TAKER": True, "MAKER": False}.get(self.trader_side.upper())

    def check(self) -> None:
        for maker in self.maker_orders or ():
            _ = maker.worth, maker.at, maker.direction
        _ = self.state, self.direction, self.at, self.worth, self.matched_ms, self.said_ms


class TradeEvent(VenueTrade, frozen=True):
    """A trade on the user channel; sent again for each status."""


class OrderFigures(Checked, frozen=True):
    """What the venue says of an order on either road, and how it is read."""

    id: OrderId
    market: MarketId
    asset_id: TokenId
    side: str
    original_size: str
    size_matched: str
    price: str

    @property
    def direction(self) -> Side:
        return side_of(self.side)

    @property
    def shares(self) -> Shares:
        return size(self.original_size)

    @property
    def matched(self) -> Shares:
        return size(self.size_matched)

    @property
    def at(self) -> Price:
        return near_price(self.price)


class OpenOrder(OrderFigures, frozen=True):
    """An order as ``GET /data/order/{id}`` and ``/data/orders`` state it; closed ones are found by id too."""

    status: str
    order_type: str = ""
    outcome: str = ""
    owner: str = ""
    maker_address: str = ""
    created_at: Stamp = None
    expiration: Stamp = None
    associate_trades: list[str] | None = None

    @property
    def state(self) -> OrderState:
        return order_state(self.status)

    @property
    def created_ms(self) -> Ms | None:
        return ms(self.created_at)

    def check(self) -> None:
        _ = self.state, self.direction, self.shares, self.matched, self.at, self.created_ms


class OrderEventKind(StrEnum):
    PLACEMENT = "PLACEMENT"
    UPDATE = "UPDATE"
    CANCELLATION = "CANCELLATION"


class OrderEvent(OrderFigures, frozen=True):
    """An order on the user channel. The size of a killed FOK or FAK buy is in USDC, of every other in shares."""

    type: str
    timestamp: Stamp
    status: str = ""
    order_type: str = ""
    outcome: str = ""
    owner: str = ""
    maker_address: str = ""
    created_at: Stamp = None
    associate_trades: list[str] | None = None
    event_type: str = ""

    @property
    def kind(self) -> OrderEventKind:
        return OrderEventKind(self.type)

    @property
    def state(self) -> OrderState:
        return order_state(self.status)

    @property
    def said_ms(self) -> Ms | None:
        return ms(self.timestamp)

    def check(self) -> None:
        _ = self.kind, self.state, self.direction, self.shares, self.matched, self.at, self.said_ms


class BalanceAllowance(Checked, frozen=True):
    """What the venue holds for us of one asset, in millionths, and what its contracts may move."""

    balance: str
    allowances: dict[str, str] | None = None

    @property
    def micro(self) -> int:
        """Millionths. Whole numbers are millionths already (polymarket.md 8); a decimal point says they are not."""
        return units.micro(self.balance) if "." in self.balance else int(self.balance)

    @property
    def allowed(self) -> dict[str, int]:
        """By spender in lower case."""
        return {spender.lower(): int(amount) for spender, amount in (self.allowances or {}).items()}

    def check(self) -> None:
        _ = self.micro, self.allowed


class Cancels(Checked, frozen=True):
    """Body of any cancel: always 200, per id."""

    canceled: list[OrderId] | None
    not_canceled: dict[OrderId, str] | None = None

    def check(self) -> None:
        """Nothing in it needs parsing."""


class PostAnswer(Struct, frozen=True):
    """Body of ``POST /order``, an error included. ``None`` = not sent."""

    success: bool | None = None
    orderID: str | None = None  # noqa: N815 -- the venue's names
    orderId: str | None = None  # noqa: N815 -- as some captures spell it
    errorMsg: str | None = None  # noqa: N815
    status: str | None = None
    makingAmount: str | None = None  # noqa: N815
    takingAmount: str | None = None  # noqa: N815
    tradeIDs: list[str] | None = None  # noqa: N815
    error: str | None = None
    error_msg: str | None = None
    code: str | int | None = None
    retry_after_seconds: int | None = None


class Page(Struct, Generic[T], frozen=True):
    """One page of a list. ``after`` is the cursor of the next, ``None`` after the last."""

    items: tuple[T, ...]
    unreadable: tuple[Unreadable, ...]
    after: str | None
