"""The auditor: asks of every order that left whether it was within the limits, by books of its own (trading.md 12).

It hears what the engine heard and what the engine let through, and knows nothing else of it.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from core import events as ev
from core.engine import Step
from core.ids import FillId, MarketId, Outcome, Side
from core.intents import Merge, OrderKind, Place, Purpose
from core.limits import Budget, Limits
from core.risk import LAYERS, Refused
from core.strategies.view import Wanted
from core.units import text
from tests.core.held.books import ONE, Gone, MarketBooks, Own, Traded, owner, price_of
from tests.core.held.prices import DAY_MS, Prices, Skew, Worth, kept_quarters

HOUR_MS: Final = 3_600_000
NOISE: Final = 1_000  # 0.001 USDC: the fee of a valuation may be rounded either way
SETTLED: Final = frozenset({ev.FillStatus.CONFIRMED, ev.FillStatus.FAILED})


class Breach(AssertionError):
    """An order left that should not have. ``rule``: by which of the auditor's rules."""

    def __init__(self, rule: str, place: Place, value: object, limit: object) -> None:
        super().__init__(f"{rule}: {value} beyond {limit} with {place}")
        self.rule = rule


Asked = Callable[[Place], int]  # the shares the strategy wished for


class Auditor:
    """Hear every event with what the engine answered. Raises ``Breach``.

    amid: orders approved while the fate of another order, or of a fill, was unknown.
    """

    def __init__(self, limits: Limits, ceiling: int, cash: int, listed: Iterable[ev.MarketListed]) -> None:
        self.limits, self.ceiling, self.cash = limits, ceiling, cash
        self.budget: Budget | None = None
        self.books = {each.market_id: MarketBooks(each) for each in listed}
        self.prices = {market: Prices() for market in self.books}
        self.skew, self.worth, self.halted = Skew(), Worth(), False
        self.sent: deque[int] = deque()
        self.approvals = self.amid = 0
        self._fills: dict[FillId, MarketId] = {}
        self._risk: dict[MarketId, int] = {}

    def heard(self, event: ev.Event, step: Step, asked: Asked) -> None:
        self._learn(event)
        for refused in step.refusals:
            names_all(refused)
        for approved in step.approved:
            self._judge(approved.intent, asked(approved.intent), event.heard_ms)
        for action in step.wallet_actions:
            if isinstance(action, Merge):
                self.books[action.market_id].merging[action.action_id] = action.shares
        if isinstance(event, ev.Tick) or (self.worth.began_day is None and (step.approved or step.refusals)):
            markets = {market: (books, self.prices[market]) for market, books in self.books.items()}
            landed = sum(books.cash_landed() for books in self.books.values())
            self.worth.value(self.cash + landed, markets, event.heard_ms)

    def hold_apart(self, market: MarketId, outcome: Outcome, shares: int, cost: int) -> None:
        """Somebody else on the account holds shares from before."""
        books = self.books[market]
        books.apart[outcome] += shares
        books.apart_at_risk += cost
        self.cash -= cost

    # What was told

    def _learn(self, event: ev.Event) -> None:
        match event:
            case ev.BookSnapshot() | ev.BookChanged():
                self.prices[event.market_id].hear(event)
                if isinstance(event, ev.BookChanged):
                    self.skew.hear(event)
            case ev.FeedLost(market_ids=markets):
                for market in markets:
                    self.prices[market].lose()
            case ev.FeedBack(market_ids=markets):
                for market in markets:
                    self.prices[market].is_fed = True
            case ev.Halted(market_id=market) | ev.Resumed(market_id=market):
                self._halt(market, halted=isinstance(event, ev.Halted))
            case ev.LimitsSet(limits=limits):
                self.limits = limits
            case ev.BudgetSet(budget=budget):
                self.budget = budget
            case ev.MarketListed() | ev.TickSizeChanged() | ev.MarketResolved():
                self._market(event)
            case ev.MergeStepped() | ev.Redeemed():
                self._paid(event)
            case _:
                self._answer(event)

    def _halt(self, market: MarketId | None, *, halted: bool) -> None:
        if market is None:
            self.halted = halted
        else:
            self.books[market].halted = halted

    def _market(self, event: ev.MarketListed | ev.TickSizeChanged | ev.MarketResolved) -> None:
        books = self.books[event.market_id]
        if isinstance(event, ev.MarketListed):
            books.listing, books.tick = event, event.tick
        elif isinstance(event, ev.TickSizeChanged):
            books.tick = event.tick
        else:
            books.payout = event.payout

    def _paid(self, event: ev.MergeStepped | ev.Redeemed) -> None:
        books = self.books[event.market_id]
        self._risk.pop(event.market_id, None)
        if isinstance(event, ev.Redeemed):
            books.moves.append(Gone(event.yes, event.no, event.received))
        elif event.status in (ev.WalletStatus.CONFIRMED, ev.WalletStatus.FAILED):
            shares = books.merging.pop(event.action_id, None)
            if shares is not None and event.status is ev.WalletStatus.CONFIRMED:
                books.moves.append(Gone(shares, shares, shares))

    def _answer(self, event: ev.Event) -> None:
        if not isinstance(event, ev.OrderEvent):
            return
        market = owner(self._fills, event)
        self._risk.pop(market, None)
        books = self.books[market]
        if isinstance(event, ev.FillSettled) or (
            isinstance(event, ev.FillSeen) and event.fill_id in books.fills
        ):
            self._settled(books.fills[event.fill_id], event.status)
        else:
            own = books.orders[event.key]
            own.hear(event)
            if isinstance(event, ev.FillSeen):
                self._traded(books, own, event)

    def _traded(self, books: MarketBooks, own: Own, event: ev.FillSeen) -> None:
        net = event.amount - event.fee if not own.is_bid else -event.amount - event.fee
        books.fills[event.fill_id] = Traded(
            own.place.outcome, own.place.side, event.shares, net, event.status
        )
        books.moves.append(event.fill_id)
        self._fills[event.fill_id] = own.place.market_id

    @staticmethod
    def _settled(fill: Traded, status: ev.FillStatus) -> None:
        if fill.status not in SETTLED:
            fill.status = status

    # What may leave

    def _judge(self, place: Place, asked: int, now: int) -> None:
        books, before = self.books[place.market_id], self._at_risk()
        lead = {o: books.most(o) - books.least(o.other) for o in Outcome}
        for rule, value, limit, holds in (
            *self._ever(place, now),
            *(self._opening(place, asked, now) if place.purpose is Purpose.OPENING else ()),
        ):
            if not holds:
                raise Breach(rule, place, value, limit)
        books.orders[place.key] = Own(place)
        self._risk.pop(place.market_id, None)
        self.sent.append(now)
        self.approvals += 1
        self.amid += any(b.unsure() or any(own.unknown for own in b.live()) for b in self.books.values())
        for rule, value, limit in (*self._sums(place, before), *self._legs(place, lead)):
            if value > limit:
                raise Breach(rule, place, value, limit)

    def _ever(self, place: Place, now: int) -> Iterator[tuple[str, object, object, bool]]:
        """What binds every order."""
        limits, books, prices = self.limits, self.books[place.market_id], self.prices[place.market_id]
        price, value = place.price, price_of(place.shares, place.price)
        yield "halted", "halted", "running", not (self.halted or books.halted)
        yield "trust", "not whole", "whole", prices.is_trusted
        yield "unknown", "UNKNOWN", "none", not any(own.unknown for own in books.live())
        yield "resolved", books.payout, "open", books.payout is None
        yield "tick", price, books.tick, not price % books.tick and books.tick <= price <= ONE - books.tick
        least = books.listing.min_size
        yield "min_size", place.shares, least, place.shares >= least and not place.shares % 10_000
        met = prices.met(place.outcome, place.side)
        sign = 1 if place.side is Side.BUY else -1
        if place.kind is OrderKind.QUOTE:
            yield "crosses", price, met, met is None or sign * (met - price) > 0
        else:
            reach = None if met is None else max(books.tick, met * limits.slippage_bps // ONE)
            near = met is not None and reach is not None and sign * (price - met) <= reach
            yield "slippage", price, met, near
            yield "marketable_min", value, limits.marketable_min, value >= limits.marketable_min
        while self.sent and self.sent[0] <= now - 1_000:
            self.sent.popleft()
        rate = min(limits.orders_per_s, self.budget.orders_per_s) if self.budget else limits.orders_per_s
        yield "orders_per_s", len(self.sent) + 1, rate, len(self.sent) < rate
        opened = books.open_orders() + 1
        yield "open_orders", opened, limits.open_orders, opened <= limits.open_orders
        yield "own_cross", price, "no own order", not any(self._meets(place, own) for own in books.live())
        if place.side is Side.SELL:
            free = books.for_sale(place.outcome)
            yield "held", place.shares, free, place.shares <= free

    @staticmethod
    def _meets(place: Place, own: Own) -> bool:
        (bids, mine), (other_bids, other) = Own(place).yes_terms, own.yes_terms
        if own.over is not None or bids is other_bids:
            return False
        return mine >= other if bids else other >= mine

    def _opening(self, place: Place, asked: int, now: int) -> Iterator[tuple[str, object, object, bool]]:
        """What binds orders that add risk."""
        limits, books, prices = self.limits, self.books[place.market_id], self.prices[place.market_id]
        value = price_of(place.shares, place.price)
        yield "order_min", value, limits.order_min, value >= limits.order_min
        quarters = kept_quarters(prices.range2(now), limits.calm)
        hour = now % DAY_MS // HOUR_MS
        eighths = quarters if hour in (14, 15, 20, 21) else 2 * quarters
        largest = min(asked, limits.order_max * ONE // place.price)
        rule = "peak" if eighths < 2 * quarters and 8 * place.shares <= largest * 2 * quarters else "size"
        rule = "order_max" if value > limits.order_max else rule
        yield rule, 8 * place.shares, largest * eighths, 8 * place.shares <= largest * eighths
        weekend = (now // DAY_MS + 3) % 7 >= 5
        yield "weekend", "weekend", "weekday", limits.weekend_trading or not weekend
        yield "skew", "off", limits.skew_ms, not self.skew.surely_off(limits.skew_ms, now)
        most = min(limits.daily_loss, self.budget.daily_loss) if self.budget else limits.daily_loss
        lost = self.worth.lost
        yield "daily_loss", lost, most, lost is None or lost < most + NOISE
        if place.side is Side.BUY:
            others = [
                own.place.price
                for own in books.live()
                if own.over is None and own.is_bid and own.place.outcome is place.outcome.other
            ]
            pair = place.price + max(others, default=0)
            yield "ceiling", pair, self.ceiling, not others or pair <= self.ceiling

    def _at_risk(self) -> dict[str, dict[Any, int]]:
        """What can be lost by market, by group and in all."""
        risk = {market: self._risk_of(market) for market in self.books}
        groups: dict[str, int] = {}
        for market, lost in risk.items():
            group = self.books[market].listing.group
            groups[group] = groups.get(group, 0) + lost
        return {"position": risk, "group": groups, "total": {"": sum(risk.values())}}

    def _risk_of(self, market: MarketId) -> int:
        if market not in self._risk:
            self._risk[market] = self.books[market].at_risk()
        return self._risk[market]

    def _sums(self, place: Place, before: dict[str, dict[Any, int]]) -> Iterator[tuple[str, int, int]]:
        """Exposure and money with the order among the others. An order that reduces may stand beyond a limit that
        was passed before it, and must not lead further beyond."""
        limits, budget, after = self.limits, self.budget, self._at_risk()
        opens = place.purpose is Purpose.OPENING
        where = {"position": place.market_id, "group": self.books[place.market_id].listing.group, "total": ""}
        agreed = {"position": limits.position, "group": limits.group, "total": limits.total_exposure}
        for name, at in where.items():
            limit = agreed[name] if opens else max(agreed[name], before[name][at])
            yield name, after[name][at], limit
        if budget is not None and opens:
            yield "budget", after["total"][""], budget.total_exposure
            yield "budget", after["group"][where["group"]], budget.group_exposure
        if place.side is Side.BUY:
            yield "cash", 0, self.cash + sum(books.cash() for books in self.books.values())
            if budget is not None and budget.cash is not None:
                yield "budget_cash", sum(books.bound() for books in self.books.values()), budget.cash

    def _legs(self, place: Place, before: dict[Outcome, int]) -> Iterator[tuple[str, int, int]]:
        """How far one leg may come to lead, everything for it done and everything against it not."""
        books, limits = self.books[place.market_id], self.limits
        for outcome in Outcome:
            after = books.most(outcome) - books.least(outcome.other)
            if after > before[outcome]:
                opens = place.purpose is Purpose.OPENING
                most = limits.imbalance_shares if opens else max(limits.imbalance_shares, *before.values())
                yield "imbalance_shares", after, most
        if place.purpose is Purpose.OPENING and place.side is Side.BUY:
            bids = [o for o in books.live() if o.is_bid and o.place.outcome is place.outcome]
            yield "imbalance", sum(books.cost_of(own) for own in bids), limits.imbalance


def names_all(refused: Refused) -> None:
    """Rule, value and limit, in the words too."""
    assert refused.rule in LAYERS
    for named in (refused.value, refused.limit):
        assert named != "", f"a refusal says what was found and what is asked for: {refused}"
        shown = {str(named)} if isinstance(named, str) else {text(named, places) for places in (0, 4, 6)}
        found = any(re.search(rf"(?<![\d.]){re.escape(word)}(?![\d.])", refused.detail) for word in shown)
        assert found, f"{named} is not in {refused.detail!r}"


def wished(wanted: Iterable[Wanted], place: Place) -> int:
    """How many shares the strategy asked for."""
    return max(
        wish.shares
        for wish in wanted
        if (wish.outcome, wish.side, wish.price, wish.kind, wish.purpose)
        == (place.outcome, place.side, place.price, place.kind, place.purpose)
    )
