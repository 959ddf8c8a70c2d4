"""Fills that may still fail, and what they add up to. Part of the pair ledger (``core.pair``)."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.ids import FillId, Outcome, Side
from core.ledger import Entry, Holding, fold
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
        net:      USDC that all provisional fills of an outcome gained us so far, negative for buys.
        sold:     shares of provisional sales.
        receipts: USDC these brought: cash that is gone if they fail.
    """

    __slots__ = ("_fills", "_receipts", "bought", "gain", "net", "sold")

    def __init__(self) -> None:
        self.bought = {Outcome.YES: 0, Outcome.NO: 0}
        self.gain = {Outcome.YES: 0, Outcome.NO: 0}
        self.sold = {Outcome.YES: 0, Outcome.NO: 0}
        self.net = {Outcome.YES: 0, Outcome.NO: 0}
        self._receipts = 0
        self._fills: dict[FillId, Provisional] = {}

    def __len__(self) -> int:
        return len(self._fills)

    def __contains__(self, fill_id: object) -> bool:
        return fill_id in self._fills

    @property
    def fills(self) -> tuple[Provisional, ...]:
        return tuple(self._fills.values())

    @property
    def receipts(self) -> Usdc:
        return Usdc(self._receipts)

    def add(self, fill_id: FillId, fill: Provisional) -> None:
        self._fills[fill_id] = fill
        self._weigh(fill, 1)

    def drop(self, fill_id: FillId) -> None:
        """It is settled. Raises ``KeyError`` for one never added."""
        self._weigh(self._fills.pop(fill_id), -1)

    def _weigh(self, fill: Provisional, sign: int) -> None:
        self.net[fill.outcome] += sign * fill.net
        if fill.side is Side.BUY:
            self.bought[fill.outcome] += sign * fill.shares
            self.gain[fill.outcome] += sign * max(0, fill.shares + fill.net)
        else:
            self._receipts += sign * max(0, fill.net)
            self.sold[fill.outcome] += sign * fill.shares


class SureHolding:
    """What a market holds if every provisional fill fails, by the same average costs.

    Folded from the last moment at which nothing was unsure, and only when it is asked for.
    """

    __slots__ = ("_base", "_begins", "_folded")

    def __init__(self) -> None:
        self._base = Holding()
        self._begins = 0
        self._folded: Holding | None = None

    def moved(self, entries: Sequence[Entry], holding: Holding, *, settled: bool) -> None:
        """Entries were booked or a fill was settled. ``settled``: nothing is unsure now.

        A fill that failed is among the entries twice, so that they are read from the beginning again.
        """
        self._folded = None
        if settled:
            self._base, self._begins = holding.copy(), len(entries)
        elif entries and entries[-1].reverses:
            self._base, self._begins = Holding(), 0

    def holding(self, entries: Sequence[Entry], unsure: Unsettled) -> Holding:
        if self._folded is None:
            since = (entry for entry in entries[self._begins :] if entry.fill_id not in unsure)
            self._folded = fold(since, onto=self._base.copy())
        return self._folded
