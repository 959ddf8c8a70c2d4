"""A venue at its worst: answers come late, twice, out of order or never; fills fail; the books jump about.

It knows the truth, so that properties can be asked of the truth and not of what the engine believes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from random import Random
from typing import Final

from core import events as ev
from core.engine import Engine, Setup, Step
from core.fees import fee
from core.ids import FillId, IntentKey, MarketId, Outcome, Side
from core.intents import Merge, OrderKind, Place, Purpose, Redeem
from core.ledger import Entry
from core.notes import Booked
from core.orders import in_yes_terms
from core.units import ONE, SHARE_STEP, Ms, Shares, Usdc, cost_up
from tests.builders import ESPORTS, MARKET, OTHER, T0, a_book, a_deposit, a_listing, a_signal, an_order_id

MARKETS: Final = (MARKET, OTHER)
Draw = tuple[int, int, int]


@dataclass
class Truth:
    """One order as the venue has it. ``alive``: it may match now or once it arrives."""

    place: Place
    alive: bool = True
    arrived: bool = False
    silent: bool = False
    filled: int = 0
    fills: list[FillId] = field(default_factory=list)

    @property
    def remaining(self) -> Shares:
        return Shares(self.place.shares - self.filled)


@dataclass
class TrueFill:
    place: Place
    shares: int
    net: int  # USDC gained, fee taken out
    status: ev.FillStatus = ev.FillStatus.MATCHED


class Wild:
    """The engine and its venue. ``act`` lets one thing happen, chosen by three numbers."""

    def __init__(
        self,
        setup: Setup,
        cash: str,
        *,
        now: Ms = T0,
        listed: Iterable[ev.MarketListed] = (),
        before: Iterable[Entry] = (),
    ) -> None:
        """``listed``: markets other than the usual two; ``before``: what was booked before it all began."""
        self.deposit = a_deposit(cash)
        self.engine = Engine(setup, entries=[self.deposit, *before], sequences={})
        self.now = now
        self.events: list[ev.Event] = []
        self.steps: list[Step] = []
        self.orders: dict[IntentKey, Truth] = {}
        self.fills: dict[FillId, TrueFill] = {}
        self.cancels: list[IntentKey] = []
        self.mail: list[ev.Event] = []  # said by the venue, not heard yet
        self.listed = list(listed) or [a_listing(market, delay_ms=0) for market in MARKETS]
        self.markets = tuple(listing.market_id for listing in self.listed)
        self.merged: dict[MarketId, int] = dict.fromkeys(self.markets, 0)
        for listing in self.listed:
            self.hear(listing)

    def hear(self, event: ev.Event) -> None:
        self.events.append(event)
        step = self.engine.step(event)
        self.steps.append(step)
        self.took(event, step)
        for cancel in step.cancels:
            self.cancels.append(cancel.key)
        for action in step.wallet_actions:
            self._wallet(action)
        for approved in step.approved:
            key = approved.intent.key
            assert key not in self.orders, "sent twice"
            self.orders[key] = Truth(approved.intent)
            self.hear(ev.OrderSent(key, an_order_id(key), self.now))

    def took(self, event: ev.Event, step: Step) -> None:
        """The engine has answered; whoever watches may look."""

    def _wallet(self, action: Merge | Redeem) -> None:
        if isinstance(action, Merge):
            status = ev.WalletStatus.CONFIRMED
            step = ev.MergeStepped(action.action_id, action.market_id, action.shares, status, self.now)
            self.mail.append(step)
            self.merged[action.market_id] += action.shares

    def act(self, draw: Draw) -> None:
        kind, a, b = draw
        self.now = Ms(self.now + (a * 37) % 400)
        doors = self.doors()
        doors[kind % len(doors)](a, b)

    def doors(self) -> tuple[Callable[[int, int], None], ...]:
        """What may happen; one named more often happens more often."""
        return (
            self._book, self._book, self._book, self._tick, self._answer, self._answer, self._trade,
            self._trade, self._withdraw, self._withdraw, self._deliver, self._deliver, self._deliver,
            self._repeat, self._settle, self._settle, self._refuse_cancel, self._halt, self._match,
            self._feed, self._long_tick, self._tear, self._deliver, self._answer, self._find,
        )  # fmt: skip

    def _book(self, a: int, b: int) -> None:
        bid = 30 + (a * 7) % 40
        ask = min(99, bid + 1 + b % 9)
        market = self.markets[(a + b) % len(self.markets)]
        for snapshot in a_book(f"0.{bid}x1000", f"0.{ask}x1000", now=self.now, market=market):
            self.hear(snapshot)

    def _tear(self, a: int, b: int) -> None:
        """One token's book alone: the other's top is old."""
        bid = 30 + (a * 7) % 40
        first, _ = a_book(
            f"0.{bid}x1000", f"0.{bid + 4}x1000", now=self.now, market=self.markets[b % len(self.markets)]
        )
        self.hear(first._replace(ends_frame=True))

    def _tick(self, a: int, b: int) -> None:
        self.now = Ms(self.now + 1_000)
        self.hear(ev.Tick(self.now))

    def _long_tick(self, a: int, b: int) -> None:
        self.now = Ms(self.now + 30_000 * (1 + b % 12))
        self.hear(ev.Tick(self.now))

    def _answer(self, a: int, b: int) -> None:
        """An order reaches the venue, or is refused, or nobody ever says."""
        flying = [truth for truth in self.orders.values() if truth.alive and not truth.arrived]
        if not flying:
            return
        truth = flying[a % len(flying)]
        key, truth.arrived = truth.place.key, True
        if b % 6 == 0:
            truth.alive = False
            self.mail.append(ev.OrderRejected(key, ev.RejectCode.OTHER, "no", self.now))
        elif b % 6 == 1:
            truth.silent, truth.alive = True, b % 4 == 1
            self.mail.append(ev.OrderUnknown(key, "timeout", self.now))
        else:
            self.mail.append(ev.OrderAcked(key, an_order_id(key), ev.AckStatus.LIVE, self.now))

    def _find(self, a: int, b: int) -> None:
        """What became of an order nobody answered for."""
        for key, truth in self.orders.items():
            if truth.silent and not any(getattr(event, "key", None) == key for event in self.mail):
                truth.silent = False
                if truth.fills:
                    return  # they say what became of it
                if truth.alive:
                    self.mail.append(ev.OrderAcked(key, an_order_id(key), ev.AckStatus.LIVE, self.now))
                else:
                    lost = ev.CloseReason.NEVER_LANDED
                    self.mail.append(ev.OrderClosed(key, lost, Shares(0), self.now))
                return

    def _trade(self, a: int, b: int) -> None:
        """Part of an order, or all of it, trades; a taker's rest is killed."""
        resting = [truth for truth in self.orders.values() if truth.alive and truth.arrived]
        if not resting:
            return
        truth = resting[a % len(resting)]
        place, left = truth.place, truth.remaining
        size = (
            left
            if b % 3 == 0
            else Shares(max(SHARE_STEP, left * (1 + b % 5) // 7 // SHARE_STEP * SHARE_STEP))
        )
        size = min(size, left)
        self._fill(truth, size)
        if truth.remaining == 0:
            truth.alive = False
        elif place.kind is OrderKind.TAKE:
            truth.alive = False
            self.mail.append(ev.OrderClosed(place.key, ev.CloseReason.KILLED, Shares(truth.filled), self.now))

    def _fill(self, truth: Truth, size: Shares) -> None:
        place = truth.place
        fill_id = FillId(f"{place.key}:{len(truth.fills)}")
        amount = cost_up(place.price, size) if place.side is Side.BUY else Usdc(place.price * size // ONE)
        charged = fee(ESPORTS, place.price, size) if place.kind is OrderKind.TAKE else Usdc(0)
        truth.filled += size
        truth.fills.append(fill_id)
        net = -amount - charged if place.side is Side.BUY else amount - charged
        self.fills[fill_id] = TrueFill(place, size, net)
        status, evidence = ev.FillStatus.MATCHED, ev.Evidence.VENUE
        self.mail.append(
            ev.FillSeen(fill_id, place.key, size, amount, charged, status, evidence, self.now, self.now)
        )

    def _withdraw(self, a: int, b: int) -> None:
        """A cancel is carried out; its answer may overtake the fills before it."""
        while self.cancels:
            key = self.cancels.pop(a % len(self.cancels))
            truth = self.orders[key]
            if truth.alive and truth.arrived and not truth.silent:
                truth.alive = False
                closed = ev.OrderClosed(key, ev.CloseReason.CANCELLED, Shares(truth.filled), self.now)
                first = 1 + max((n for n, event in enumerate(self.mail) if answers(event, key)), default=-1)
                self.mail.insert(first + b % (len(self.mail) - first + 1), closed)
                return

    def _refuse_cancel(self, a: int, b: int) -> None:
        if self.cancels:
            key = self.cancels.pop(a % len(self.cancels))
            if self.orders[key].arrived:
                self.mail.append(ev.CancelFailed(key, "503", self.now))

    def _deliver(self, a: int, b: int) -> None:
        if self.mail:
            event = self.mail.pop(0)
            self.hear(replace(event, heard_ms=self.now))  # type: ignore[type-var]

    def _repeat(self, a: int, b: int) -> None:
        """A trade is told again."""
        seen = [event for event in self.events if isinstance(event, ev.FillSeen)]
        if seen:
            self.hear(replace(seen[a % len(seen)], heard_ms=self.now))

    def _settle(self, a: int, b: int) -> None:
        heard = {event.fill_id for event in self.events if isinstance(event, ev.FillSeen)}
        open_fills = [
            fill_id
            for fill_id, fill in self.fills.items()
            if fill.status is ev.FillStatus.MATCHED and fill_id in heard
        ]
        if open_fills:
            fill_id = open_fills[a % len(open_fills)]
            status = ev.FillStatus.FAILED if b % 5 == 0 else ev.FillStatus.CONFIRMED
            self.fills[fill_id].status = status
            self.hear(ev.FillSettled(fill_id, status, self.now))

    def _halt(self, a: int, b: int) -> None:
        market = (None, *self.markets)[a % (1 + len(self.markets))]
        if b % 6 == 0:
            self.hear(ev.Halted(market, "wild", self.now))
        else:
            self.hear(ev.Resumed(market, "calm", self.now))

    def _match(self, a: int, b: int) -> None:
        if b % 8 == 0:
            self.hear(a_signal(lead=a * 100, now=self.now))

    def _feed(self, a: int, b: int) -> None:
        if b % 4 == 0:
            self.hear(ev.FeedLost(self.markets, "wild", self.now))
            self.hear(ev.FeedBack(self.markets, self.now))

    # The truth

    def alive(self, market: MarketId) -> list[Truth]:
        return [t for t in self.orders.values() if t.alive and t.place.market_id == market]

    def crossing(self) -> list[tuple[Place, Place]]:
        """Own orders that could trade with each other at the venue now."""
        found = []
        for market in self.markets:
            for first, second in combinations(self.alive(market), 2):
                one, two = in_yes_terms(first.place), in_yes_terms(second.place)
                if one[0] != two[0]:
                    bid, ask = (one[1], two[1]) if one[0] else (two[1], one[1])
                    if bid >= ask:
                        found.append((first.place, second.place))
        return found

    def landed(self, market: MarketId, *, unsure: bool) -> Iterator[TrueFill]:
        """Fills that count: confirmed ones, and with ``unsure`` those that may still fail."""
        for fill in self.fills.values():
            if fill.place.market_id == market and (
                fill.status is ev.FillStatus.CONFIRMED or (unsure and fill.status is ev.FillStatus.MATCHED)
            ):
                yield fill

    def held(self, market: MarketId, outcome: Outcome, *, unsure: bool) -> int:
        total = 0
        for fill in self.landed(market, unsure=unsure):
            if fill.place.outcome is outcome:
                total += fill.shares if fill.place.side is Side.BUY else -fill.shares
        return total

    def lead(self, market: MarketId, outcome: Outcome) -> int:
        """The most by which ``outcome`` may be ahead once all its bids fill, however its fills settle."""
        buys = sum(
            fill.shares
            for fill in self.landed(market, unsure=True)
            if fill.place.outcome is outcome and fill.place.side is Side.BUY
        )
        sold = sum(
            fill.shares
            for fill in self.landed(market, unsure=False)
            if fill.place.outcome is outcome and fill.place.side is Side.SELL
        )
        other = 0
        for fill in self.landed(market, unsure=True):
            if fill.place.outcome is outcome.other:
                if fill.place.side is Side.SELL:
                    other -= fill.shares
                elif fill.status is ev.FillStatus.CONFIRMED:
                    other += fill.shares
        bids = sum(
            truth.remaining
            for truth in self.alive(market)
            if truth.place.outcome is outcome and truth.place.side is Side.BUY
        )
        return buys - sold - other + bids

    def spent(self) -> int:
        """USDC out of pocket if every bid fills and no sale that may fail lands."""
        total = 0
        for market in self.markets:
            for fill in self.landed(market, unsure=True):
                if fill.net < 0 or fill.status is ev.FillStatus.CONFIRMED:
                    total -= fill.net
            for truth in self.alive(market):
                place = truth.place
                if place.side is Side.BUY:
                    total += cost_up(place.price, truth.remaining)
                    if place.kind is OrderKind.TAKE:
                        total += fee(ESPORTS, place.price, truth.remaining)
        return total - sum(self.merged_heard().values())

    def merged_heard(self) -> dict[MarketId, int]:
        total = dict.fromkeys(self.markets, 0)
        for event in self.events:
            if isinstance(event, ev.MergeStepped):
                total[event.market_id] += event.shares
        return total

    def settled(self) -> bool:
        """Everything was heard and nothing may still fail."""
        return not self.mail and all(fill.status is not ev.FillStatus.MATCHED for fill in self.fills.values())

    def at_risk(self, market: MarketId) -> int:
        """What can be lost in a market if what rests to open it fills; what rests to reduce it only helps."""
        reducing = sum(
            cost_up(truth.place.price, truth.remaining)
            + (fee(ESPORTS, truth.place.price, truth.remaining) if truth.place.kind is OrderKind.TAKE else 0)
            for truth in self.alive(market)
            if truth.place.purpose is Purpose.REDUCING and truth.place.side is Side.BUY
        )
        return self.engine.desks[market].at_risk() - reducing

    def entries(self) -> list[Entry]:
        notes = [note for step in self.steps for note in step.notes if isinstance(note, Booked)]
        return [self.deposit, *(entry for note in notes for entry in note.entries)]


def answers(event: ev.Event, key: IntentKey) -> bool:
    """It says that the order is live."""
    return isinstance(event, ev.OrderAcked) and event.key == key


def history(seed: int, length: int = 250) -> list[Draw]:
    """What happens, one draw after the other."""
    dice = Random(seed)
    return [(dice.randrange(25), dice.randrange(61), dice.randrange(61)) for _ in range(length)]
