"""What one order of ours has traded: each trade once, each of its statuses once, and what is still to be heard."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from core.answers import Evidence, FillSeen, FillSettled, FillStatus
from core.events import Event, FeeSchedule
from core.fees import fee
from core.ids import FillId, OrderId
from core.intents import Place
from core.settlement import SETTLED_BEFORE
from core.units import Ms, Shares, Usdc
from trading.gateways.polymarket.orders.translate import Leg, TradeFact

FINAL: Final = frozenset({FillStatus.CONFIRMED, FillStatus.FAILED})


class Heard(StrEnum):
    NEW = "new"
    KNOWN = "known"  # maybe at a status that was news
    UNPRICED = "unpriced"  # a taker's, and the fee cannot be computed: not passed on


class OwnFills:
    """The fills of one order.

    Units:
        matched:   shares that have traded, the most the venue has stated or told in trades.
        filled:    shares of the fills passed on, those that FAILED included.
        unsettled: fills that are not final: when they matched, and when they were last heard of.
    """

    __slots__ = ("_place", "_say", "fees", "filled", "matched", "status", "unsettled")

    def __init__(self, place: Place, fees: FeeSchedule | None, say: Callable[[Event], None]) -> None:
        self.fees = fees
        self.matched = Shares(0)
        self.filled = Shares(0)
        self.status: dict[FillId, FillStatus] = {}
        self.unsettled: dict[FillId, tuple[Ms, Ms]] = {}
        self._place = place
        self._say = say

    @property
    def missing(self) -> Shares:
        """Shares that have traded in trades we have not heard of."""
        return Shares(max(0, self.matched - self.filled))

    @property
    def whole(self) -> bool:
        """Every share of the order is filled."""
        return self.filled >= self._place.shares

    def recall(self, filled: Shares, fills: dict[FillId, FillStatus]) -> None:
        """Begin with the fills of an earlier life of the process."""
        self.filled = self.matched = filled
        self.status = dict(fills)
        for fill_id, status in fills.items():
            if status not in FINAL:
                self.unsettled[fill_id] = (self._place.decided_ms, Ms(0))

    def hear(self, order_id: OrderId, trade: TradeFact, leg: Leg, now: Ms) -> Heard:
        """Take in one trade at one status."""
        fill_id = FillId(f"{trade.trade_id}:{order_id}")
        was = self.status.get(fill_id)
        if was is None:
            return self._fill(fill_id, trade, leg, now)
        if was is not trade.status and (was, trade.status) not in SETTLED_BEFORE:
            self._say(FillSettled(fill_id, trade.status, now))
            was = trade.status
        self._settle(fill_id, was, trade, now)
        return Heard.KNOWN

    def asked(self, now: Ms) -> None:
        """All trades were asked for: what is unsettled need not be asked for again at once."""
        for fill_id, (matched_ms, _) in self.unsettled.items():
            self.unsettled[fill_id] = (matched_ms, now)

    def _fill(self, fill_id: FillId, trade: TradeFact, leg: Leg, now: Ms) -> Heard:
        paid = self._fee(leg, taker=leg is trade.taker)
        if paid is None:
            self.matched = max(self.matched, Shares(self.filled + leg.shares))
            return Heard.UNPRICED
        self.filled = Shares(self.filled + leg.shares)
        self.matched = max(self.matched, self.filled)
        self._settle(fill_id, trade.status, trade, now)
        self._say(
            FillSeen(
                fill_id=fill_id,
                key=self._place.key,
                shares=leg.shares,
                amount=leg.amount,
                fee=paid,
                status=trade.status,
                evidence=Evidence.VENUE,
                said_ms=trade.matched_ms or trade.said_ms or now,
                heard_ms=now,
            )
        )
        return Heard.NEW

    def _fee(self, leg: Leg, *, taker: bool) -> Usdc | None:
        """Makers pay nothing. ``None``: a taker's fee that cannot be computed."""
        if not taker:
            return Usdc(0)
        return None if self.fees is None else fee(self.fees, leg.price, leg.shares)

    def _settle(self, fill_id: FillId, status: FillStatus, trade: TradeFact, now: Ms) -> None:
        self.status[fill_id] = status
        if status in FINAL:
            self.unsettled.pop(fill_id, None)
        else:
            self.unsettled[fill_id] = (trade.matched_ms or trade.said_ms or now, now)
