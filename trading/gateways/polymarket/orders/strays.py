"""What the venue tells of our wallet that is of none of the orders followed: three kinds, all bounded.

Foreign orders are somebody else's on this wallet. Orphans are trades whose message left out which order of ours was
in them: they are read again. Loose fills are of orders too old to be followed and still have to settle.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from core.answers import FillSettled, FillStatus
from core.events import Event
from core.ids import FillId, OrderId
from core.settlement import SETTLED_BEFORE
from core.units import Ms
from infra import logs
from trading.gateways.polymarket.orders.own_fills import FINAL
from trading.gateways.polymarket.orders.translate import Leg, TradeFact

BEFORE_MS: Final = 120_000  # trades are asked for from this long before, the clocks being two
FOREIGN_MAX: Final = 1_000
ORPHANS_MAX: Final = 1_000
ORPHAN_WAITS_MS: Final = (0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 30_000)
ASK_AGAIN_MS: Final = 1_000
LOOSE_A_SURVEY: Final = 10

log = logs.get("gateway")


@dataclass(slots=True)
class Orphan:
    """A trade that did not say which order of ours was in it. ``from_ms``: from when trades are read for it."""

    from_ms: Ms
    due_ms: Ms
    tries: int = 0


class Strays:
    """``foreign``: with when each was first seen. ``loose``: how far each fill has settled."""

    def __init__(self, say: Callable[[Event], None]) -> None:
        self.foreign: dict[OrderId, Ms] = {}
        self.loose: dict[FillId, FillStatus] = {}
        self._orphans: dict[str, Orphan] = {}
        self._say = say

    def loosen(self, fills: Mapping[FillId, FillStatus]) -> None:
        """Follow fills without their orders until they are final."""
        self.loose |= {fill_id: status for fill_id, status in fills.items() if status not in FINAL}

    def loose_trades(self) -> tuple[str, ...]:
        """The trades to ask for by id, others with each call."""
        fill_ids = list(self.loose)[:LOOSE_A_SURVEY]
        for fill_id in fill_ids:
            self.loose[fill_id] = self.loose.pop(fill_id)
        return tuple(dict.fromkeys(fill_id.rpartition(":")[0] for fill_id in fill_ids))

    def placed(self, trade_id: str) -> None:
        """The orders of that trade are known now."""
        self._orphans.pop(trade_id, None)

    def hear(self, trade: TradeFact, legs: Iterable[Leg], now: Ms) -> None:
        """A trade of no order that is followed."""
        if self._settle(trade, legs, now):
            return
        if trade.makers is not None:
            # Maybe of an order of ours from long ago; one of somebody else's is noticed as an order.
            self.placed(trade.trade_id)
        elif trade.trade_id not in self._orphans:
            while len(self._orphans) >= ORPHANS_MAX:
                del self._orphans[next(iter(self._orphans))]
            matched = trade.matched_ms or trade.said_ms or now
            self._orphans[trade.trade_id] = Orphan(Ms(min(matched, now) - BEFORE_MS), now)

    def _settle(self, trade: TradeFact, legs: Iterable[Leg], now: Ms) -> bool:
        fill_ids = [FillId(f"{trade.trade_id}:{leg.order_id}") for leg in legs]
        mine = [fill_id for fill_id in fill_ids if fill_id in self.loose]
        for fill_id in mine:
            was = self.loose[fill_id]
            if (was, trade.status) in SETTLED_BEFORE:
                continue
            self._say(FillSettled(fill_id, trade.status, now))
            if trade.status in FINAL:
                del self.loose[fill_id]
            else:
                self.loose[fill_id] = trade.status
        return bool(mine)

    def asked(self, *, answered: bool, now: Ms) -> None:
        """Trades were read for the orphans; those still here were not among them."""
        for trade_id, orphan in list(self._orphans.items()):
            orphan.tries += answered
            if orphan.tries >= len(ORPHAN_WAITS_MS):
                log.error("trade without our order", event_type="error", trade=trade_id)
                del self._orphans[trade_id]
            else:
                orphan.due_ms = Ms(now + (ORPHAN_WAITS_MS[orphan.tries] if answered else ASK_AGAIN_MS))

    def due(self) -> list[Ms]:
        """When orphans want trades to be read."""
        return [orphan.due_ms for orphan in self._orphans.values()]

    def wanted_from(self, now: Ms) -> list[Ms]:
        """From when on, for those due at ``now``."""
        return [orphan.from_ms for orphan in self._orphans.values() if orphan.due_ms <= now]

    def notice(self, order_id: OrderId, now: Ms) -> None:
        """An order of this wallet that nobody here placed: by another shard, another process, or by hand."""
        if order_id in self.foreign:
            return
        while len(self.foreign) >= FOREIGN_MAX:
            del self.foreign[next(iter(self.foreign))]
        self.foreign[order_id] = now
