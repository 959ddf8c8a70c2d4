"""Where orders meet: they rest, wait, match, expire and end here. Money and trades follow from it."""

from collections.abc import Callable, Mapping
from typing import Final

from core.ids import MarketId, Side
from core.units import Ms, Price, Shares, Usdc
from simulator.exchange import mint_merge
from simulator.exchange.accounts import Account, Holding
from simulator.exchange.book import Book
from simulator.exchange.delays import WaitingRoom
from simulator.exchange.listing import Listing, redrawn
from simulator.exchange.matching import Step, filled_up, steps, sweep
from simulator.exchange.orders import CancelReason, Order, Refusal, Status, TimeInForce, own_price
from simulator.exchange.prints import LevelSet, Print, Traded
from simulator.exchange.record import Record
from simulator.exchange.rules import can_pay, expiry_ms, hold_back, refusal_of, to_hold_back
from simulator.exchange.trades import MakerPart, Move, Trade, TradeStatus, trade_id
from simulator.exchange.treasury import Treasury

ENDS: Final = {CancelReason.EXPIRED: Status.EXPIRED, CancelReason.REJECTED: Status.REJECTED}


class Floor:
    """``allowed(order)`` is asked for wallets' orders; ``traded`` is told each trade a wallet is part of."""

    def __init__(
        self,
        seed: int,
        listings: Mapping[MarketId, Listing],
        record: Record,
        treasury: Treasury,
        *,
        allowed: Callable[[Order], bool],
        traded: Callable[[Trade], None],
    ) -> None:
        self.prints: list[Print] = []
        self.now_ms = Ms(0)
        self._seed, self._listings, self._record, self._treasury = seed, listings, record, treasury
        self._allowed, self._traded = allowed, traded
        self._delayed, self._expiring = WaitingRoom(), WaitingRoom()
        self._trades = 0

    def take(self, order: Order) -> Refusal | None:
        """Let a new order rest, wait or match. Returns why it may not; nothing has changed then."""
        listing = self._listings.get(order.market_id)
        refusal = Refusal.CLOSED if listing is None else refusal_of(order, listing)
        if refusal is not None or listing is None:
            return refusal
        if order.owner.wallet and not self._allowed(order):
            return Refusal.NO_ALLOWANCE
        if not listing.book.crosses(order):
            self._record.placed(order)
            self._rest(order, listing)
            return None
        if listing.terms.delay_ms:
            return self._delay(order, listing)
        found = self._found(order, listing)
        if isinstance(found, Refusal):
            return found
        self._record.placed(order)
        self._match(order, found, listing)
        return None

    def expire(self) -> None:
        """End every resting GTD order whose time has come."""
        for order in self._expiring.due(self.now_ms):
            if order.status is Status.LIVE:
                self.withdraw(order, CancelReason.EXPIRED)

    def release_delayed(self) -> None:
        """Match every marketable order whose delay is over, against the book as it is now."""
        for order in self._delayed.due(self.now_ms):
            listing = self._listings.get(order.market_id)
            if order.status is Status.DELAYED and listing is not None:
                self._release(order, listing)

    def withdraw(self, order: Order, why: CancelReason) -> None:
        """Take an order that rests off the book."""
        listing = self._listings[order.market_id]
        listing.book.side(bids=order.is_bid).remove(order)
        self._end(order, why)
        self._print_level(order, listing)

    def wipe(self, market_id: MarketId, why: CancelReason) -> None:
        """End every resting and waiting order of a market."""
        listing = self._listings[market_id]
        for order in (*listing.book.bids.orders(), *listing.book.asks.orders()):
            self._end(order, why)
        for order in self._delayed.evict(market_id):
            if order.status is Status.DELAYED:
                self._end(order, why)
        listing.book = Book()
        self.prints.append(redrawn(listing))

    def uncover(self, account: Account, holding: Holding | None, left: int) -> None:
        """End a wallet's newest orders until those that lock this holding, or cash, fit into what is left."""
        locked: int = (
            account.locked_cash if holding is None else account.locked_tokens.get(holding, Shares(0))
        )
        for order in reversed(self._record.file(account).open.copy().values()):
            if locked <= left:
                return
            spends = None if order.side is Side.BUY else (order.market_id, order.outcome)
            if spends != holding:
                continue
            locked -= order.held_back
            if order.status is Status.LIVE:
                self.withdraw(order, CancelReason.UNCOVERED)
            else:
                order.refusal = Refusal.NOT_ENOUGH
                self._end(order, CancelReason.REJECTED)

    def _delay(self, order: Order, listing: Listing) -> Refusal | None:
        """Let a marketable order wait out the venue's delay. A FOK that finds too little is refused at once."""
        if order.tif is TimeInForce.FOK:
            found = self._found(order, listing)
            if isinstance(found, Refusal):
                return found
        order.status, order.was_delayed = Status.DELAYED, True
        hold_back(order, to_hold_back(order))
        self._record.placed(order)
        self._delayed.admit(order, Ms(self.now_ms + listing.terms.delay_ms))
        return None

    def _release(self, order: Order, listing: Listing) -> None:
        """Judge a delayed order again, balance, book and allowance; then match it, or let it rest."""
        hold_back(order, 0)
        expires_ms = expiry_ms(order)
        if expires_ms is not None and expires_ms <= self.now_ms:
            self._end(order, CancelReason.EXPIRED)
            return
        may = not order.owner.wallet or self._allowed(order)
        found = self._found(order, listing) if may else Refusal.NO_ALLOWANCE
        if isinstance(found, Refusal):
            order.refusal = found
            self._end(order, CancelReason.REJECTED)
            return
        order.status = Status.LIVE
        self._match(order, found, listing)
        if not found:
            self._record.updated(order, self.now_ms)

    def _found(self, order: Order, listing: Listing) -> tuple[Step, ...] | Refusal:
        """What the order would do now, or why it may not."""
        found = steps(order, sweep(listing.book, order), listing.terms.fee_rate)
        if order.tif is TimeInForce.FOK and not filled_up(order, found):
            return Refusal.FOK_NOT_FILLED
        if order.tif is TimeInForce.FAK and not found:
            return Refusal.FAK_NO_MATCH
        return found if can_pay(order, found) else Refusal.NOT_ENOUGH

    def _match(self, order: Order, found: tuple[Step, ...], listing: Listing) -> None:
        """Meet the book, pay, and rest with what remains, or let it go."""
        fills = bool(found) and filled_up(order, found)
        for step in found:
            self._trade(order, step, listing, ends=fills and step is found[-1])
        if not fills and order.tif.rests:
            self._rest(order, listing)
        elif not fills:
            order.status = Status.MATCHED
            self._record.ended(order, self.now_ms, CancelReason.KILLED)
        if found:
            self.prints.append(redrawn(listing))
            self._refine_tick(listing)

    def _trade(self, taker: Order, step: Step, listing: Listing, *, ends: bool) -> None:
        """Everything the taker gets at one price: one trade, with one fee."""
        self._trades += 1
        wallets = taker.owner.wallet
        for maker, shares in step.matches:
            listing.book.side(bids=maker.is_bid).take(maker, shares)
            hold_back(maker, to_hold_back(maker))
            if not maker.remaining:
                maker.status = Status.MATCHED
            wallets = wallets or maker.owner.wallet
            added = mint_merge.settle(taker, maker, shares, step.at)
            listing.collateral = Usdc(listing.collateral + added)
        taker.remaining = max(Shares(taker.remaining - step.shares), Shares(0))
        taker.fee = Usdc(taker.fee + step.fee)
        self._treasury.charge(taker.owner, step.fee)
        if ends:
            taker.status = Status.MATCHED
        listing.last_price = step.at
        price = own_price(taker, step.at)
        self.prints.append(
            Traded(taker.market_id, taker.outcome, taker.side, price, step.shares, self._trades)
        )
        if wallets:
            self._tell_trade(taker, step, price)

    def _tell_trade(self, taker: Order, step: Step, price: Price) -> None:
        """Keep a trade that concerns a wallet, and let it settle."""
        makers = tuple(MakerPart(maker, shares, own_price(maker, step.at)) for maker, shares in step.matches)
        moves = [
            _taken(taker, step),
            *(_made(taker, match.maker, match.shares, step.at) for match in step.matches),
        ]
        trade = Trade(
            trade_id=trade_id(self._seed, self._trades),
            number=self._trades,
            market_id=taker.market_id,
            taker=taker,
            outcome=taker.outcome,
            side=taker.side,
            price=price,
            shares=step.shares,
            fee=step.fee,
            makers=makers,
            moves=tuple(move for move in moves if move.account.wallet),
            status=TradeStatus.MATCHED,
            match_ms=self.now_ms,
            moved_ms=self.now_ms,
        )
        self._record.traded_by(trade)
        for part in makers:
            self._record.updated(part.order, self.now_ms)
        self._record.updated(taker, self.now_ms)
        self._traded(trade)

    def _rest(self, order: Order, listing: Listing) -> None:
        order.status = Status.LIVE
        hold_back(order, to_hold_back(order))
        listing.book.side(bids=order.is_bid).add(order)
        expires_ms = expiry_ms(order)
        if expires_ms is not None:
            self._expiring.admit(order, expires_ms)
        if order.remaining == order.size:  # else the book is printed whole after the trade
            self._print_level(order, listing)

    def _end(self, order: Order, why: CancelReason) -> None:
        """It is over for an order that did not fill to its end; it has left the book already."""
        hold_back(order, 0)
        order.status = ENDS.get(why, Status.CANCELLED)
        self._record.ended(order, self.now_ms, why)

    def _print_level(self, order: Order, listing: Listing) -> None:
        book = listing.book
        self.prints.append(
            LevelSet(
                market_id=order.market_id,
                is_bid=order.is_bid,
                price=order.at,
                size=book.side(bids=order.is_bid).size(order.at),
                best_bid=book.bids.best,
                best_ask=book.asks.best,
                order_id=order.order_id,
            )
        )
        self._refine_tick(listing)

    def _refine_tick(self, listing: Listing) -> None:
        refined = listing.refine_tick()
        if refined is not None:
            self.prints.append(refined)


def _taken(taker: Order, step: Step) -> Move:
    """What the taker's side of one trade moves."""
    buys = taker.side is Side.BUY
    cash = -step.amount - step.fee if buys else step.amount - step.fee
    shares = step.shares if buys else Shares(-step.shares)
    return Move(taker.owner, (taker.market_id, taker.outcome), Usdc(cash), shares)


def _made(taker: Order, maker: Order, shares: Shares, at: Price) -> Move:
    buys = maker.side is Side.BUY
    amount = mint_merge.amounts(taker, maker, shares, at)[1]
    return Move(
        maker.owner,
        (maker.market_id, maker.outcome),
        Usdc(-amount) if buys else amount,
        shares if buys else Shares(-shares),
    )
