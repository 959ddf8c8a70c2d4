"""The exchange: the only door through which traders, makers and the house itself change a book.

Everything is synchronous and takes the time as an argument. What becomes public is appended to ``prints``,
what happens to followed wallets to the happenings; the world drains the first after each step, the user
channel the second.
"""

from collections.abc import Callable, Mapping

from core.ids import MarketId, OrderId, Outcome, Side
from core.units import Ms, Price, Shares, Usdc, mirrored
from simulator.exchange.accounts import Account, Holding
from simulator.exchange.book import Book
from simulator.exchange.floor import Floor
from simulator.exchange.happenings import Happening
from simulator.exchange.listing import Listing
from simulator.exchange.orders import CancelReason, Order, Refusal, Status, Terms, TimeInForce, is_bid
from simulator.exchange.prints import Print
from simulator.exchange.record import Record
from simulator.exchange.settlement import Settlement, Settling
from simulator.exchange.trades import Trade
from simulator.exchange.treasury import Treasury

MaySpend = Callable[[Account, MarketId, Outcome | None], bool]


def anybody_may_spend(_account: Account, _market_id: MarketId, _outcome: Outcome | None) -> bool:
    """No chain is there to forbid it."""
    return True


class Exchange:
    """``may_spend(account, market, outcome)`` is asked for wallets, when an order is placed and again after
    its delay: may the market's exchange contract take these tokens, or for ``None`` the collateral?
    """

    def __init__(self, seed: int = 0) -> None:
        self.accounts: dict[str, Account] = {}
        self.may_spend: MaySpend = anybody_may_spend
        self.settlement = Settlement(seed)
        self.listings: dict[MarketId, Listing] = {}
        self.treasury = Treasury(self.listings)
        self._record = Record()
        self._settling = Settling(self.settlement, self.treasury, self._record, self._uncover)
        self._floor = Floor(
            seed,
            self.listings,
            self._record,
            self.treasury,
            allowed=self._allowed,
            traded=self._settling.follow,
        )
        self._orders = 0

    @property
    def now_ms(self) -> Ms:
        """The latest time anybody came with."""
        return self._floor.now_ms

    @property
    def prints(self) -> list[Print]:
        return self._floor.prints

    @property
    def fees_taken(self) -> Usdc:
        return self.treasury.fees_taken

    @property
    def resolved(self) -> dict[MarketId, Price]:
        """What each YES of a resolved market is worth."""
        return self.treasury.resolved

    def open_account(self, name: str, cash: Usdc, *, wallet: bool = False) -> Account:
        """``wallet``: its orders and trades are kept and told, and settle on the chain later."""
        assert name not in self.accounts, f"account {name} exists"
        account = Account(name, Usdc(0), locked_cash=Usdc(0), tokens={}, locked_tokens={}, wallet=wallet)
        self.accounts[name] = account
        self.treasury.pay_in(account, cash)
        if wallet:
            self._record.open_file(account)
        return account

    def pay_in(self, account: Account, amount: Usdc) -> None:
        """Money from outside the exchange, on the chain at once."""
        self.treasury.pay_in(account, amount)

    def close_account(self, account: Account) -> Usdc:
        """Pay the account out and forget it. It must have no open order and no tokens left."""
        assert not account.wallet, f"{account.name} is followed for ever"
        assert not account.locked_cash, f"{account.name} has open orders"
        assert not account.tokens, f"{account.name} holds {account.tokens}"
        del self.accounts[account.name]
        cash = account.cash
        self.treasury.pay_in(account, Usdc(-cash))
        return cash

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
        order_id: OrderId | None = None,
        tif: TimeInForce = TimeInForce.GTC,
        expires_ms: Ms | None = None,
        budget: Usdc | None = None,
    ) -> Order:
        """Take an order. Its ``status`` is the answer, its ``refusal`` says why it was not taken.

        DELAYED means it is marketable and waits; it may still match, rest, or be REJECTED afterwards. A FOK or
        FAK BUY with a ``budget`` spends that at ``price`` or better; without one it reaches for ``size``.
        Without ``order_id`` the exchange numbers it.
        """
        self._pass(now_ms)
        if order_id is None:
            self._orders += 1
            order_id = OrderId(str(self._orders))
        order = Order(
            order_id=order_id,
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
            tif=tif,
            expires_ms=expires_ms,
            budget=budget,
            placed_ms=self.now_ms,
            updated_ms=self.now_ms,
        )
        known = order_id in self._record.orders
        order.refusal = Refusal.DUPLICATED if known else self._floor.take(order)
        if order.refusal is not None:
            order.status = Status.REJECTED
        return order

    def cancel(self, order: Order, now_ms: Ms | None = None, why: CancelReason = CancelReason.ASKED) -> bool:
        """Withdraw what remains. False when it does not rest: matched, delayed, or gone already."""
        if now_ms is not None:
            self._pass(now_ms)
        if order.status is not Status.LIVE:
            return False
        self._floor.withdraw(order, why)
        return True

    def cancel_all(
        self,
        account: Account,
        market_id: MarketId | None = None,
        outcome: Outcome | None = None,
        *,
        now_ms: Ms | None = None,
        why: CancelReason = CancelReason.ASKED,
    ) -> list[Order]:
        """Withdraw every resting order of a wallet, or those of one market or outcome; return them."""
        resting = self.open_orders_of(account, market_id)
        asked = [order for order in resting if outcome in (None, order.outcome)]
        return [order for order in asked if self.cancel(order, now_ms, why)]

    def order(self, order_id: OrderId) -> Order | None:
        """An order of a wallet that was taken once, whatever became of it."""
        return self._record.orders.get(order_id)

    def orders_of(self, account: Account) -> list[Order]:
        return list(self._record.file(account).orders)

    def open_orders_of(self, account: Account, market_id: MarketId | None = None) -> list[Order]:
        """What rests on the book, oldest first; not what is delayed."""
        resting = [order for order in self._record.file(account).open.values() if order.status is Status.LIVE]
        return [order for order in resting if market_id in (None, order.market_id)]

    def trades_of(self, account: Account) -> list[Trade]:
        return list(self._record.file(account).trades)

    def concerns_wallets(self, market_id: MarketId) -> bool:
        """Whether any wallet ever had an order or tokens there."""
        return market_id in self._record.markets

    def step(self, now_ms: Ms) -> None:
        """Let everything happen that is due: expiries, delays that are over, settlements."""
        self._pass(now_ms)
        self._floor.expire()
        self._floor.release_delayed()
        self._settling.step(now_ms)

    def split(self, account: Account, market_id: MarketId, shares: Shares) -> bool:
        """Turn ``shares`` USDC into as many YES and NO. False when the cash is not there.

        The house needs it free of orders, a wallet on the chain; orders it does not cover any more end.
        """
        there = account.chain_cash if account.wallet else account.free_cash
        if there < shares or not self._converts(account, market_id):
            return False
        if account.wallet:
            self._settling.make_room(account, {None: shares})
            self._record.markets.add(market_id)
        self.treasury.convert(account, market_id, shares)
        return True

    def merge(self, account: Account, market_id: MarketId, shares: Shares) -> bool:
        """Turn ``shares`` YES and NO back into USDC. False when they are not both there, as for a split."""
        pair: tuple[Holding, ...] = tuple((market_id, outcome) for outcome in Outcome)
        there = account.chain_held if account.wallet else account.free
        if min(map(there, pair)) < shares or not self._converts(account, market_id):
            return False
        if account.wallet:
            self._settling.make_room(account, dict.fromkeys(pair, shares))
        self.treasury.convert(account, market_id, Shares(-shares))
        return True

    def redeem(
        self, account: Account, market_id: MarketId, part: Mapping[Outcome, Shares] | None = None
    ) -> Usdc:
        """Burn what a wallet holds of a resolved market on the chain, all of it or a part; return its worth.

        The house was paid when the market resolved. Who asks for a part has checked that it is there.
        """
        if market_id not in self.resolved or not account.wallet:
            return Usdc(0)
        burnt = part or {outcome: account.chain_held((market_id, outcome)) for outcome in Outcome}
        self._settling.make_room(account, {(market_id, outcome): shares for outcome, shares in burnt.items()})
        return self.treasury.redeem(account, market_id, burnt)

    def wipe(self, market_id: MarketId, why: CancelReason = CancelReason.GAME_START) -> None:
        """Cancel every resting and waiting order, as the venue does at game start."""
        self._floor.wipe(market_id, why)

    def resolve(self, market_id: MarketId, payout_yes: Price) -> None:
        """Cancel all orders, pay the house for its shares, forget the market. Wallets redeem when they like.

        ``payout_yes`` is ONE, 0, or half of it when the match was void.
        """
        self.wipe(market_id, CancelReason.RESOLVED)
        listing = self.listings.pop(market_id)
        house = [account for account in self.accounts.values() if not account.wallet]
        self.treasury.close(market_id, payout_yes, listing.collateral, house)

    def drain(self) -> list[Print]:
        """Everything that became public since the last call."""
        prints, self._floor.prints = self._floor.prints, []
        return prints

    def drain_happenings(self) -> list[Happening]:
        """Everything that happened to followed wallets since the last call."""
        return self._record.drain()

    def books_sum(self) -> Usdc:
        """All the money there is; it changes only when an account is opened, paid into, or closed."""
        return self.treasury.total(self.accounts.values())

    def check(self) -> None:
        """Raise ``AssertionError`` when money or tokens were made or lost."""
        self.treasury.check(self.accounts.values())
        for account in self.accounts.values():
            assert account.chain_cash >= 0, f"{account.name} owes {account.chain_cash} on the chain"
            assert all(shares > 0 for shares in account.chain_tokens().values()), account.name
            if account.wallet:
                self._record.check(account)

    def _pass(self, now_ms: Ms) -> None:
        """Time never goes back, even where two callers read it from two clocks."""
        if now_ms > self._floor.now_ms:
            self._floor.now_ms = self._settling.now_ms = now_ms

    def _converts(self, account: Account, market_id: MarketId) -> bool:
        """The contracts go on serving wallets after a market's resolution; the house has been paid out then."""
        return market_id in self.listings or (account.wallet and market_id in self.resolved)

    def _allowed(self, order: Order) -> bool:
        spent = None if order.side is Side.BUY else order.outcome
        return self.may_spend(order.owner, order.market_id, spent)

    def _uncover(self, account: Account, holding: Holding | None, left: int) -> None:
        self._floor.uncover(account, holding, left)
