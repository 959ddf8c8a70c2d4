"""The whole live order path before the simulated venue, over loopback: signer, transport, channel, gateway, core.

The exchange follows the clock, its house sleeps: nothing trades but what a test lets trade.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import Final

from aiohttp import web
from eth_account import Account as EthAccount
from pydantic import SecretStr

from core.events import Event, FillSeen, FillSettled, MarketListed, OrderEvent, OrderSent
from core.ids import IntentKey, MarketId, OrderId, Outcome, Side, Strategy
from core.intents import Cancel, OrderKind, Place, Purpose
from core.kept import KeptOrder
from core.lifecycle import Status
from core.orders import Order, Orders
from core.pair import PairLedger
from core.risk import Approved
from core.units import Price, Usdc, price, shares
from feeds.selectors import VenueTerms
from infra import aio, clock
from simulator import chain, clob, faults, server, users
from simulator.chain.accounts import CHAIN
from simulator.channels import WORLD
from simulator.exchange.accounts import Account
from simulator.exchange.orders import Order as VenueOrder
from simulator.exchange.venue import Exchange
from simulator.sheets import Sheet
from simulator.world import World
from tests.builders import ESPORTS, a_listing
from tests.simulator.approvals import approve
from trading.gateways.polymarket.gateway import PolymarketGateway
from trading.gateways.polymarket.signing import Signer
from trading.gateways.polymarket.transport.transport import Transport
from trading.gateways.polymarket.user_channel import UserChannel

KEYS: Final = (f"0x{number:064x}" for number in count(0xB0B))
STEP_MS: Final = 5
END_WITHIN_S: Final = 5


@dataclass(eq=False)
class Rehearsal:
    """A trader of one market. ``heard`` is everything the core was told."""

    app: web.Application
    world: World
    sheet: Sheet
    wallet: str
    signer: Signer
    transport: Transport
    channel: UserChannel
    gateway: PolymarketGateway
    core: Orders
    pair: PairLedger
    heard: list[Event] = field(default_factory=list)
    number: int = 0

    @property
    def exchange(self) -> Exchange:
        return self.world.exchange

    @property
    def market_id(self) -> MarketId:
        return self.sheet.terms.market_id

    @property
    def account(self) -> Account:
        found = self.app[CHAIN].account(self.wallet)
        assert found is not None
        return found

    def place(
        self, at_price: str, size: str, *, outcome: Outcome = Outcome.YES, kind: OrderKind = OrderKind.QUOTE
    ) -> Order:
        """Decide, prepare and send a buy, as engine and outbox do."""
        self.number += 1
        now = clock.now_ms()
        intent = Place(
            key=IntentKey(f"live|{self.market_id}|pair_arb|{self.number}"),
            market_id=self.market_id,
            strategy=Strategy.PAIR_ARB,
            outcome=outcome,
            side=Side.BUY,
            price=price(at_price),
            shares=shares(size),
            kind=kind,
            purpose=Purpose.OPENING,
            decided_ms=now,
        )
        order = self.core.add(intent)
        approved = Approved(intent, now)
        prepared = self.gateway.prepare(approved, now)
        self.gateway.seal(intent.key)
        self.core.apply(OrderSent(intent.key, prepared.order_id, now))
        self.gateway.place(approved, now)
        return order

    def cancel(self, order: Order) -> None:
        now = clock.now_ms()
        order.cancel_asked(now)
        self.gateway.cancel(Cancel(order.place.key, self.market_id, "test", now), now)

    def dead(self) -> tuple[KeptOrder, ...]:
        """Let the trader die without a word, and its next life begin with what the rows say."""
        kept = tuple(
            KeptOrder(
                place=order.place,
                order_id=OrderId(str(order.order_id)),
                status=Status.UNKNOWN,
                fills=tuple(order.fills),
                filled=order.filled,
                amount=order.amount,
                fee=order.fee,
                since_ms=order.since_ms,
                orphaned_ms=None,
            )
            for order in self.core.open()
        )
        self.core = Orders(self.market_id)
        for order in kept:
            self.core.restore(order)
        self.gateway = PolymarketGateway(
            self.signer,
            self.transport,
            self.channel,
            allowed=lambda place: None,
            plan_wallet=lambda action: None,
            wake=lambda: None,
        )
        self.learn()
        return kept

    def learn(self) -> None:
        terms = self.sheet.terms
        self.gateway.learn(_listing(self.sheet), VenueTerms(terms.neg_risk, str(terms.version)))

    def at_venue(self, order: Order) -> VenueOrder:
        found = self.exchange.order(OrderId(str(order.order_id)))
        assert found is not None
        return found

    def trade_with(self, order: Order, size: str) -> VenueOrder:
        """Let somebody buy the other outcome at exactly the price that meets a resting order of ours."""
        other = self.exchange.accounts["stranger"]
        opposite = Price(10_000 - order.place.price)
        return self.exchange.place(
            other,
            self.market_id,
            order.place.outcome.other,
            Side.BUY,
            price=opposite,
            size=shares(size),
            post_only=False,
            now_ms=clock.now_ms(),
        )

    def offer(self, at_price: str, size: str, outcome: Outcome = Outcome.YES) -> VenueOrder:
        """Let somebody rest with the other outcome, so that a buy at ``at_price`` meets it."""
        other = self.exchange.accounts["stranger"]
        return self.exchange.place(
            other,
            self.market_id,
            outcome.other,
            Side.BUY,
            price=Price(10_000 - price(at_price)),
            size=shares(size),
            post_only=True,
            now_ms=clock.now_ms(),
        )

    def listen(self) -> None:
        self.take(self.gateway.advance(clock.now_ms()))

    def take(self, events: Iterable[Event]) -> None:
        """The core takes what was said, as the engine does."""
        for event in events:
            self.heard.append(event)
            assert isinstance(event, OrderEvent)
            happened = self.core.apply(event)
            if isinstance(event, FillSettled):
                self.pair.settled(event.fill_id, event.status, event.heard_ms)
            elif isinstance(event, FillSeen) and happened is not None:
                self.fill(event)

    def fill(self, fill: FillSeen) -> None:
        order = self.core.get(fill.key)
        assert order is not None
        place = order.place
        self.pair.filled(
            fill.fill_id,
            place.outcome,
            place.side,
            fill.shares,
            fill.amount,
            fill.fee,
            fill.status,
            fill.heard_ms,
        )

    async def until(self, holds: Callable[[], bool], within_s: int = 10) -> None:
        """Let time pass until it is so. Every step of the way, exposure is not below the truth."""
        async with asyncio.timeout(within_s):
            while True:
                self.listen()
                self.check_exposure()
                if holds():
                    return
                await aio.stopped_within(asyncio.Event(), STEP_MS)

    def check_exposure(self) -> None:
        for outcome in Outcome:
            held = self.account.held((self.market_id, outcome))
            resting = sum(
                order.remaining
                for order in self.exchange.open_orders_of(self.account)
                if order.outcome is outcome
            )
            ours = self.pair.most_held(outcome) + self.core.open_bid_shares(outcome)
            assert ours >= held + resting, f"{outcome}: {ours} counted, {held} held and {resting} resting"

    def agrees(self) -> bool:
        """Our ledger and the venue's books say the same, in shares and in cash."""
        spent = self.app[CHAIN].start_cash - self.account.cash
        held = [self.account.held((self.market_id, outcome)) for outcome in Outcome]
        return spent == self.pair.spent and held == [self.pair.held(outcome) for outcome in Outcome]


