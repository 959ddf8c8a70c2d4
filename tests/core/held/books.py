"""The auditor's own books: what was told of orders, fills, merges and prices, and nothing the core has worked out.

Only the shapes of events and intents are shared with the core. What can still be lost is found by trying: every
order that may still trade filled or not, every fill that may still fail landed or failed, either outcome the winner.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Final

from core import events as ev
from core.ids import FillId, IntentKey, MarketId, Outcome, Side
from core.intents import OrderKind, Place

YES, NO = Outcome.YES, Outcome.NO
ONE: Final = 10_000
TRIED_MAX: Final = 7  # so many unsure things are tried in every combination; of more, only the worst ends
GONE: Final = frozenset(
    {ev.CloseReason.NEVER_LANDED.value, "rejected"}
)  # said to be nowhere, and may turn up


def price_of(shares: int, price: int) -> int:
    """USDC, exact or rounded against us."""
    return -(-shares * price // ONE)


def taker_fee(schedule: ev.FeeSchedule | None, shares: int, price: int) -> int:
    """``shares * rate * p (1 - p)``, half up to 0.00001 USDC (trading.md 3)."""
    if schedule is None:
        return 0
    exact = shares * schedule.rate * price * (ONE - price)
    unit = 1_000_000 * ONE * ONE * 10
    return (2 * exact + unit) // (2 * unit) * 10


@dataclass
class Own:
    """One approved order, by what was told of it."""

    place: Place
    filled: int = 0
    told: int = 0
    over: str | None = None
    answered: bool = False
    unknown: bool = False

    @property
    def rest(self) -> int:
        """Shares that may still trade or whose trade may still be told."""
        if self.over is None:
            return max(0, self.place.shares - self.filled)
        return max(0, self.told - self.filled)

    @property
    def is_bid(self) -> bool:
        return self.place.side is Side.BUY

    @property
    def yes_terms(self) -> tuple[bool, int]:
        """Whether it is a bid on the one mirrored book, and its price there."""
        mirrored = self.place.outcome is NO
        return self.is_bid is not mirrored, ONE - self.place.price if mirrored else self.place.price

    def hear(self, event: ev.OrderEvent) -> None:
        match event:
            case ev.OrderAcked(status=status):
                self.answered, self.unknown = True, False
                if status is ev.AckStatus.BACK or self.over in GONE:
                    self.over = None
            case ev.OrderRejected():
                self.unknown = False
                if not self.answered and self.over is None:
                    self.over = "rejected"
            case ev.OrderUnknown():
                self.unknown = not self.answered and self.over is None
            case ev.OrderClosed(reason=reason, filled=filled):
                self.unknown, self.told = False, max(self.told, filled)
                self.over = reason.value if self.over in GONE else self.over or reason.value
            case ev.FillSeen(shares=shares):
                self.answered, self.unknown = True, False
                self.filled += shares
                if self.over in GONE:
                    self.over = None
            case _:
                pass


@dataclass
class Traded:
    """One fill. ``net``: USDC it gained us, fee out; negative for a buy."""

    outcome: Outcome
    side: Side
    shares: int
    net: int
    status: ev.FillStatus


@dataclass(frozen=True)
class Gone:
    """Shares that became cash: a merge or a redemption."""

    yes: int
    no: int
    cash: int


@dataclass
class Held:
    """Shares by average cost: removing n of N removes ``floor(cost * n / N)`` (trading.md 4)."""

    shares: dict[Outcome, int] = field(default_factory=lambda: {YES: 0, NO: 0})
    cost: dict[Outcome, int] = field(default_factory=lambda: {YES: 0, NO: 0})

    def add(self, outcome: Outcome, shares: int, paid: int) -> None:
        self.shares[outcome] += shares
        self.cost[outcome] += paid

    def remove(self, outcome: Outcome, shares: int) -> None:
        held, cost = self.shares[outcome], self.cost[outcome]
        self.cost[outcome] = 0 if shares >= held else cost - cost * shares // held
        self.shares[outcome] = held - shares

    @property
    def at_risk(self) -> int:
        """What it cost less what it pays whoever wins."""
        return sum(self.cost.values()) - min(self.shares.values())


@dataclass
class MarketBooks:
    """Everything told of one market."""

    listing: ev.MarketListed
    apart: dict[Outcome, int] = field(default_factory=lambda: {YES: 0, NO: 0})  # what others hold there
    apart_at_risk: int = 0  # and what of it can still be lost
    orders: dict[IntentKey, Own] = field(default_factory=dict)
    fills: dict[FillId, Traded] = field(default_factory=dict)
    moves: list[FillId | Gone] = field(default_factory=list)
    merging: dict[str, int] = field(default_factory=dict)
    halted: bool = False
    payout: int | None = None
    tick: int = 0

    def __post_init__(self) -> None:
        self.tick = self.listing.tick

    def live(self) -> list[Own]:
        return [own for own in self.orders.values() if own.rest]

    def open_orders(self) -> int:
        return sum(own.over is None and own.rest > 0 for own in self.orders.values())

    def unsure(self) -> list[FillId]:
        final = (ev.FillStatus.CONFIRMED, ev.FillStatus.FAILED)
        return [fill_id for fill_id, fill in self.fills.items() if fill.status not in final]

    def most(self, outcome: Outcome) -> int:
        """Shares held when everything unsure and every bid goes up to the most."""
        return self._count(outcome, most=True) + self._resting(outcome, Side.BUY)

    def least(self, outcome: Outcome) -> int:
        """Shares held when every unsure buy fails and every offer is taken."""
        return self._count(outcome, most=False) - self._resting(outcome, Side.SELL)

    def _resting(self, outcome: Outcome, side: Side) -> int:
        return sum(o.rest for o in self.live() if (o.place.outcome, o.place.side) == (outcome, side))

    def _count(self, outcome: Outcome, *, most: bool) -> int:
        total = 0
        for move in self.moves:
            if isinstance(move, Gone):
                total -= move.yes if outcome is YES else move.no
            elif (fill := self.fills[move]).outcome is outcome:
                lands = fill.status is ev.FillStatus.CONFIRMED
                buys = fill.side is Side.BUY
                if fill.status not in (ev.FillStatus.CONFIRMED, ev.FillStatus.FAILED):
                    lands = most is buys
                total += (fill.shares if buys else -fill.shares) * lands
        return total

    def cost_of(self, own: Own) -> int:
        """What the rest of a bid may cost, the fee in."""
        cost = price_of(own.rest, own.place.price)
        if own.place.kind is OrderKind.TAKE:
            cost += taker_fee(self.listing.fees, own.rest, own.place.price)
        return cost

    def ends(self) -> Iterator[Held]:
        """What may be held once everything unsure has come to an end."""
        fills, orders = self.unsure(), self.live()
        tried: Iterable[tuple[bool, ...]] = product((False, True), repeat=len(fills) + len(orders))
        if len(fills) + len(orders) > TRIED_MAX:
            sides = [(self.fills[each].outcome, self.fills[each].side) for each in fills]
            sides += [(own.place.outcome, own.place.side) for own in orders]
            # Worst for either winner: the other outcome is bought and this one is sold; then all of it, and nothing.
            tried = [
                *(tuple(side == (w.other, Side.BUY) or side == (w, Side.SELL) for side in sides) for w in Outcome),
                *((landed,) * len(sides) for landed in (False, True)),
            ]  # fmt: skip
        for landed in tried:
            lands = {each for each, does in zip(fills, landed, strict=False) if does}
            trades = [own for own, does in zip(orders, landed[len(fills) :], strict=True) if does]
            yield self._end(lands, trades)

    def _end(self, lands: set[FillId], trades: list[Own]) -> Held:
        held = Held()
        for move in self.moves:
            if isinstance(move, Gone):
                held.remove(YES, move.yes)
                held.remove(NO, move.no)
            elif (fill := self.fills[move]).status is ev.FillStatus.CONFIRMED or move in lands:
                if fill.side is Side.BUY:
                    held.add(fill.outcome, fill.shares, -fill.net)
                else:
                    held.remove(fill.outcome, fill.shares)
        for own in trades:
            if own.is_bid:
                held.add(own.place.outcome, own.rest, self.cost_of(own))
            else:
                held.remove(own.place.outcome, own.rest)
        return held

    def at_risk(self) -> int:
        """The most that can still be lost here, however everything ends."""
        return max(0, *(held.at_risk for held in self.ends())) + self.apart_at_risk

    def cash(self) -> int:
        """USDC that came of it for sure, less everything that may still be spent."""
        total = sum(move.cash for move in self.moves if isinstance(move, Gone))
        for fill in self.fills.values():
            lands = fill.status is ev.FillStatus.CONFIRMED
            if lands or (fill.status is not ev.FillStatus.FAILED and fill.net < 0):
                total += fill.net
        return total - self.bids_cost()

    def cash_landed(self) -> int:
        """USDC that came of it so far, unsure fills counted as landed."""
        traded = (fill.net for fill in self.fills.values() if fill.status is not ev.FillStatus.FAILED)
        return sum(traded) + sum(move.cash for move in self.moves if isinstance(move, Gone))

    def landed(self) -> dict[Outcome, int]:
        """Shares held on the account, unsure fills counted as landed."""
        ours = self._end(set(self.unsure()), []).shares
        return {outcome: ours[outcome] + self.apart[outcome] for outcome in Outcome}

    def bids_cost(self) -> int:
        return sum(self.cost_of(own) for own in self.live() if own.is_bid)

    def bound(self) -> int:
        """USDC bound here: what is held at cost, everything unsure landed, and what bids may cost."""
        held = self._end(set(self.unsure()), [])
        return sum(held.cost.values()) + self.bids_cost()

    def for_sale(self, outcome: Outcome) -> int:
        """Confirmed shares that no merge has taken."""
        return self.least(outcome) - sum(self.merging.values())


def owner(market_of: dict[FillId, MarketId], event: ev.OrderEvent) -> MarketId:
    """Whose books an answer belongs into."""
    if isinstance(event, ev.FillSettled):
        return market_of[event.fill_id]
    return MarketId(event.key.split("|")[1])
