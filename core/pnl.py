"""Profit by market, strategy and day, from entries in the order they were written. Read ``Books.book`` first.

Everything is a sum of the same cells, one for each strategy in each market, so that it adds up the same whatever way
it is asked for. Cash that belongs to no market was brought in or taken out: it is no profit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from core.ids import MarketId, Outcome, Strategy
from core.ledger import Entry, EntryKind, Pot
from core.units import Shares, Usdc
from core.valuation import Mark

DAY_MS: Final = 86_400_000

Cell = tuple[MarketId, Strategy | None]
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Profit:
    """What was earned, fees in.

    Units: USDC all.
        realized:    by average cost.
        unrealized:  what is held would bring now, less what it cost.
        provisional: the part of both that rests on fills which may still fail.
        fees:        paid; already taken out of the others.
    """

    realized: Usdc
    unrealized: Usdc
    provisional: Usdc
    fees: Usdc

    @property
    def total(self) -> Usdc:
        return Usdc(self.realized + self.unrealized)

    def __add__(self, other: "Profit") -> "Profit":
        return Profit(
            Usdc(self.realized + other.realized),
            Usdc(self.unrealized + other.unrealized),
            Usdc(self.provisional + other.provisional),
            Usdc(self.fees + other.fees),
        )


NOTHING: Final = Profit(Usdc(0), Usdc(0), Usdc(0), Usdc(0))


@dataclass(frozen=True, slots=True)
class Holding:
    """What one strategy has in one market, and what it earned there.

    ``priced``: false where nobody knows what its shares would bring; then they count as what they cost.
    """

    market_id: MarketId
    strategy: Strategy | None
    yes: Shares
    no: Shares
    cost: Usdc
    profit: Profit
    priced: bool


@dataclass(frozen=True, slots=True)
class Unsure:
    """A fill that may still fail: the shares and the USDC it gained us, negative when it took them."""

    cell: Cell
    outcome: Outcome
    shares: Shares
    usdc: Usdc


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a day, decided once: what had been earned since the account began.

    Units:
        day:   since 1970-01-01.
        total: realized and unrealized.
    """

    day: int
    realized: Usdc
    total: Usdc


@dataclass(frozen=True, slots=True)
class DayProfit:
    """What one day brought. ``unrealized`` is the change over the day. ``closed``: it will never change."""

    day: int
    realized: Usdc
    unrealized: Usdc
    closed: bool

    @property
    def total(self) -> Usdc:
        return Usdc(self.realized + self.unrealized)


@dataclass(frozen=True, slots=True)
class Identity:
    """Two ways to say what there is: cash and the cost of what is held, and what was brought in and earned."""

    cash: Usdc
    inventory: Usdc
    deposited: Usdc
    realized: Usdc

    @property
    def gap(self) -> Usdc:
        """0, or a line was lost or counted twice."""
        return Usdc(self.cash + self.inventory - self.deposited - self.realized)


class Books:
    """One account's entries, folded. Entries are only ever added."""

    def __init__(self) -> None:
        self.cash = Usdc(0)
        self.deposited = Usdc(0)
        self.entries = 0
        self._pots: dict[MarketId, dict[Strategy | None, Pot]] = {}
        self._days: dict[tuple[Cell, int], int] = {}
        self._realized: dict[Cell, int] = {}
        self._fees: dict[Cell, int] = {}

    def book(self, entry: Entry, day: int) -> None:
        """Count one more entry, in the order they were written, to ``day``.

        What it realizes is how far it moves the realized profit of its cell: a fill that fails takes back today
        what it realized on another day.
        """
        self.cash = Usdc(self.cash + entry.usdc)
        self.entries += 1
        if entry.market_id is None:
            self.deposited = Usdc(self.deposited + entry.usdc)
            return
        cell = (entry.market_id, entry.strategy)
        pots = self._pots.setdefault(entry.market_id, {})
        pot = pots.setdefault(entry.strategy, Pot())
        realized, fees = pot.holding.realized, pot.holding.fees
        pot.book(entry)
        gained = pot.holding.realized - realized
        self._days[cell, day] = self._days.get((cell, day), 0) + gained
        self._realized[cell] = self._realized.get(cell, 0) + gained
        self._fees[cell] = self._fees.get(cell, 0) + pot.holding.fees - fees
        if entry.kind is EntryKind.REDEEM and all(each.holding.is_flat for each in pots.values()):
            # As the ledger does: nothing of it fails any more, and a year of markets must fit into memory.
            del self._pots[entry.market_id]

    def identity(self) -> Identity:
        return Identity(
            self.cash,
            Usdc(sum(_cost(pot) for pots in self._pots.values() for pot in pots.values())),
            self.deposited,
            Usdc(sum(self._realized.values())),
        )

    def held(self) -> dict[tuple[MarketId, Outcome], Shares]:
        """Shares of each outcome, all strategies together; what is 0 is left out."""
        return {
            (market_id, outcome): Shares(held)
            for market_id, pots in self._pots.items()
            for outcome in Outcome
            if (held := sum(pot.holding.held(outcome) for pot in pots.values()))
        }

    def holdings(self, marks: Mapping[MarketId, Mark], unsure: Iterable[Unsure]) -> list[Holding]:
        """Every cell that ever was, valued by ``marks``; markets in the order of their names."""
        doubtful: dict[Cell, list[Unsure]] = {}
        for fill in unsure:
            doubtful.setdefault(fill.cell, []).append(fill)
        markets = sorted({market_id for market_id, _ in self._realized})
        return [
            holding
            for market_id in markets
            for holding in self._market(market_id, marks.get(market_id), doubtful)
        ]

    def _market(
        self, market_id: MarketId, mark: Mark | None, doubtful: Mapping[Cell, Sequence[Unsure]]
    ) -> list[Holding]:
        cells = [cell for cell in self._realized if cell[0] == market_id]
        legs = [self._legs(cell) for cell in cells]
        sure = [_without(leg, doubtful.get(cell, ())) for leg, cell in zip(legs, cells, strict=True)]
        worth, sure_worth = _shared(mark, legs), _shared(mark, sure)
        found = []
        for number, (cell, (yes, no)) in enumerate(zip(cells, legs, strict=True)):
            cost = self._cost_of(cell)
            priced = worth is not None or not (yes or no)
            each = int(cost) if worth is None else worth[number]
            provisional = 0
            if worth is not None and sure_worth is not None:
                gained = sum(fill.usdc for fill in doubtful.get(cell, ()))
                provisional = gained + worth[number] - sure_worth[number]
            profit = Profit(
                Usdc(self._realized[cell]),
                Usdc(each - cost),
                Usdc(provisional),
                Usdc(self._fees[cell]),
            )
            found.append(Holding(market_id, cell[1], yes, no, cost, profit, priced))
        return found

    def realized_on(self, day: int) -> Usdc:
        return Usdc(sum(gained for (_, on), gained in self._days.items() if on == day))

    def realized_since(self, day: int) -> dict[Strategy | None, Usdc]:
        """By strategy, from ``day`` on."""
        found: dict[Strategy | None, int] = {cell[1]: 0 for cell in self._realized}
        for (cell, on), gained in self._days.items():
            if on >= day:
                found[cell[1]] += gained
        return {strategy: Usdc(sums) for strategy, sums in found.items()}

    def _pot(self, cell: Cell) -> Pot | None:
        return self._pots.get(cell[0], {}).get(cell[1])

    def _legs(self, cell: Cell) -> tuple[Shares, Shares]:
        pot = self._pot(cell)
        return (Shares(0), Shares(0)) if pot is None else (pot.holding.yes, pot.holding.no)

    def _cost_of(self, cell: Cell) -> Usdc:
        pot = self._pot(cell)
        return Usdc(0) if pot is None else _cost(pot)


