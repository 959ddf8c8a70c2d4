"""Fills that may still fail, and what they add up to. Part of the pair ledger (``core.pair``)."""

from dataclasses import dataclass

from core.ids import FillId, Outcome, Side
from core.units import Shares, Usdc


@dataclass(frozen=True, slots=True)
class Provisional:
    """A fill that may still fail. ``net``: USDC it gained us, fee taken out; negative for a buy."""

    outcome: Outcome
    side: Side
    shares: Shares
    net: Usdc


class Unsettled:
    """The provisional fills of one market.

    Units:
        bought:   shares of provisional buys, by outcome.
        gain:     USDC they gain us when they land and their outcome wins.
        sold:     shares of provisional sales.
        receipts: USDC these brought: cash that is gone if they fail.
    """

    __slots__ = ("_fills", "_receipts", "bought", "gain", "sales", "sold")

    def __init__(self) -> None:
        self.bought = {Outcome.YES: 0, Outcome.NO: 0}
        self.gain = {Outcome.YES: 0, Outcome.NO: 0}
        self.sold = {Outcome.YES: 0, Outcome.NO: 0}
        self.sales: set[FillId] = set()
        self._receipts = 0
        self._fills: dict[FillId, Provisional] = {}

    def __len__(self) -> int:
        return len(self._fills)

    @property
    def receipts(self) -> Usdc:
        return Usdc(self._receipts)

    def add(self, fill_id: FillId, fill: Provisional) -> None:
        self._fills[fill_id] = fill
        if fill.side is Side.SELL:
            self.sales.add(fill_id)
        self._weigh(fill, 1)

    def drop(self, fill_id: FillId) -> None:
        """It is settled. Raises ``KeyError`` for one never added."""
        self._weigh(self._fills.pop(fill_id), -1)
        self.sales.discard(fill_id)

    def _weigh(self, fill: Provisional, sign: int) -> None:
        if fill.side is Side.BUY:
            self.bought[fill.outcome] += sign * fill.shares
            self.gain[fill.outcome] += sign * max(0, fill.shares + fill.net)
        else:
            self._receipts += sign * max(0, fill.net)
            self.sold[fill.outcome] += sign * fill.shares