@asynccontextmanager
async def rehearsal(world: World) -> AsyncIterator[Rehearsal]:
    """A trader with an approved deposit wallet before an empty market of ``world``."""
    app = server.application(world)
    signer_key = SecretStr(next(KEYS))
    eoa = Signer(signer_key, wallet=_address(signer_key), signature_type=0).address
    wallet = app[CHAIN].wallet_of(eoa, 3)
    signer = Signer(signer_key, wallet=wallet, signature_type=3)
    stop = asyncio.Event()
    sheet = next(sheet for sheet in world.open_sheets() if sheet.terms.version == "v1")
    world.exchange.wipe(sheet.terms.market_id)
    if "stranger" not in world.exchange.accounts:
        world.exchange.open_account("stranger", Usdc(10**12))
    async with server.listening(app, 0) as port, asyncio.TaskGroup() as group:
        group.create_task(_run_exchange(app, stop))
        transport = Transport(f"http://{server.HOST}:{port}", signer, chance=Random(1), order_within_s=0.5)
        await transport.start(orders=True)
        approve(app[CHAIN].wallets[wallet])
        channel = UserChannel(
            f"ws://{server.HOST}:{port}/ws/user", credentials=lambda: transport.credentials, chance=Random(2)
        )
        gateway = PolymarketGateway(
            signer,
            transport,
            channel,
            allowed=lambda place: None,
            plan_wallet=lambda action: None,
            wake=lambda: None,
        )
        market_id = sheet.terms.market_id
        made = Rehearsal(
            app, world, sheet, wallet, signer, transport, channel, gateway,
            Orders(market_id), PairLedger(market_id, Strategy.PAIR_ARB),
        )  # fmt: skip
        made.learn()
        ending = asyncio.Event()
        running = group.create_task(gateway.run(ending))
        try:
            await made.until(lambda: channel.status == "connected")
            yield made
        finally:
            # As a shard ends: what is under way is waited for while the venue is still there.
            app[faults.FAULTS].switch_off()
            ending.set()
            await asyncio.wait({running}, timeout=END_WITHIN_S)
            stop.set()
            await transport.close()


def _listing(sheet: Sheet) -> MarketListed:
    return replace(
        a_listing(sheet.terms.market_id, delay_ms=int(sheet.terms.delay_ms), fees=ESPORTS),
        yes_token=sheet.token(Outcome.YES),
        no_token=sheet.token(Outcome.NO),
        tick=sheet.terms.tick,
    )


async def _run_exchange(app: web.Application, stop: asyncio.Event) -> None:
    """Everything of the venue follows the clock but the house and its matches."""
    world = app[WORLD]
    while not stop.is_set():
        now = clock.now_ms()
        world.exchange.step(now)
        chain.step(app, now)
        clob.step(app, now)
        faults.count(app, users.flush(app))
        faults.step(app, now)
        await aio.stopped_within(stop, STEP_MS)


def _address(key: SecretStr) -> str:
    return str(EthAccount.from_key(key.get_secret_value()).address)
