"""Markets in which something is at stake and which are not listed: held from before, or another shard's.

Their orders and pairs count in every total. What is said about them waits until they are listed, because only a
desk can act on it; until then an order's whole rest counts as if it filled at its limit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from core.breaker import KeptBreaker
from core.events import Event, FillStatus, MergeStepped
from core.ids import FillId, MarketId, Outcome, Side, Strategy
from core.intents import OrderKind
from core.kept import KeptOrder
from core.ledger import Ledger
from core.orders import Orders
from core.pair import PairLedger
from core.units import ONE, Usdc, cost_up

HEARD_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier life of the process left: the rows say it, nobody knows what became of it since.

    ``provisional`` are the fills that may still fail, ``merging`` the merges under way, ``redeeming`` the markets
    whose redemption was asked for and not answered, ``breakers`` those that were not closed.
    """

    kept: tuple[KeptOrder, ...] = ()
    provisional: Mapping[FillId, FillStatus] = field(default_factory=dict)
    merging: tuple[MergeStepped, ...] = ()
    redeeming: frozenset[MarketId] = frozenset()
    breakers: tuple[KeptBreaker, ...] = ()


NOTHING_LEFT: Final = Past()


class Absent:
    """One market without a desk."""

    def __init__(self, market_id: MarketId, ledger: Ledger, past: Past) -> None:
        self.pair = PairLedger(market_id, Strategy.PAIR_ARB)
        self.pair.rebuild(ledger.entries_of(market_id, Strategy.PAIR_ARB), past.provisional)
        self.orders = Orders(market_id)
        for kept in past.kept:
            if kept.place.market_id == market_id:
                self.orders.restore(kept)
        for merge in past.merging:
            if merge.market_id == market_id:
                booked = self.pair.merge_stepped(merge)
                assert not booked, (
                    "one that has ended is an event, not the past: somebody must hear its entries"
                )
        self.redeem_asked = market_id in past.redeeming
        self.heard: list[Event] = []

    def hear(self, event: Event) -> bool:
        """Keep an event for the day the market is listed. False when too many wait already."""
        if len(self.heard) >= HEARD_MAX:
            return False
        self.heard.append(event)
        return True

    def open_bids_cost(self) -> Usdc:
        """What buys may still cost. A taker pays a fee nobody knows here: no share costs more than 1 with it."""
        return Usdc(
            sum(
                cost_up(ONE if order.place.kind is OrderKind.TAKE else order.place.price, order.at_stake)
                for order in self.orders.at_stake()
                if order.place.side is Side.BUY
            )
        )

    def at_risk(self) -> Usdc:
        offered = self.orders.offered
        held = self.pair.at_risk_offering(offered(Outcome.YES), offered(Outcome.NO))
        return Usdc(held + self.open_bids_cost())


def absent_markets(ledger: Ledger, past: Past) -> dict[MarketId, Absent]:
    """Every market with something at stake, before any is listed."""
    names: Iterable[MarketId] = (
        *(position.market_id for position in ledger.positions()),
        *ledger.markets_of(past.provisional),
        *(kept.place.market_id for kept in past.kept),
        *(merge.market_id for merge in past.merging),
        *sorted(past.redeeming),
    )
    return {market_id: Absent(market_id, ledger, past) for market_id in dict.fromkeys(names)}
