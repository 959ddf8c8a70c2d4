"""What we own, as sums of entries that are never changed. Read ``Holding.apply`` first: it is the whole theory.

Cash, tokens and positions are sums of entries; only the cost basis needs the order of them. Realized P&L is
not kept anywhere: it is the cash flow of a market plus what its remaining shares cost.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.ids import FillId, MarketId, Outcome, Strategy
from core.units import Ms, Shares, Usdc


class EntryKind(StrEnum):
    BUY = "buy"
    SELL = "sell"
    FEE = "fee"
    REBATE = "rebate"
    SPLIT = "split"
    MERGE = "merge"
    REDEEM = "redeem"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    ADJUSTMENT = "adjustment"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: what the account gained, so a cost is negative. Append-only.

    The fee of a trade directly follows the trade. A fill that failed is reversed by entries of the same kinds
    and fill id with the signs turned; a merge is one entry per leg, the USDC on the YES entry.

    Units:
        market_id, strategy, outcome: ``None`` where the line belongs to none.
        fill_id: the fill it books or reverses; ``None`` for all other kinds.
        note:    the wallet action of a merge or redemption, the reason of an adjustment.
    """

    kind: EntryKind
    market_id: MarketId | None
    strategy: Strategy | None
    outcome: Outcome | None
    shares: Shares
    usdc: Usdc
    fill_id: FillId | None
    at_ms: Ms
    note: str | None

    @property
    def reverses(self) -> bool:
        """Takes back a trade that failed."""
        return (self.kind is EntryKind.BUY and self.shares < 0) or (
            self.kind is EntryKind.SELL and self.shares > 0
        )


