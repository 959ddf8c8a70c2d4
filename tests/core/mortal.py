"""A wild venue whose trader dies: what its rows keep is all that the next one knows, until it has asked."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product

from core import events as ev
from core.absent import Past
from core.desk import Desk
from core.engine import Engine, Setup
from core.ids import FillId, MarketId, Outcome, Side, Strategy
from core.intents import Place
from core.kept import KeptOrder
from core.order import Order
from core.orders import Status
from core.pair import PairLedger
from core.units import Shares, Usdc, cost_up
from tests.builders import T0, an_order_id
from tests.core.wild import MARKETS, Draw, Truth, Wild

SETTLED = (ev.FillStatus.CONFIRMED, ev.FillStatus.FAILED)


class Mortal(Wild):
    """``live`` lets one thing happen. Answers overtake each other; now and then the process dies, and the next one
    takes over."""

    def __init__(self, setup: Setup, cash: str) -> None:
        self.setup = setup
        self.lives = 1
        super().__init__(setup, cash)

    def live(self, draw: Draw) -> None:
        kind, a, b = draw
        if kind == 24 and b % 3 == 0:
            self.die(listed_late=a % 2 == 0)
        elif kind == 23 and self.mail:
            self.mail.insert(0, self.mail.pop(a % len(self.mail)))  # it overtakes all that was said before it
        else:
            self.act(draw)

    def die(self, *, listed_late: bool) -> None:
        """The next process reads the rows, asks the venue, and hears what it missed before it trades."""
        desks = self.engine.desks
        kept = [a_kept(order) for desk in desks.values() for order in every(desk)]
        past = Past(
            kept=tuple(kept),
            provisional={
                fill_id: status
                for desk in desks.values()
                for fill_id in self.fills
                if (status := desk.pair.fill_status(fill_id)) not in (None, *SETTLED)
            },
            merging=tuple(replace(said, status=ev.WalletStatus.SUBMITTED) for said in self.mail_of_merges()),
        )
        sequences = {market_id: desk.sequence for market_id, desk in desks.items()}
        self.engine = Engine(self.setup, entries=self.entries(), sequences=sequences, past=past)
        self.lives += 1
        self.cancels.clear()
        missed = [*self.mail_of_merges(), *self._missed()]
        self.mail.clear()
        for listing in () if listed_late else self.listed:
            self.hear(listing)
        for event in missed:
            self.hear(event)
        for listing in self.listed if listed_late else ():
            self.hear(listing)

    def mail_of_merges(self) -> list[ev.MergeStepped]:
        return [event for event in self.mail if isinstance(event, ev.MergeStepped)]

    def _missed(self) -> Iterable[ev.Event]:
        """Every trade as it stands, and what became of every order."""
        for fill_id, fill in self.fills.items():
            seen = self.told[fill_id]
            yield ev.FillSeen(
                fill_id, fill.place.key, seen.shares, seen.amount, seen.fee, fill.status,
                ev.Evidence.VENUE, self.now, self.now,
            )  # fmt: skip
        for key, truth in self.orders.items():
            truth.silent = False
            if truth.alive and truth.arrived:
                yield ev.OrderAcked(key, an_order_id(key), ev.AckStatus.LIVE, self.now)
                continue
            lost = not truth.arrived
            truth.alive, truth.arrived = False, True
            ended = ev.CloseReason.NEVER_LANDED if lost else ev.CloseReason.CANCELLED
            yield ev.OrderClosed(key, ended, Shares(truth.filled), self.now)

    @property
    def told(self) -> dict[FillId, ev.FillSeen]:
        said = (*self.events, *self.mail)
        return {event.fill_id: event for event in said if isinstance(event, ev.FillSeen)}

    def truly_at_risk(self, market: MarketId) -> int:
        """What can be lost there by the venue's own books: the worst of every way in which what is not sure may end,
        the fills of one side of a leg all landing or all failing, each order trading whole or not at all.

        One by one the fills of a leg would mix its average cost in ways that no two books agree on to the cent.
        """
        told = self.told
        sides: dict[tuple[Outcome, Side], tuple[ev.FillSeen | Truth, ...]] = {}
        for fill_id, fill in self.fills.items():
            if fill.place.market_id == market and fill.status is ev.FillStatus.MATCHED:
                side = (fill.place.outcome, fill.place.side)
                sides[side] = (*sides.get(side, ()), told[fill_id])
        ends = [*sides.values(), *((truth,) for truth in self.alive(market))]
        return max(
            self._to_lose(
                market,
                told,
                {id(each) for end, happens in zip(ends, chosen, strict=True) if happens for each in end},
            )
            for chosen in product((True, False), repeat=len(ends))
        )

    def _to_lose(self, market: MarketId, told: Mapping[FillId, ev.FillSeen], happen: set[int]) -> int:
        """The cost of what is held less the pairs, when of what is not sure exactly this happens."""
        pair, booked = PairLedger(market, Strategy.PAIR_ARB), set[FillId]()
        for event in (*self.events, *told.values()):
            if isinstance(event, ev.MergeStepped) and event.market_id == market:
                pair.merge_stepped(event)
            elif isinstance(event, ev.FillSeen) and event.fill_id not in booked:
                booked.add(event.fill_id)
                fill, seen = self.fills[event.fill_id], told[event.fill_id]
                lands = fill.status is ev.FillStatus.CONFIRMED or id(seen) in happen
                if fill.place.market_id == market and lands:
                    book(pair, fill.place, seen.fill_id, seen.shares, seen.amount, seen.fee)
        for truth in self.alive(market):
            if id(truth) in happen and truth.remaining:
                amount = cost_up(truth.place.price, truth.remaining)
                book(
                    pair, truth.place, FillId(f"rest of {truth.place.key}"), truth.remaining, amount, Usdc(0)
                )
        return (
            pair.cost(Outcome.YES)
            + pair.cost(Outcome.NO)
            - min(pair.held(Outcome.YES), pair.held(Outcome.NO))
        )

    def picture(self) -> tuple[object, ...]:
        """All that the truth rests on: when it is the same, so is the truth."""
        fills = tuple(fill.status for fill in self.fills.values())
        orders = tuple((truth.alive, truth.filled) for truth in self.orders.values())
        return fills, orders, tuple(self.merged_heard().values())


def book(pair: PairLedger, place: Place, fill_id: FillId, size: Shares, amount: Usdc, fee: Usdc) -> None:
    pair.filled(fill_id, place.outcome, place.side, size, amount, fee, ev.FillStatus.CONFIRMED, T0)


def every(desk: Desk) -> list[Order]:
    return [order for order in (*desk.orders._open.values(), *desk.orders._closed.values()) if order.order_id]


def a_kept(order: Order) -> KeptOrder:
    """As the rows keep it: what still owes fills has not ended for them."""
    assert order.order_id is not None, "it was sent"
    return KeptOrder(
        place=order.place,
        order_id=order.order_id,
        status=Status.UNKNOWN if order.is_open or order.at_stake else order.status,
        fills=tuple(sorted(order.fills)),
        filled=order.filled,
        amount=order.amount,
        fee=order.fee,
        since_ms=order.since_ms,
        orphaned_ms=None,
    )


__all__ = ["MARKETS", "Mortal"]
