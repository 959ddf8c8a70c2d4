"""A wild venue with four markets in two groups, a strategy that wants whatever it can get, and the auditor beside.

What the core's own strategy would ask for is modest: it knows the limits. ``Greedy`` knows none, so that whatever is
kept within them is kept by the judge.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from core import events as ev
from core.engine import Step
from core.ids import FillId, MarketId, Outcome, Side, Strategy
from core.intents import Merge, OrderKind, Place, Purpose, Redeem
from core.ledger import Entry, EntryKind
from core.limits import Budget, Limits
from core.strategies.pair_arb import Params, propose
from core.strategies.view import Proposal, View, Wanted
from core.trading import Action
from core.units import ONE, Ms, Price, Shares, Usdc, floor_to, shares, usdc
from tests.builders import MATCH, T0, a_book, a_change, a_listing, a_setup, patient
from tests.core.held.audit import Auditor, wished
from tests.core.wild import Draw, Wild

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
LISTED: Final = tuple(
    a_listing(
        MarketId(f"0x{name}"), delay_ms=0, group=group, match=MATCH if name == "a" else None, starts_ms=0
    )
    for name, group in (
        ("a", "lol: spring cup"),
        ("b", "lol: spring cup"),
        ("c", "dota: major"),
        ("d", "dota: major"),
    )
)
ROOMY: Final = patient(
    order_min=usdc("1"),
    order_max=usdc("60"),
    imbalance_shares=shares("200"),
    imbalance=usdc("150"),
    orders_per_s=100,
    open_orders=50,
    daily_loss=usdc("1000"),
)
# What the shares of an unlucky outsider on the same account may still lose.
OUTSIDER: Final = Entry(
    EntryKind.BUY, LISTED[3].market_id, Strategy.EXTERNAL, Outcome.NO, shares("20"), Usdc(-usdc("9")),
    FillId("outsider"), Ms(0), None,
)  # fmt: skip
WORTHS: Final = tuple(usdc(worth) for worth in ("3", "6", "6", "12", "12", "25", "25", "50", "130"))
DOORS: Final = 50
CUTS: Final = (Usdc(0), usdc("20"), usdc("45"), usdc("120"), usdc("5000"))


@dataclass
class Greedy:
    """Wishes at random; now and then what pair arbitrage would."""

    dice: Random = field(default_factory=Random)
    wanted: dict[MarketId, tuple[Wanted, ...]] = field(default_factory=dict)

    def __call__(self, view: View, params: Params) -> Proposal:
        dice, mood = self.dice, self.dice.random()
        if mood < 0.25:
            proposal = propose(view, params)
            proposal = replace(proposal, merge=self._merge(view))
        elif mood < 0.55:
            proposal = Proposal("hold", (), (), self._merge(view))
        elif mood < 0.85:
            kinds = [self._wish(view, OrderKind.QUOTE, outcome) for outcome in Outcome if dice.random() < 0.8]
            proposal = Proposal("quote", (), tuple(kinds), self._merge(view))
        else:
            takes = [
                self._wish(view, OrderKind.TAKE, dice.choice(list(Outcome)))
                for _ in range(dice.randint(1, 4))
            ]
            if dice.random() < 0.4:
                takes = self._sell_out(view) or takes
            proposal = Proposal("take", (), tuple(takes), self._merge(view))
        self.wanted[view.listing.market_id] = proposal.wanted
        return proposal

    def _merge(self, view: View) -> Shares:
        ready = floor_to(view.pair.mergeable)
        return ready if Action.MERGE in view.legal and ready and self.dice.random() < 0.1 else Shares(0)

    def _sell_out(self, view: View) -> list[Wanted]:
        """Sell the leg that is ahead, twice, as if the first sale were none."""
        ahead = view.pair.exposed_outcome
        bid = None if ahead is None else view.book.top(ahead).bid
        if ahead is None or bid is None:
            return []
        size = floor_to(view.pair.exposed)
        return [Wanted(ahead, Side.SELL, bid, size, OrderKind.TAKE, Purpose.REDUCING)] * 2

    def _wish(self, view: View, kind: OrderKind, outcome: Outcome) -> Wanted:
        dice, tick = self.dice, view.listing.tick
        top = view.book.top(outcome)
        side = Side.SELL if kind is OrderKind.TAKE and dice.random() < 0.3 else Side.BUY
        purpose = Purpose.OPENING if dice.random() < (0.8 if side is Side.BUY else 0.1) else Purpose.REDUCING
        met = (top.ask if (side is Side.BUY) is (kind is OrderKind.TAKE) else top.bid) or Price(5_000)
        off = dice.choice((0, 0, 0, tick, -tick, 2 * tick, -2 * tick, 5 * tick, 37, -9 * tick))
        price = Price(min(ONE, max(1, met + off)))
        worth = dice.choice(WORTHS)
        size = Shares(worth * ONE // price)
        if purpose is Purpose.REDUCING:
            held = view.pair.held(outcome)
            lead = view.pair.held(outcome.other) - held
            size = Shares(max(1, dice.choice((held, lead, -lead, 2 * lead, held // 2, size))))
        if dice.random() < 0.97:
            size = max(floor_to(size), Shares(10_000))
        return Wanted(outcome, side, price, size, kind, purpose)


class World(Wild):
    """``greedy`` must be what the engine asks (``core.proposals.propose``) while anything happens here."""

    def __init__(
        self, limits: Limits, greedy: Greedy, *, cash: str = "10000", outsider: bool = False, now: Ms = T0
    ) -> None:
        self.greedy, self.limits = greedy, limits
        setup = a_setup(limits=limits)
        before = [OUTSIDER] if outsider else []
        self.auditor = Auditor(limits, setup.params.ceiling, usdc(cash), LISTED)
        if outsider:
            self.auditor.hold_apart(LISTED[3].market_id, Outcome.NO, OUTSIDER.shares, -OUTSIDER.usdc)
        self._lag, self._said = 0, 0
        self._number = 0
        self._mid = dict.fromkeys((each.market_id for each in LISTED), 50)
        self._resolved: set[MarketId] = set()
        super().__init__(setup, cash, now=now, listed=LISTED, before=before)

    def took(self, event: ev.Event, step: Step) -> None:
        self.auditor.heard(event, step, self._asked)

    def _asked(self, place: Place) -> int:
        return wished(self.greedy.wanted[place.market_id], place)

    def act(self, draw: Draw) -> None:
        self.greedy.dice.seed(hash_of(draw, len(self.events)))
        super().act(draw)

    def doors(self) -> tuple[Callable[[int, int], None], ...]:
        return (
            *super().doors(), self._book, self._book, self._book, self._change, self._change, self._second,
            self._second, self._settle, self._halt, self._deliver, self._deliver, self._deliver, self._answer,
            self._mined, self._hurry, self._hurry, self._turn_up, self._cut, self._agree, self._jump, self._wait,
            self._late, self._retick, self._resolve, self._withdraw,
        )  # fmt: skip

    # Prices

    def _book(self, a: int, b: int) -> None:
        """A book somewhere near the last one; now and then far from it."""
        market = self.markets[(a + b) % len(self.markets)]
        step = (a * 7) % 3 - 1 if b % 12 else (a * 7) % 60 - 30
        bid = self._mid[market] = min(90, max(8, self._mid[market] + step))
        self._whole(market, bid, min(99, bid + (2 if b % 6 else 1 + a % 6)))

    def _whole(self, market: MarketId, bid: int, ask: int) -> None:
        for snapshot in a_book(f"0.{bid:02}x2000", f"0.{ask:02}x2000", now=self.now, market=market):
            self.hear(snapshot._replace(said_ms=self._stamp()))

    def _stamp(self) -> Ms:
        """What the venue's clock says; it never goes back."""
        self._said = max(self._said, self.now - self._lag)
        return Ms(self._said)

    def _tear(self, a: int, b: int) -> None:
        market = self.markets[b % len(self.markets)]
        bid = min(90, max(8, self._mid[market] + a % 7 - 3))
        first, _ = a_book(f"0.{bid:02}x2000", f"0.{bid + 3:02}x2000", now=self.now, market=market)
        self.hear(first._replace(ends_frame=True, said_ms=self._stamp()))

    def _change(self, a: int, b: int) -> None:
        """The best bid moves by a cent: what the clock is compared by."""
        market = self.markets[a % len(self.markets)]
        book = self.engine.desks[market].book
        bid, ask = book.best_bid, book.best_ask
        if bid is None or ask is None:
            return
        moved = Price(bid + 100 if b % 2 and bid + 100 < ask else bid - 100)
        if moved <= 0:
            return
        yes, no = ev.Top(moved, ask), ev.Top(Price(ONE - ask), Price(ONE - moved))
        change = a_change(yes_top=yes, no_top=no, now=self.now, market=market)
        gone = tuple((True, Price(at), Shares(0)) for at in {bid, moved + 100} if at != moved)
        levels = (*gone, (True, moved, shares("2000")))
        self.hear(change._replace(levels=levels, said_ms=self._stamp()))

    def _late(self, a: int, b: int) -> None:
        """The venue's clock, or the way from it, is off for a while."""
        self._lag = (0, 0, 0, 1_500, 3_000, -1_500, -3_000)[b % 7]

    # Time

    def _second(self, a: int, b: int) -> None:
        """A second passes, and every book is told anew: nothing goes stale."""
        self.now = Ms(self.now + 1_000)
        for market in self.markets:
            self._whole(market, self._mid[market], self._mid[market] + 2)
        self.hear(ev.Tick(self.now))

    def _jump(self, a: int, b: int) -> None:
        """To another hour: a peak, a weekend, the next day."""
        if b % 3 == 0:
            hour = (13, 14, 15, 20, 21, 23)[a % 6]
            to = self.now - self.now % DAY_MS + hour * HOUR_MS + 59 * 60_000 * (a % 2)
            self.now = Ms(to if to > self.now else to + DAY_MS)
        elif b % 3 == 1:
            self.now = Ms(self.now - self.now % DAY_MS + DAY_MS + 1_000)
        self._second(a, b)

    def _wait(self, a: int, b: int) -> None:
        self.now = Ms(self.now + 20_000 * (1 + b % 4))
        self._second(a, b)

    # Agreements

    def _cut(self, a: int, b: int) -> None:
        """The shard's part of the limits is another one."""
        if b % 3 == 0:
            part = CUTS[a % len(CUTS)]
            loss, rate = (usdc("2"), usdc("1000"))[b % 2], (1, 2, 100)[a % 3]
            cash = None if b % 2 else CUTS[b % len(CUTS)]
            self.hear(ev.BudgetSet(Budget(part, CUTS[(a + b) % len(CUTS)], loss, rate, cash), self.now))
        else:
            whole = Budget(usdc("5000"), usdc("5000"), usdc("1000"), 100, None)
            self.hear(ev.BudgetSet(whole, self.now))

    def _agree(self, a: int, b: int) -> None:
        """Other limits are agreed; later the old ones again."""
        self._number += 1
        scale = (1, 1, 2, 3)[b % 4]
        cut = replace(
            self.limits,
            position=Usdc(self.limits.position // scale),
            group=Usdc(self.limits.group // scale),
            total_exposure=Usdc(self.limits.total_exposure // scale),
            order_max=Usdc(self.limits.order_max // scale),
            open_orders=max(1, self.limits.open_orders // scale),
        )
        self.hear(ev.LimitsSet(self._number, cut, self.now))

    def _halt(self, a: int, b: int) -> None:
        """Halts are short, or nothing else would be seen."""
        market = (None, *self.markets)[a % (1 + len(self.markets))]
        if b % 8 == 0:
            self.hear(ev.Halted(market, "wild", self.now))
        elif b % 8 < 4:
            for each in (None, *self.markets):
                self.hear(ev.Resumed(each, "calm", self.now))

    def _retick(self, a: int, b: int) -> None:
        market = self.markets[a % len(self.markets)]
        tick = Price(10 if b % 3 == 0 else 100)
        self.hear(ev.TickSizeChanged(market, tick, self.now, self.now))

    # What comes of orders

    def _fill(self, truth: Any, size: Shares) -> None:
        """As a wild venue fills, at a better price now and then."""
        super()._fill(truth, size)
        seen = self.mail[-1]
        if isinstance(seen, ev.FillSeen) and truth.place.kind is OrderKind.TAKE and len(self.fills) % 3 == 0:
            better = seen.amount * 97 // 100 if truth.place.side is Side.BUY else seen.amount * 103 // 100
            self.mail[-1] = replace(seen, amount=Usdc(better))
            self.fills[seen.fill_id].net += abs(seen.amount - better)

    def _answer(self, a: int, b: int) -> None:
        """As a wild venue answers, now and then only after the taker's delay."""
        super()._answer(a, b)
        said = self.mail[-1] if self.mail else None
        if isinstance(said, ev.OrderAcked) and self.orders[said.key].place.kind is OrderKind.TAKE and b % 2:
            self.mail[-1:] = [replace(said, status=ev.AckStatus.DELAYED), said]

    def _hurry(self, a: int, b: int) -> None:
        """Part of an order trades and the rest is gone; its end is told before its fill."""
        resting = [truth for truth in self.orders.values() if truth.alive and truth.arrived]
        if resting:
            truth = resting[a % len(resting)]
            self._fill(truth, floor_to(Shares(truth.remaining // 2)) or truth.remaining)
            truth.alive = False
            closed = ev.OrderClosed(truth.place.key, ev.CloseReason.CANCELLED, Shares(truth.filled), self.now)
            self.mail.insert(len(self.mail) - 1, closed)

    def _turn_up(self, a: int, b: int) -> None:
        """An order the venue had never heard of trades after all, and is there."""
        lost = [
            event.key
            for event in self.events
            if isinstance(event, ev.OrderClosed) and event.reason is ev.CloseReason.NEVER_LANDED
        ]
        if lost and not (truth := self.orders[lost[a % len(lost)]]).fills:
            self._fill(truth, floor_to(Shares(truth.remaining // 2)) or truth.remaining)
            truth.alive = bool(truth.remaining)

    def _mined(self, a: int, b: int) -> None:
        """A fill is on its way to being settled, or has to be tried again."""
        heard = [event.fill_id for event in self.events if isinstance(event, ev.FillSeen)]
        if heard:
            status = ev.FillStatus.RETRYING if b % 3 == 0 else ev.FillStatus.MINED
            self.hear(ev.FillSettled(heard[a % len(heard)], status, self.now))

    def _resolve(self, a: int, b: int) -> None:
        market = self.markets[a % len(self.markets)]
        if b % 30 == 0 and len(self._resolved) < 2:
            self._resolved.add(market)
            payout = Price((0, ONE, ONE // 2)[b % 3])
            self.hear(ev.MarketResolved(market, payout, self.now, self.now))

    def _wallet(self, action: Merge | Redeem) -> None:
        """Merges are told step by step, and some fail; redemptions pay."""
        said: list[ev.Event] = []
        if isinstance(action, Redeem):
            paid = Usdc((action.yes * action.payout + action.no * (ONE - action.payout)) // ONE)
            said.append(
                ev.Redeemed(action.action_id, action.market_id, action.yes, action.no, paid, self.now)
            )
        else:
            statuses = [ev.WalletStatus.SUBMITTED, ev.WalletStatus.CONFIRMED]
            if len(self.steps) % 3 == 0:
                statuses[1:] = [ev.WalletStatus.UNKNOWN, ev.WalletStatus.FAILED]
            said += [
                ev.MergeStepped(action.action_id, action.market_id, action.shares, status, self.now)
                for status in statuses
            ]
        self.mail.extend(said)


def hash_of(draw: Draw, number: int) -> int:
    """The same for the same history, whatever the process."""
    kind, a, b = draw
    return ((number * 97 + kind) * 97 + a) * 97 + b
