"""A venue small enough to be seen through: orders, trades, what it tells on the channel and what it answers.

It knows the truth. ``VenueModel`` also stands in for ``transport.Transport``; how it misbehaves is set from outside.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from core.answers import FillStatus
from core.ids import OrderId, Outcome, Side, TokenId
from core.intents import Place
from core.units import Ms, Price, Shares, mirrored, shares, text
from trading.gateways.polymarket import reading
from trading.gateways.polymarket.answers import (
    Accepted,
    CancelOutcome,
    Duplicated,
    PostOutcome,
    PostStatus,
    Unanswered,
)
from trading.gateways.polymarket.credentials import Credentials
from trading.gateways.polymarket.signing import Signed
from trading.gateways.polymarket.transport.lanes import Letter
from trading.gateways.polymarket.wire import OpenOrder, VenueTrade

STRANGER: Final = OrderId("0x" + "5" * 64)
YES_TOKEN: Final = TokenId("107505882767731489358349912513945399560393482969656700824895970500493757150417")
NO_TOKEN: Final = TokenId("71321045679252212594626385532706912750332728571942532289631379312455583992563")
ENDED: Final = ("CANCELED", "INVALID", "MATCHED")


def an_id(number: int) -> OrderId:
    return OrderId(f"0x{number:064x}")


def token(outcome: Outcome) -> TokenId:
    return YES_TOKEN if outcome is Outcome.YES else NO_TOKEN


def micro_text(value: int) -> str:
    return text(value, 6)


@dataclass(eq=False)
class HeldOrder:
    """One order at the venue."""

    place: Place
    order_id: OrderId
    state: str
    matched: Shares
    trades: list[str] = field(default_factory=list)

    @property
    def rest(self) -> Shares:
        return Shares(self.place.shares - self.matched)

    @property
    def alive(self) -> bool:
        return self.state not in ENDED


@dataclass(eq=False)
class Part:
    order: HeldOrder
    size: Shares
    price: Price


@dataclass(eq=False)
class HeldTrade:
    """One trade. ``taker`` is our order when we took; ``makers`` are our resting orders in it."""

    trade_id: str
    taker: Part | None
    makers: tuple[Part, ...]
    matched_ms: Ms
    status: FillStatus = FillStatus.MATCHED

    def parts(self) -> tuple[Part, ...]:
        return self.makers if self.taker is None else (self.taker, *self.makers)


class VenueModel:
    """``mail``: frames of the channel not delivered yet. ``silent``: nothing is answered. ``posts``: times that
    bytes of an order came in, by id."""

    def __init__(self, clock: Callable[[], Ms]) -> None:
        self.clock = clock
        self.orders: dict[OrderId, HeldOrder] = {}
        self.trades_made: list[HeldTrade] = []
        self.mail: list[bytes] = []
        self.silent = False
        self.posts: dict[OrderId, int] = {}
        self.known: dict[OrderId, Place] = {}
        self.on_post: Callable[[OrderId], PostOutcome | None] = lambda order_id: None
        self.cancels_refused: dict[OrderId, str] = {}
        self.cancels: list[list[OrderId]] = []
        self.cancel_came = asyncio.Event()
        self.looks: list[OrderId] = []
        self.handed_over: list[Letter] = []
        self.makers_told = True
        self.sizes_told = True

    # What happens there.

    def land(self, place: Place, order_id: OrderId, state: str = "LIVE") -> HeldOrder:
        order = self.orders[order_id] = HeldOrder(place, order_id, state, Shares(0))
        if state == "LIVE":
            self.tell(order, "PLACEMENT", "LIVE")
        return order

    def wake(self, order: HeldOrder) -> None:
        """The taker delay is over and the order rests."""
        order.state = "LIVE"
        self.tell(order, "PLACEMENT", "LIVE")

    def throw_out(self, order: HeldOrder) -> None:
        order.state = "INVALID"
        self.tell(order, "CANCELLATION", "INVALID")

    def match(
        self, *orders: HeldOrder, size: str, took: bool = False, price: Price | None = None
    ) -> HeldTrade:
        """Let a stranger trade ``size`` with each of our resting orders; or with our one as the taker."""
        parts = tuple(self._take_part(order, shares(size), price) for order in orders)
        trade = HeldTrade(
            trade_id=f"trade-{len(self.trades_made) + 1}",
            taker=parts[0] if took else None,
            makers=() if took else parts,
            matched_ms=self.clock(),
        )
        self.trades_made.append(trade)
        for part in parts:
            part.order.trades.append(trade.trade_id)
            self.tell(part.order, "UPDATE", "MATCHED" if not part.order.rest else "LIVE")
        self.tell_trade(trade)
        return trade

    def _take_part(self, order: HeldOrder, size: Shares, price: Price | None) -> Part:
        size = min(size, order.rest)
        assert order.alive
        assert size > 0
        order.matched = Shares(order.matched + size)
        if not order.rest:
            order.state = "MATCHED"
        return Part(order, size, order.place.price if price is None else price)

    def settle(self, trade: HeldTrade, status: FillStatus) -> None:
        trade.status = status
        self.tell_trade(trade)

    def end(self, order: HeldOrder) -> None:
        order.state = "CANCELED"
        self.tell(order, "CANCELLATION", "CANCELED")

    # What it tells.

    def tell(self, order: HeldOrder, kind: str, status: str) -> None:
        self.mail.append(msgspec.json.encode(self._event(order, kind, status)))

    def tell_trade(self, trade: HeldTrade) -> None:
        told = self._trade(trade, makers=self.makers_told) | {"event_type": "trade", "type": "TRADE"}
        self.mail.append(msgspec.json.encode(told | {"timestamp": str(self.clock())}))

    def _order(self, order: HeldOrder) -> dict[str, Any]:
        place = order.place
        return {
            "id": order.order_id,
            "market": place.market_id,
            "asset_id": token(place.outcome),
            "side": place.side.name,
            "original_size": micro_text(place.shares),
            "size_matched": micro_text(order.matched),
            "price": text(place.price, 4),
            "status": order.state,
            "order_type": "GTC",
            "owner": "key",
        }

    def _event(self, order: HeldOrder, kind: str, status: str) -> dict[str, Any]:
        told = {"event_type": "order", "type": kind, "status": status, "timestamp": str(self.clock())}
        unsaid = {} if self.sizes_told or kind != "CANCELLATION" else {"size_matched": ""}
        return self._order(order) | told | unsaid

    def _trade(self, trade: HeldTrade, *, makers: bool) -> dict[str, Any]:
        mine = trade.taker or trade.makers[0]
        place = mine.order.place
        told: dict[str, Any] = {
            "id": trade.trade_id,
            "market": place.market_id,
            "match_time": str(trade.matched_ms // 1000),
            "status": trade.status.name,
            "transaction_hash": "",
            "trader_side": "TAKER" if trade.taker else "MAKER",
        }
        if trade.taker is not None:
            told |= {
                "taker_order_id": mine.order.order_id,
                "asset_id": token(place.outcome),
                "side": place.side.name,
                "size": micro_text(mine.size),
                "price": text(mine.price, 4),
            }
            others = [self._maker(STRANGER, token(place.outcome), place.side.other, mine.size, mine.price)]
        else:
            # The stranger buys the other outcome from a buyer: the trade mints, the tokens differ.
            told |= {
                "taker_order_id": STRANGER,
                "asset_id": token(place.outcome.other),
                "side": place.side.name,
                "size": micro_text(sum(part.size for part in trade.makers)),
                "price": text(mirrored(mine.price), 4),
            }
            others = [
                self._maker(
                    part.order.order_id,
                    token(part.order.place.outcome),
                    part.order.place.side,
                    part.size,
                    part.price,
                )
                for part in trade.makers
            ]
        return told | ({"maker_orders": others} if makers else {})

    def _maker(self, order_id: str, of: str, side: Side, size: Shares, price: Price) -> dict[str, Any]:
        return {
            "order_id": order_id,
            "matched_amount": micro_text(size),
            "price": text(price, 4),
            "asset_id": of,
            "side": side.name,
            "owner": "key",
        }

    # What it answers: the calls of the transport.

    @property
    def credentials(self) -> Credentials:
        return Credentials(api_key="key", secret="c2VjcmV0", passphrase="pass")

    def letter(self, signed: Signed) -> Letter | None:
        return Letter("POST", "/order", (), signed.body, at_s=0)

    def send(self, letter: Letter) -> None:
        """No lane is free here: what was handed over has not left."""
        self.handed_over.append(letter)

    async def post(
        self,
        signed: Signed,
        *,
        letter: Letter | None = None,
        allowed: Callable[[], str | None] = lambda: None,
    ) -> PostOutcome:
        order_id = signed.order_id
        self.posts[order_id] = self.posts.get(order_id, 0) + 1
        if order_id in self.orders:
            return Duplicated(f"order {order_id} is invalid. Duplicated.")
        scripted = self.on_post(order_id)
        if scripted is not None:
            return scripted
        if self.silent:
            return Unanswered("nobody there", self.clock())
        self.land(self.known[order_id], order_id)
        return Accepted(order_id, PostStatus.LIVE, 0, 0)

    async def cancel(self, ids: Sequence[OrderId]) -> CancelOutcome | Unanswered:
        self.cancels.append(list(ids))
        self.cancel_came.set()
        if self.silent:
            return Unanswered("nobody there", self.clock())
        gone, kept = [], {}
        for order_id in ids:
            order = self.orders.get(order_id)
            if order_id in self.cancels_refused:
                kept[order_id] = self.cancels_refused[order_id]
            elif order is None or order.state in ("CANCELED", "INVALID"):
                kept[order_id] = "Order not found or already canceled"
            elif order.state == "MATCHED":
                kept[order_id] = "Order already matched"
            elif order.state == "DELAYED":
                kept[order_id] = "order is delayed"
            else:
                self.end(order)
                gone.append(order_id)
        return CancelOutcome(tuple(gone), kept)

    async def order(self, order_id: OrderId) -> OpenOrder | Unanswered | None:
        self.looks.append(order_id)
        if self.silent:
            return Unanswered("nobody there", self.clock())
        order = self.orders.get(order_id)
        return None if order is None else self._read(order)

    def _read(self, order: HeldOrder) -> OpenOrder:
        found = reading.read_order(msgspec.json.encode(self._order(order)))
        assert isinstance(found, OpenOrder)
        return found

    async def open_orders(self) -> list[OpenOrder] | Unanswered:
        if self.silent:
            return Unanswered("nobody there", self.clock())
        return [self._read(order) for order in self.orders.values() if order.state == "LIVE"]

    async def trades(
        self, after_ms: Ms | None = None, *, trade_id: str | None = None
    ) -> list[VenueTrade] | Unanswered:
        if self.silent:
            return Unanswered("nobody there", self.clock())
        found = []
        for trade in self.trades_made:
            if trade_id not in (None, trade.trade_id) or trade.matched_ms < (after_ms or 0) - 1_000:
                continue
            read = reading.read_trade(msgspec.json.encode(self._trade(trade, makers=True)))
            assert isinstance(read, VenueTrade)
            found.append(read)
        return found
