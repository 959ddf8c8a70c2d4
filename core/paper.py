"""A venue that fills our orders on paper: the lifecycle, money and delays of the real one. Read ``_arrive`` first.

What would have traded is decided in ``core.paper_market``, whose docstring lists the assumptions about the book.
Those about the venue, one per line:

1. An order reaches the venue, and its answer us, ``ack_ms`` after it was sent; a cancel ``cancel_ms`` after.
2. A marketable order then waits the market's taker delay, DELAYED and not cancellable, is checked again,
   sweeps the book as it is then, and its rest is killed. One that reaches nothing on arrival is killed at once.
3. Takers pay the venue's fee level by level, makers nothing; buys lock their cost and fee, sells their shares.
4. Shares bought can be sold or merged when the fill is CONFIRMED; every fill is, none FAILS.
5. Where the book cannot be seen, or the fee is unknown, the market is not tradable.
6. Resting orders are wiped at game start where the venue does so, and all orders at resolution.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush

from core.events import (
    AckStatus,
    BalanceSeen,
    BookChanged,
    BookSnapshot,
    CancelFailed,
    CloseReason,
    Event,
    FeedBack,
    FeedLost,
    FillSeen,
    FillSettled,
    FillStatus,
    MarketListed,
    MarketResolved,
    MergeStepped,
    OrderAcked,
    OrderClosed,
    OrderRejected,
    Redeemed,
    RejectCode,
    TickSizeChanged,
    TradePrinted,
    WalletStatus,
)
from core.ids import FillId, IntentKey, MarketId, OrderId, Outcome, Side
from core.intents import Merge, OrderKind, Place, Redeem
from core.paper_market import Match, PaperMarket, PaperOrder, Refusal, Stage
from core.paper_purse import Leg, Purse
from core.units import Ms, Price, Shares, Usdc, cost, cost_up, mirrored, text


@dataclass(frozen=True, slots=True)
class Latency:
    """Spans of the clock.

    Units:
        ack_ms:    from sending an order to its arrival and answer.
        cancel_ms: from sending a cancel to its effect and answer.
        mined_ms, confirmed_ms: from a match to these settlement steps.
        wallet_ms: from the answer to a merge or redemption to its confirmation.
    """

    ack_ms: Ms
    cancel_ms: Ms
    mined_ms: Ms
    confirmed_ms: Ms
    wallet_ms: Ms


class PaperVenue:
    """One account at the paper venue. Deterministic: the same calls bring the same events.

    Nothing speaks by itself: call ``advance(due_ms())`` before observing what was heard later, or the answers
    come late. Time never runs back: an earlier ``now_ms`` counts as the latest one seen.
    """

    def __init__(self, *, cash: Usdc, held: Mapping[Leg, Shares], latency: Latency) -> None:
        """``cash`` and ``held`` are what the account owns already; all of ``held`` counts as settled."""
        self._purse = Purse(cash, held)
        self._told_cash = cash
        self._latency = latency
        self._markets: dict[MarketId, PaperMarket] = {}
        self._orders: dict[IntentKey, PaperOrder] = {}
        self._due: list[tuple[Ms, int, Callable[[Ms], None]]] = []
        self._planned = 0
        self._said: list[Event] = []
        self._now = Ms(0)

    def list_market(self, listing: MarketListed) -> None:
        """Open a market, or take its changed terms."""
        self._catch_up(listing.heard_ms)
        market = self._markets.get(listing.market_id)
        known = None if market is None else market.listing.starts_ms
        if market is None:
            market = self._markets[listing.market_id] = PaperMarket(listing)
        market.listing = listing
        starts_ms = listing.starts_ms
        if starts_ms is not None and starts_ms > self._now and starts_ms != known:
            self._plan(starts_ms, partial(self._wipe, listing.market_id))

    def observe(self, event: Event, now_ms: Ms) -> None:
        """See what happened in the markets. Events of markets not listed, and all other events, are passed by."""
        self._catch_up(now_ms)
        if isinstance(event, (FeedLost, FeedBack)):
            self._see_feed(event)
        elif isinstance(event, (BookChanged, BookSnapshot, TradePrinted, TickSizeChanged, MarketResolved)):
            market = self._markets.get(event.market_id)
            if market is not None:
                self._see(market, event)

    def submit(self, place: Place, order_id: OrderId, now_ms: Ms) -> None:
        """Send an order. Raises ``ValueError`` when one with its key is open."""
        self._catch_up(now_ms)
        if place.key in self._orders:
            raise ValueError(f"order sent twice: {place.key}")
        order = self._orders[place.key] = PaperOrder(place, order_id)
        self._plan(Ms(self._now + self._latency.ack_ms), partial(self._arrive, order))

    def cancel(self, key: IntentKey, now_ms: Ms) -> None:
        """Ask to withdraw an order, known or not: the answer says which."""
        self._catch_up(now_ms)
        self._plan(Ms(self._now + self._latency.cancel_ms), partial(self._withdraw, key))

    def merge(self, action: Merge, now_ms: Ms) -> None:
        """Turn settled pairs into cash; FAILED when there are not as many free."""
        self._catch_up(now_ms)
        answered = Ms(self._now + self._latency.ack_ms)
        if not 0 < action.shares <= min(self.free_shares(action.market_id, outcome) for outcome in Outcome):
            self._plan(answered, partial(self._merge_step, action, WalletStatus.FAILED))
            return
        self._purse.begin_merge(action.market_id, action.shares)
        confirmed = Ms(answered + self._latency.wallet_ms)
        self._plan(answered, partial(self._merge_step, action, WalletStatus.SUBMITTED))
        self._plan(confirmed, partial(self._merge_step, action, WalletStatus.CONFIRMED))

    def redeem(self, action: Redeem, now_ms: Ms) -> None:
        """Collect what shares of a resolved market pay. Raises ``ValueError`` while it is not resolved."""
        self._catch_up(now_ms)
        market = self._markets.get(action.market_id)
        if market is None or market.payout is None:
            raise ValueError(f"not resolved: {action.market_id}")
        paid = Ms(self._now + self._latency.ack_ms + self._latency.wallet_ms)
        self._plan(paid, partial(self._redeem, action, market.payout))

    def due_ms(self) -> Ms | None:
        """When it next has something to say or to do; ``None``: nothing until more is observed or asked."""
        if self._said:
            return self._now
        return self._due[0][0] if self._due else None

    def advance(self, now_ms: Ms) -> list[Event]:
        """Everything due up to ``now_ms``, in the order in which it happened."""
        self._catch_up(now_ms)
        if self._purse.cash != self._told_cash:
            self._told_cash = self._purse.cash
            self._said.append(BalanceSeen(self._told_cash, self._now))
        said, self._said = self._said, []
        return said

    @property
    def cash(self) -> Usdc:
        """All cash, locks of open orders included."""
        return self._purse.cash

    def held(self, market_id: MarketId, outcome: Outcome) -> Shares:
        return self._purse.held((market_id, outcome))

    def all_held(self) -> Mapping[Leg, Shares]:
        return self._purse.all_held()

    def free_cash(self) -> Usdc:
        """Cash that no open buy has locked."""
        return Usdc(self._purse.cash - sum(self._lock(order) for order in self._orders.values()))

    def free_shares(self, market_id: MarketId, outcome: Outcome) -> Shares:
        """Settled shares that no open sell and no merge has locked."""
        selling = sum(
            order.remaining
            for order in self._orders.values()
            if order.stage is not Stage.FLYING
            and order.place.side is Side.SELL
            and order.place.outcome is outcome
            and order.place.market_id == market_id
        )
        return Shares(self._purse.settled((market_id, outcome)) - selling)

    def open_keys(self) -> tuple[IntentKey, ...]:
        """Orders the venue has and has not closed, first come first: what a halt asks for."""
        return tuple(key for key, order in self._orders.items() if order.stage is not Stage.FLYING)

    def queue_ahead(self, key: IntentKey) -> Shares | None:
        """Size still before a resting order, at most; ``None`` when it does not rest."""
        order = self._orders.get(key)
        return order.queue if order is not None and order.stage is Stage.RESTING else None

    def _plan(self, due_ms: Ms, act: Callable[[Ms], None]) -> None:
        self._planned += 1
        heappush(self._due, (due_ms, self._planned, act))

    def _catch_up(self, now_ms: Ms) -> None:
        """Do what is due by ``now_ms``, so that it meets the book as it was."""
        self._now = max(self._now, now_ms)
        while self._due and self._due[0][0] <= self._now:
            due, _, act = heappop(self._due)
            act(due)

    def _arrive(self, order: PaperOrder, at_ms: Ms) -> None:
        """Checked; then a quote rests, and a marketable order sweeps now or after the market's delay."""
        refusal = self._refusal(order)
        if refusal is not None:
            self._reject(order, refusal, at_ms)
            return
        market = self._markets[order.place.market_id]
        if order.place.kind is OrderKind.QUOTE:
            market.join(order)
            self._ack(order, AckStatus.LIVE, at_ms)
        elif not market.reaches(order):
            self._ack(order, AckStatus.LIVE, at_ms)
            self._close(order, CloseReason.KILLED, at_ms)
        elif market.listing.delay_ms:
            order.stage = Stage.DELAYED
            self._ack(order, AckStatus.DELAYED, at_ms)
            self._plan(Ms(at_ms + market.listing.delay_ms), partial(self._wake, order))
        else:
            self._ack(order, AckStatus.MATCHED, at_ms)
            self._sweep(market, order, at_ms)

    def _wake(self, order: PaperOrder, at_ms: Ms) -> None:
        """The taker delay is over."""
        if self._orders.get(order.place.key) is not order:
            return
        order.stage = Stage.FLYING  # checked as if it came now: its own lock must not stand in its way
        refusal = self._refusal(order)
        if refusal is not None:
            self._reject(order, refusal, at_ms)
        else:
            self._sweep(self._markets[order.place.market_id], order, at_ms)

    def _refusal(self, order: PaperOrder) -> Refusal | None:
        place = order.place
        market = self._markets.get(place.market_id)
        if market is None:
            return Refusal(RejectCode.UNTRADABLE, "no such market")
        refusal = market.refusal(order)
        if refusal is not None:
            return refusal
        if place.side is Side.BUY:
            needs, has = int(market.cost_left(order)), int(self.free_cash())
        else:
            needs, has = int(order.remaining), int(self.free_shares(place.market_id, place.outcome))
        if needs <= has:
            return None
        return Refusal(RejectCode.NOT_ENOUGH_BALANCE, f"needs {text(needs, 6)} of {text(has, 6)} free")

    def _lock(self, order: PaperOrder) -> Usdc:
        """USDC an order keeps from being spent twice."""
        if order.place.side is Side.SELL or order.stage is Stage.FLYING:
            return Usdc(0)
        return self._markets[order.place.market_id].cost_left(order)

    def _sweep(self, market: PaperMarket, order: PaperOrder, at_ms: Ms) -> None:
        """Take what the book offers within the limit and the purse, level by level; the rest is killed."""
        place = order.place
        for yes_price, size in list(market.offers(order)):
            shares = min(size, order.remaining)
            price = yes_price if place.outcome is Outcome.YES else mirrored(yes_price)
            charge = market.taker_fee(price, shares)
            amount = cost_up(price, shares) if place.side is Side.BUY else cost(price, shares)
            if not shares or (place.side is Side.BUY and amount + charge > self.free_cash()):
                break
            self._fill(market.take(order, yes_price, shares), amount, charge, at_ms, at_ms)
        if order.remaining:
            self._close(order, CloseReason.KILLED, at_ms)

    def _fill_resting(self, market: PaperMarket, matches: list[Match], said_ms: Ms) -> None:
        for match in matches:
            order = match.order
            price, before = order.place.price, Shares(order.filled - match.shares)
            # So that what many fills of one order cost adds up to what one fill would have.
            priced = cost_up if order.place.side is Side.BUY else cost
            amount = Usdc(priced(price, order.filled) - priced(price, before))
            self._fill(match, amount, Usdc(0), said_ms, self._now)
            if not order.remaining:
                market.leave(order)

    def _fill(self, match: Match, amount: Usdc, charge: Usdc, said_ms: Ms, at_ms: Ms) -> None:
        order, shares = match.order, match.shares
        place = order.place
        leg: Leg = (place.market_id, place.outcome)
        self._purse.trade(leg, place.side, shares, amount, charge)
        order.fills += 1
        fill_id = FillId(f"{order.order_id}:{order.fills}")
        self._said.append(
            FillSeen(
                fill_id=fill_id,
                key=place.key,
                shares=shares,
                amount=amount,
                fee=charge,
                status=FillStatus.MATCHED,
                evidence=match.evidence,
                said_ms=said_ms,
                heard_ms=at_ms,
            )
        )
        if not order.remaining:
            del self._orders[place.key]
        bought = shares if place.side is Side.BUY else Shares(0)
        self._plan(Ms(at_ms + self._latency.mined_ms), partial(self._settle, fill_id, FillStatus.MINED))
        self._plan(Ms(at_ms + self._latency.confirmed_ms), partial(self._confirm, fill_id, leg, bought))

    def _settle(self, fill_id: FillId, status: FillStatus, at_ms: Ms) -> None:
        self._said.append(FillSettled(fill_id, status, at_ms))

    def _confirm(self, fill_id: FillId, leg: Leg, bought: Shares, at_ms: Ms) -> None:
        self._settle(fill_id, FillStatus.CONFIRMED, at_ms)
        if bought:
            self._purse.confirm(leg, bought)

    def _ack(self, order: PaperOrder, status: AckStatus, at_ms: Ms) -> None:
        self._said.append(OrderAcked(order.place.key, order.order_id, status, at_ms))

    def _reject(self, order: PaperOrder, refusal: Refusal, at_ms: Ms) -> None:
        del self._orders[order.place.key]
        self._said.append(OrderRejected(order.place.key, refusal.code, refusal.detail, at_ms))

    def _close(self, order: PaperOrder, reason: CloseReason, at_ms: Ms) -> None:
        del self._orders[order.place.key]
        market = self._markets[order.place.market_id]
        if order.stage is Stage.RESTING:
            market.leave(order)
        self._said.append(OrderClosed(order.place.key, reason, order.filled, at_ms))

    def _withdraw(self, key: IntentKey, at_ms: Ms) -> None:
        order = self._orders.get(key)
        if order is None or order.stage is Stage.FLYING:
            self._said.append(CancelFailed(key, "order not found, or matched or closed already", at_ms))
        elif order.stage is Stage.DELAYED:
            self._said.append(CancelFailed(key, "order is delayed", at_ms))
        else:
            self._close(order, CloseReason.CANCELLED, at_ms)

    def _wipe(self, market_id: MarketId, at_ms: Ms) -> None:
        """Game start. A listing may have moved it since this was planned."""
        market = self._markets.get(market_id)
        if market is not None and market.listing.wiped_at_start and market.listing.starts_ms == at_ms:
            for order in list(market.resting):
                self._close(order, CloseReason.CANCELLED, at_ms)

    def _see(
        self,
        market: PaperMarket,
        event: BookChanged | BookSnapshot | TradePrinted | TickSizeChanged | MarketResolved,
    ) -> None:
        match event:
            case BookChanged() | BookSnapshot():
                self._fill_resting(market, market.changed(event, self._now), event.said_ms)
            case TradePrinted():
                self._fill_resting(market, market.printed(event, self._now), event.said_ms)
            case TickSizeChanged():
                market.listing = replace(market.listing, tick=event.tick)
            case MarketResolved():
                self._resolve(market, event.payout)

    def _see_feed(self, event: FeedLost | FeedBack) -> None:
        for market_id in event.market_ids:
            market = self._markets.get(market_id)
            if market is not None:
                market.blind = True
                turn = market.book.feed_lost if isinstance(event, FeedLost) else market.book.feed_back
                turn(self._now)

    def _resolve(self, market: PaperMarket, payout: Price) -> None:
        market.payout = payout
        market_id = market.listing.market_id
        for order in [order for order in self._orders.values() if order.place.market_id == market_id]:
            if order.stage is not Stage.FLYING:
                self._close(order, CloseReason.CANCELLED, self._now)
        self._let_go(market_id)

    def _merge_step(self, action: Merge, status: WalletStatus, at_ms: Ms) -> None:
        if status is WalletStatus.CONFIRMED:
            self._purse.end_merge(action.market_id, action.shares)
        self._said.append(MergeStepped(action.action_id, action.market_id, action.shares, status, at_ms))
        self._let_go(action.market_id)

    def _redeem(self, action: Redeem, payout: Price, at_ms: Ms) -> None:
        yes = min(action.yes, self.held(action.market_id, Outcome.YES))
        no = min(action.no, self.held(action.market_id, Outcome.NO))
        received = self._purse.redeem(action.market_id, yes, no, payout)
        self._said.append(Redeemed(action.action_id, action.market_id, yes, no, received, at_ms))
        self._let_go(action.market_id)

    def _let_go(self, market_id: MarketId) -> None:
        """Forget a resolved market of which nothing is held: no order can come to it any more."""
        market = self._markets.get(market_id)
        if market is not None and market.payout is not None and self._purse.is_empty_of(market_id):
            del self._markets[market_id]