class Holding:
    """Shares of both outcomes of one market with what they cost, by average cost.

    A negative number of shares is a sale told before its purchase, or one whose purchase failed: a debt.

    Units:
        yes_cost, no_cost: USDC paid for the shares still held, taker fees of buys included.
        flow:  USDC received less USDC spent, all entries.
        spent: USDC paid for buys with their fees and for splits; ``received`` is the rest of the flow.
        fees:  USDC paid in fees.
    """

    __slots__ = ("_bought", "fees", "flow", "no", "no_cost", "spent", "yes", "yes_cost")

    def __init__(self) -> None:
        self.yes = Shares(0)
        self.no = Shares(0)
        self.yes_cost = Usdc(0)
        self.no_cost = Usdc(0)
        self.flow = Usdc(0)
        self.spent = Usdc(0)
        self.fees = Usdc(0)
        self._bought: FillId | None = None

    def apply(self, entry: Entry) -> None:
        """Fold one more entry in. Removing n of N shares removes ``floor(cost * n / N)``, all of it at zero."""
        self.flow = Usdc(self.flow + entry.usdc)
        if entry.kind is EntryKind.FEE:
            self._fee(entry)
        elif entry.outcome is not None and entry.shares > 0:
            self._add(entry.outcome, entry.shares, Usdc(-entry.usdc))
            self._bought = entry.fill_id
        elif entry.outcome is not None and entry.shares < 0:
            self._remove(entry.outcome, Shares(-entry.shares))
            self._bought = None

    def copy(self) -> "Holding":
        """One of its own, to fold other entries onto."""
        made = Holding()
        for name in self.__slots__:
            setattr(made, name, getattr(self, name))
        return made

    @property
    def received(self) -> Usdc:
        return Usdc(self.flow + self.spent)

    @property
    def realized(self) -> Usdc:
        return Usdc(self.flow + self.yes_cost + self.no_cost)

    @property
    def locked(self) -> Shares:
        return min(self.yes, self.no)

    @property
    def is_flat(self) -> bool:
        return self.yes == 0 and self.no == 0

    def held(self, outcome: Outcome) -> Shares:
        return self.yes if outcome is Outcome.YES else self.no

    def cost(self, outcome: Outcome) -> Usdc:
        return self.yes_cost if outcome is Outcome.YES else self.no_cost

    def _fee(self, entry: Entry) -> None:
        """A buyer's fee is part of what the shares cost; a seller's is part of what they brought."""
        self.fees = Usdc(self.fees - entry.usdc)
        if entry.outcome is None or entry.fill_id is None or entry.fill_id != self._bought:
            return
        self._add(entry.outcome, Shares(0), Usdc(-entry.usdc))

    def _add(self, outcome: Outcome, shares: Shares, paid: Usdc) -> None:
        """What settles a debt is not held, and costs nothing any more."""
        self.spent = Usdc(self.spent + paid)
        held = Shares(self.held(outcome) + shares)
        basis = paid
        if held <= 0:
            basis = Usdc(0)
        elif shares > held:
            basis = Usdc(paid * held // shares)
        if outcome is Outcome.YES:
            self.yes = held
            self.yes_cost = Usdc(self.yes_cost + basis)
        else:
            self.no = held
            self.no_cost = Usdc(self.no_cost + basis)

    def _remove(self, outcome: Outcome, shares: Shares) -> None:
        held, basis = self.held(outcome), self.cost(outcome)
        removed = basis if shares >= held else Usdc(basis * shares // held)
        if outcome is Outcome.YES:
            self.yes = Shares(held - shares)
            self.yes_cost = Usdc(basis - removed)
        else:
            self.no = Shares(held - shares)
            self.no_cost = Usdc(basis - removed)


def fold(entries: Iterable[Entry], *, onto: Holding | None = None) -> Holding:
    """The holding that ``entries`` of one market leave, as if the fills that failed had never been; ``onto`` one
    that earlier entries left, which is changed."""
    entries = list(entries)
    booked = {entry.fill_id for entry in entries if entry.fill_id is not None and not entry.reverses}
    failed = {entry.fill_id for entry in entries if entry.reverses} & booked
    holding = Holding() if onto is None else onto
    for entry in entries:
        if entry.fill_id is None or entry.fill_id not in failed:
            holding.apply(entry)
    return holding


class Pot:
    """The entries of one strategy in one market, and what they leave."""

    __slots__ = ("_failed", "entries", "holding")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.holding = Holding()
        self._failed: set[FillId] = set()

    def book(self, entry: Entry) -> None:
        """Append one. A reversal is what its fill never was: the holding is folded anew, and what else that fill
        books or reverses changes nothing any more."""
        self.entries.append(entry)
        if entry.fill_id is not None and entry.reverses:
            self._failed.add(entry.fill_id)
            self.holding = fold(self.entries)
        elif entry.fill_id is None or entry.fill_id not in self._failed:
            self.holding.apply(entry)


@dataclass(frozen=True, slots=True)
class Position:
    """Shares of one outcome and what they cost, fees included. ``shares`` is never 0."""

    market_id: MarketId
    outcome: Outcome
    shares: Shares
    cost: Usdc


class Ledger:
    """One account: cash and holdings of all its markets, provisional fills counted as landed.

    Each strategy has a pot of its own in a market, so that costs are averaged as in its pair ledger. The entries
    of a market are kept until it is redeemed or forgotten; they are what a fill that fails late is taken back by.
    """

    __slots__ = ("_pots", "_realized_before", "cash", "deposited")

    def __init__(self) -> None:
        self.cash = Usdc(0)
        self.deposited = Usdc(0)  # net; cash that belongs to no market, adjusted cash included: no profit
        self._pots: dict[MarketId, dict[Strategy | None, Pot]] = {}
        self._realized_before = Usdc(0)

    @classmethod
    def rebuild(cls, entries: Iterable[Entry]) -> "Ledger":
        """The ledger that booked all these entries, in their order."""
        ledger = cls()
        ledger.book(entries)
        return ledger

    def book(self, entries: Iterable[Entry]) -> None:
        """Append. Entries of one fill come in one call, the trade before its fee."""
        for entry in entries:
            self.cash = Usdc(self.cash + entry.usdc)
            market_id = entry.market_id
            if market_id is None:
                self.deposited = Usdc(self.deposited + entry.usdc)
                continue
            pots = self._pots.setdefault(market_id, {})
            pots.setdefault(entry.strategy, Pot()).book(entry)
            if entry.kind is EntryKind.REDEEM and _flat(pots):
                self.forget(market_id)

    def forget(self, market_id: MarketId) -> None:
        """Let go of a market that holds nothing any more; what it realized stays in the total.

        Raises ``ValueError`` while shares are held.
        """
        pots = self._pots.get(market_id)
        if pots is None:
            return
        if not _flat(pots):
            yes, no = (self.held(market_id, outcome) for outcome in Outcome)
            raise ValueError(f"{market_id} still holds {yes} yes and {no} no")
        self._realized_before = Usdc(self._realized_before + self.realized(market_id))
        del self._pots[market_id]

    def entries_of(self, market_id: MarketId, strategy: Strategy) -> tuple[Entry, ...]:
        """Entries one strategy's pair ledger in one market can be rebuilt from."""
        pot = self._pots.get(market_id, {}).get(strategy)
        return () if pot is None else tuple(pot.entries)

    def apart(self, market_id: MarketId, strategy: Strategy) -> Holding:
        """What all others but ``strategy`` hold in a market, together: not to be changed."""
        others = [pot.holding for name, pot in self._pots.get(market_id, {}).items() if name is not strategy]
        return others[0] if len(others) == 1 else _together(others)

    def at_risk_apart(self, strategy: Strategy, market_id: MarketId | None = None) -> Usdc:
        """What all others but ``strategy`` can still lose, in one market or in all: cost less pairs."""
        names = self._pots if market_id is None else (market_id,)
        shared = (name for name in names if self._pots.get(name, {}).keys() - {strategy})
        held = (self.apart(name, strategy) for name in shared)
        return Usdc(sum(max(0, each.yes_cost + each.no_cost - max(0, each.locked)) for each in held))

    def markets_of(self, fills: Collection[FillId]) -> tuple[MarketId, ...]:
        """Markets not forgotten in which one of these fills is booked, in the order of their first entry."""
        return tuple(
            market_id
            for market_id, pots in self._pots.items()
            if any(entry.fill_id in fills for pot in pots.values() for entry in pot.entries if entry.fill_id)
        )

    def held(self, market_id: MarketId, outcome: Outcome) -> Shares:
        return Shares(sum(pot.holding.held(outcome) for pot in self._pots.get(market_id, {}).values()))

    def cost(self, market_id: MarketId, outcome: Outcome) -> Usdc:
        """What the shares held cost, fees in."""
        return Usdc(sum(pot.holding.cost(outcome) for pot in self._pots.get(market_id, {}).values()))

    def positions(self) -> tuple[Position, ...]:
        """All outcomes of which we hold shares, markets in the order of their first entry."""
        return tuple(
            Position(market_id, outcome, held, self.cost(market_id, outcome))
            for market_id in self._pots
            for outcome in Outcome
            if (held := self.held(market_id, outcome))
        )

    def realized(self, market_id: MarketId | None = None) -> Usdc:
        """Realized P&L by average cost, fees in: of one market, or of all that ever were. Cash that belongs
        to no market (deposits) is none."""
        if market_id is not None:
            return Usdc(sum(pot.holding.realized for pot in self._pots.get(market_id, {}).values()))
        held = (pot.holding.realized for pots in self._pots.values() for pot in pots.values())
        return Usdc(self._realized_before + sum(held))


def _flat(pots: Mapping[Strategy | None, Pot]) -> bool:
    return all(pot.holding.is_flat for pot in pots.values())


def _together(holdings: Iterable[Holding]) -> Holding:
    """Holdings as one; what they hold and what it cost, no more."""
    made = Holding()
    for holding in holdings:
        for name in ("yes", "no", "yes_cost", "no_cost", "flow", "spent", "fees"):
            setattr(made, name, getattr(made, name) + getattr(holding, name))
    return made