def days(closings: Sequence[Closing], today: int, now: Profit) -> list[DayProfit]:
    """What each day brought, the oldest first: from one closing to the next, and since the last one ``today``.

    ``closings`` are of rising days before ``today``; ``now`` is what was earned since the account began. What was
    earned in days that nobody closed is of the next one.
    """
    found, realized, earned = [], Usdc(0), Usdc(0)
    for closing in (*closings, Closing(today, now.realized, now.total)):
        gained, change = closing.realized - realized, closing.total - earned
        open_still = closing.day == today
        found.append(DayProfit(closing.day, Usdc(gained), Usdc(change - gained), closed=not open_still))
        realized, earned = closing.realized, closing.total
    return found


def total(holdings: Iterable[Holding]) -> Profit:
    return sum((holding.profit for holding in holdings), NOTHING)


def by(holdings: Iterable[Holding], name: Callable[[Holding], K]) -> dict[K, Profit]:
    """Profit by whatever ``name`` says, in the order in which names first come."""
    found: dict[K, Profit] = {}
    for holding in holdings:
        found[name(holding)] = found.get(name(holding), NOTHING) + holding.profit
    return found


def _cost(pot: Pot) -> Usdc:
    return Usdc(pot.holding.yes_cost + pot.holding.no_cost)


def _without(legs: tuple[Shares, Shares], unsure: Iterable[Unsure]) -> tuple[Shares, Shares]:
    yes, no = legs
    for fill in unsure:
        if fill.outcome is Outcome.YES:
            yes = Shares(yes - fill.shares)
        else:
            no = Shares(no - fill.shares)
    return yes, no


def _shared(mark: Mark | None, legs: Sequence[tuple[Shares, Shares]]) -> list[int] | None:
    """What each cell's shares are worth: the market's worth, dealt out by legs. ``None``: nobody knows.

    A leg's part of a locked pair is what its surplus would bring a share, the other leg's is the rest of the 1.
    """
    yes, no = sum(leg[0] for leg in legs), sum(leg[1] for leg in legs)
    if not (yes or no):
        return [0] * len(legs)
    worth = None if mark is None else mark.of(Shares(yes), Shares(no))
    if mark is None or worth is None:
        return None
    if mark.payout is not None:
        first = yes * mark.payout // 10_000
    elif yes == no:
        first = worth // 2
    else:
        locked, lead = min(yes, no), abs(yes - no)
        ahead = worth - locked + locked * (worth - locked) // lead
        first = ahead if yes > no else worth - ahead
    ones, others = _dealt(first, [leg[0] for leg in legs]), _dealt(worth - first, [leg[1] for leg in legs])
    return [one + other for one, other in zip(ones, others, strict=True)]


def _dealt(amount: int, parts: Sequence[int]) -> list[int]:
    """An amount dealt out by parts; what rounding leaves goes to the largest."""
    whole = sum(parts)
    dealt = [amount * part // whole if whole else 0 for part in parts]
    most = max(range(len(parts)), key=lambda number: abs(parts[number]))
    dealt[most] += amount - sum(dealt)
    return dealt
