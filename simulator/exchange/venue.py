"""The exchange: the only door through which traders, makers and the house itself change a book.

Everything is synchronous and takes the time as an argument. What becomes public is appended to ``prints``;
the world drains it after each step.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from core.ids import MarketId, OrderId, Outcome, Side
from core.units import ONE, SHARE_STEP, Ms, Price, Shares, Usdc, cost, mirrored
from simulator.exchange import mint_merge
from simulator.exchange.accounts import Account
from simulator.exchange.book import Book
from simulator.exchange.delays import WaitingRoom
from simulator.exchange.fees import taker_fee
from simulator.exchange.matching import Match, sweep
from simulator.exchange.orders import Order, Refusal, Status, Terms, is_bid, own_price
from simulator.exchange.prints import LevelSet, Print, Redrawn, TickRefined, Traded

FINE_TICK: Final = Price(10)
FINE_ABOVE: Final = Price(9_600)  # polymarket.md 3.5: the tick becomes finer beyond 0.96 and 0.04
FINE_BELOW: Final = Price(400)


@dataclass(slots=True, eq=False)
class Listing:
    """One open market. ``collateral`` backs each YES and NO in existence with one USDC."""

    terms: Terms
    tick: Price
    book: Book
    collateral: Usdc
    last_price: Price | None  # of the last trade, in YES terms


class Exchange:
    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.listings: dict[MarketId, Listing] = {}
        self.fees_taken = Usdc(0)
        self.prints: list[Print] = []
        self._waiting = WaitingRoom()
        self._orders = 0
        self._trades = 0

    def open_account(self, name: str, cash: Usdc) -> Account:
        assert name not in self.accounts, f"account {name} exists"
        account = self.accounts[name] = Account(name, cash, locked_cash=Usdc(0), tokens={}, locked_tokens={})
        return account

    def close_account(self, account: Account) -> Usdc:
        """Pay the account out and forget it. It must have no open order and no tokens left."""
        assert not account.locked_cash, f"{account.name} has open orders"
        assert not account.tokens, f"{account.name} holds {account.tokens}"
        del self.accounts[account.name]
        return account.cash

    def list_market(self, terms: Terms) -> None:
        assert terms.market_id not in self.listings, f"market {terms.market_id} is listed"
        self.listings[terms.market_id] = Listing(
            terms, terms.tick, Book(), collateral=Usdc(0), last_price=None
        )

    def place(
        self,
        owner: Account,
        market_id: MarketId,
        outcome: Outcome,
        side: Side,
        *,
        price: Price,
        size: Shares,
        post_only: bool,
        now_ms: Ms,
    ) -> Order:
        """Take a limit order, good till cancelled. Its ``status`` is the answer.

        DELAYED means it is marketable and waits; it may still match, rest, or be REJECTED afterwards.
        """
        self._orders += 1
        order = Order(
            order_id=OrderId(str(self._orders)),
            owner=owner,
            market_id=market_id,
            outcome=outcome,
            side=side,
            price=price,
            size=size,
            post_only=post_only,
            remaining=size,
            status=Status.LIVE,
            refusal=None,
            is_bid=is_bid(outcome, side),
            at=price if outcome is Outcome.YES else mirrored(price),
        )
        listing = self.listings.get(market_id)
        refusal = Refusal.CLOSED if listing is None else _refusal(order, listing)
        if refusal is not None or listing is None:
            return _reject(order, refusal or Refusal.CLOSED)
        _lock(order, order.remaining)
        if not listing.book.crosses(order):
            self._rest(order, listing)
        elif listing.terms.delay_ms:
            order.status = Status.DELAYED
            self._waiting.admit(order, Ms(now_ms + listing.terms.delay_ms))
        else:
            self._match(order, listing)
        return order

    def cancel(self, order: Order) -> bool:
        """Withdraw what remains. False when it does not rest: matched, delayed, or gone already."""
        if order.status is not Status.LIVE:
            return False
        listing = self.listings[order.market_id]
        listing.book.side(bids=order.is_bid).remove(order)
        self._withdraw(order)
        self._print_level(order, listing)
        return True

    def release_delayed(self, now_ms: Ms) -> None:
        """Match every marketable order whose delay is over, against the book as it is now."""
        for order in self._waiting.due(now_ms):
            listing = self.listings.get(order.market_id)
            if order.status is Status.DELAYED and listing is not None:
                self._match(order, listing)

    def split(self, account: Account, market_id: MarketId, shares: Shares) -> bool:
        """Turn ``shares`` USDC into as many YES and NO. False when the free cash does not cover it."""
        if account.free_cash < shares:
            return False
        self._convert(account, market_id, shares)
        return True

    def merge(self, account: Account, market_id: MarketId, shares: Shares) -> bool:
        """Turn ``shares`` YES and NO back into USDC. False when they are not both free."""
        if min(account.free((market_id, outcome)) for outcome in Outcome) < shares:
            return False
        self._convert(account, market_id, Shares(-shares))
        return True

    def wipe(self, market_id: MarketId) -> None:
        """Cancel every resting and waiting order, as the venue does at game start."""
        listing = self.listings[market_id]
        for order in (*listing.book.bids.orders(), *listing.book.asks.orders()):
            self._withdraw(order)
        for order in self._waiting.evict(market_id):
            self._withdraw(order)
        listing.book = Book()
        self._print_book(listing)

    def resolve(self, market_id: MarketId, winner: Outcome) -> None:
        """Cancel all orders, pay one USDC for each winning share, forget the market."""
        self.wipe(market_id)
        listing = self.listings.pop(market_id)
        for account in self.accounts.values():
            won = account.held((market_id, winner))
            account.add_cash(Usdc(won))
            listing.collateral = Usdc(listing.collateral - won)
            for outcome in Outcome:
                account.tokens.pop((market_id, outcome), None)
        assert listing.collateral == 0, f"{listing.collateral} collateral left in {market_id}"

    def drain(self) -> list[Print]:
        """Everything that became public since the last call."""
        prints, self.prints = self.prints, []
        return prints

    def _match(self, order: Order, listing: Listing) -> None:
        """Meet the book, pay, and rest with what remains."""
        _lock(order, Shares(-order.remaining))
        matches = sweep(listing.book, order)
        fees = [_fee(order, match, listing) for match in matches]
        if not _can_pay(order, matches, fees):
            _reject(order, Refusal.NOT_ENOUGH)
            return
        for match, fee in zip(matches, fees, strict=True):
            self._settle(order, match, fee, listing)
        if order.remaining:
            _lock(order, order.remaining)
            self._rest(order, listing)
        else:
            order.status = Status.MATCHED
        if matches:
            self._print_trades(order, matches, listing)

    def _settle(self, taker: Order, match: Match, fee: Usdc, listing: Listing) -> None:
        maker, shares, at = match.maker, match.shares, match.at
        _lock(maker, Shares(-shares))
        listing.book.side(bids=maker.is_bid).take(maker, shares)
        if not maker.remaining:
            maker.status = Status.MATCHED
        taker.remaining = Shares(taker.remaining - shares)
        listing.collateral = Usdc(listing.collateral + mint_merge.settle(taker, maker, shares, at))
        taker.owner.add_cash(Usdc(-fee))
        self.fees_taken = Usdc(self.fees_taken + fee)

    def _rest(self, order: Order, listing: Listing) -> None:
        order.status = Status.LIVE
        listing.book.side(bids=order.is_bid).add(order)
        if order.remaining == order.size:  # else the book is printed whole after the trade
            self._print_level(order, listing)

    def _withdraw(self, order: Order) -> None:
        _lock(order, Shares(-order.remaining))
        order.status = Status.CANCELLED

    def _convert(self, account: Account, market_id: MarketId, shares: Shares) -> None:
        listing = self.listings[market_id]
        account.add_cash(Usdc(-shares))
        for outcome in Outcome:
            account.add_tokens((market_id, outcome), shares)
        listing.collateral = Usdc(listing.collateral + shares)

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

    def _print_trades(self, taker: Order, matches: tuple[Match, ...], listing: Listing) -> None:
        """One trade for each price that was reached, then the book as it is afterwards."""
        for at, at_price in groupby(matches, key=lambda match: match.at):
            self._trades += 1
            shares = Shares(sum(match.shares for match in at_price))
            price = own_price(taker, at)
            self.prints.append(
                Traded(taker.market_id, taker.outcome, taker.side, price, shares, self._trades)
            )
            listing.last_price = at
        self._print_book(listing)
        self._refine_tick(listing)

    def _print_book(self, listing: Listing) -> None:
        self.prints.append(redrawn(listing))

    def _refine_tick(self, listing: Listing) -> None:
        """Make the tick finer, once and for ever, when the price nears an end (polymarket.md 3.5)."""
        if listing.tick <= FINE_TICK:
            return
        price = listing.book.mid or listing.last_price
        if price is not None and not FINE_BELOW <= price <= FINE_ABOVE:
            self.prints.append(TickRefined(listing.terms.market_id, listing.tick, FINE_TICK))
            listing.tick = FINE_TICK


def redrawn(listing: Listing) -> Redrawn:
    """The whole book as it is now."""
    return Redrawn(
        market_id=listing.terms.market_id,
        bids=listing.book.bids.levels(),
        asks=listing.book.asks.levels(),
        tick=listing.tick,
        last_price=listing.last_price,
    )


def _refusal(order: Order, listing: Listing) -> Refusal | None:
    if order.price % listing.tick or not listing.tick <= order.price <= ONE - listing.tick:
        return Refusal.OFF_TICK
    if order.size < listing.terms.min_size:
        return Refusal.BELOW_MINIMUM
    if order.size % SHARE_STEP:
        return Refusal.OFF_STEP
    if order.post_only and listing.book.crosses(order):
        return Refusal.WOULD_CROSS
    if order.side is Side.BUY:
        short = order.owner.free_cash < cost(order.price, order.size)
    else:
        short = order.owner.free((order.market_id, order.outcome)) < order.size
    return Refusal.NOT_ENOUGH if short else None


def _reject(order: Order, refusal: Refusal) -> Order:
    order.status = Status.REJECTED
    order.refusal = refusal
    return order


def _lock(order: Order, shares: Shares) -> None:
    """Hold back what ``shares`` of the order may need, or give it back when negative."""
    if order.side is Side.BUY:
        order.owner.lock_cash(cost(order.price, shares))
    else:
        order.owner.lock_tokens((order.market_id, order.outcome), shares)


def _fee(taker: Order, match: Match, listing: Listing) -> Usdc:
    return taker_fee(match.at, match.shares, listing.terms.fee_rate)


def _can_pay(taker: Order, matches: tuple[Match, ...], fees: list[Usdc]) -> bool:
    """Whether the free cash covers the matches with their fees, and the rest at the order's own price.

    A SELL locked its shares when it was placed and pays its fee out of the proceeds.
    """
    if taker.side is Side.SELL:
        return True
    spent = sum(cost(own_price(taker, match.at), match.shares) for match in matches) + sum(fees)
    rest = Shares(taker.remaining - sum(match.shares for match in matches))
    return spent + cost(taker.price, rest) <= taker.owner.free_cash
