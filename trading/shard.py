"""One shard: one asyncio loop that owns its markets' sockets, engine and orders.

Everything the engine hears goes through ``Shard.take`` on this loop, so nothing here needs a lock. Read ``run``
first: what is built, which tasks there are, and in what order they end (product.md 3).
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings

from core import events as ev
from core.engine import Engine, Setup
from core.ids import FillId, MarketId
from core.intents import Resync
from core.notes import Booked, DayStarted
from core.units import Ms, Price, Usdc
from feeds import selectors as feeds
from infra import aio, bus, clock, logs, metrics
from infra.loops import Loop
from risk import selectors as risk
from risk import services as risk_services
from trading import selectors, services, wallet_light
from trading.boardroom import Boardroom
from trading.bookkeeping import Bookkeeper
from trading.errors import TradingError
from trading.gateways.paper import PaperGateway
from trading.halting import RECORD_LOST, HaltKeeper
from trading.journal import Journal
from trading.market_feed import MarketFeed
from trading.models import Account, AccountMode
from trading.outbox import Outbox
from trading.ports import Record
from trading.publishing import Publisher
from trading.runner import Runner
from trading.setup import engine_setup, opening_deposit, paper_venue
from trading.tally import Tally, Witnesses

PASS_TIME_MS: Final = 20
LIST_MS: Final = 2_000
BOARD_MS: Final = 250
PULSE_MS: Final = 1_000
VALUE_MS: Final = 2_000
CANCEL_WITHIN_MS: Final = 2_500
FLUSH_WITHIN_S: Final = 2.5
STOPPING: Final = "stopping"

log = logs.get("trading")


async def run(loop: Loop, number: int) -> None:
    """Trade this shard's markets until ``loop.stop``, then end in order."""
    wallet = settings.POLYLOLY.wallet
    if wallet is not None and not await wallet_light.until_held(wallet, loop.stop):
        return
    shard = await _open(loop, number)
    log.info("shard started", event_type="startup", account=shard.account.key, fence=shard.fence)
    try:
        await _work(shard)
    finally:
        await shard.close()


async def _open(loop: Loop, number: int) -> "Shard":
    now = clock.now_ms()
    name = f"shard:{number}"
    account, fence, engine, records = await sync_to_async(_load)(name, now)
    return Shard(loop, name, account, fence, engine, records)


def _load(name: str, now: Ms) -> tuple[Account, int, Engine, list[Record]]:
    """Take the fence first: from here on nobody else writes for this shard. Then read what is held."""
    chosen = settings.POLYLOLY
    fence = services.take_fence(name)
    mode = AccountMode(chosen.mode.value)
    account = services.open_account(mode=mode, name="main", start_cash=chosen.start_cash, at_ms=now)
    services.close_orphans(account_id=account.pk, at_ms=now)
    risk_services.enlist_runner(name, at=now)
    entries = selectors.ledger_entries(account.pk)
    opening = () if entries else (opening_deposit(chosen.start_cash, now),)
    # The paper venue died with the last process, and what it had matched counts as settled in the next.
    records: list[Record] = [
        ev.FillSettled(FillId(fill.fill_id), ev.FillStatus.CONFIRMED, now)
        for fill in selectors.unsettled_fills(account.pk)
    ]
    if opening:
        records.append(Booked(opening))
    setup: Setup = engine_setup(
        account.key, own_shown=PaperGateway.shows_own_orders, quote_in_play=chosen.quote_in_play
    )
    sequences = selectors.last_sequences(account.pk)
    engine = Engine(setup, entries=opening or entries, sequences=sequences)
    start = risk.day_start(account.pk, at=now)
    if start is not None:
        engine.day.start = DayStarted(Usdc(start.equity), Ms(start.at_ms))
    return account, fence, engine, records


class Shard:
    """What one shard owns."""

    def __init__(
        self, loop: Loop, name: str, account: Account, fence: int, engine: Engine, records: Iterable[Record]
    ) -> None:
        self.loop = loop
        self.name = name
        self.account = account
        self.fence = fence
        self.engine = engine
        self.journal = Journal(account_id=account.pk, writer=f"{name}:{fence}")
        self.tally = Tally()
        self.books = Bookkeeper(engine, self.journal)
        for record in records:
            self.journal.put(record)
        self.gateway = PaperGateway(paper_venue(engine.ledger))
        self.outbox = Outbox(
            account_id=account.pk, fence_name=name, fence=fence, lease=loop.lease, stop=loop.stop
        )
        self.runner = Runner(
            engine,
            self.gateway,
            Witnesses(self.tally, self.books),
            send=self.outbox.send,
            resync=self._resync,
        )
        self.feed = MarketFeed(self.runner, loop.stop)
        self.room = Boardroom(self.runner, self.gateway, self.books, self.tally, self.feed, account)
        self.publisher = Publisher(epoch=clock.now_ms())
        self._valued_ms = 0

    def _resync(self, wanted: Resync) -> None:
        self.feed.resync(wanted)

    async def list_markets(self) -> None:
        """Take in markets that discovery found, and let go of those that are over."""
        held = [
            MarketId(position.market_id)
            for position in await sync_to_async(selectors.open_positions)(self.account.pk)
        ]
        listed = await sync_to_async(feeds.listed_markets)(also=held)
        matches = await sync_to_async(feeds.match_rows)()
        self.room.matches = {match.match_id: match for match in matches}
        self.room.signals = {
            name: said for name, said in self.room.signals.items() if name in self.room.matches
        }
        now = clock.now_ms()
        for listing in listed:
            if self.feed.learn(listing):
                self.runner.take(replace(listing, heard_ms=now))
        waiting = [name for name, desk in self.engine.desks.items() if desk.payout is None]
        payouts = await sync_to_async(feeds.resolutions)(waiting)
        for resolved in missed_resolutions(self.engine, payouts, clock.now_ms()):
            self.runner.take(resolved)
        for market_id in list(self.engine.desks):
            if self.engine.forget(market_id):
                self.feed.forget(market_id)
        await self.feed.subscribe()

    async def hear_matches(self) -> None:
        async for event in bus.subscribe("matches"):
            if isinstance(event, ev.MatchSignal):
                self.room.signals[event.match_id] = event
                self.runner.take(event)

    async def pass_time(self) -> None:
        self.runner.pass_time(clock.now_ms())
        if self.books.broken is not None and self.engine.halted is None:
            await self._halt_everything(self.books.broken)

    async def _halt_everything(self, why: str) -> None:
        """The record cannot be kept: stop here and now, and tell everybody."""
        self.runner.take(ev.Halted(None, RECORD_LOST, clock.now_ms()))
        by = risk_services.process(self.name)
        await sync_to_async(risk_services.halt_trading)(
            code=risk_services.HaltCode.ERRORS, detail=why, by=by, at=clock.now_ms()
        )

    async def publish(self) -> None:
        await self.publisher.publish(self.room.rows(clock.now_ms()))

    async def pulse(self) -> None:
        """Each second: figures for Prometheus, failures for the operators, valuations for the curve."""
        metrics.EVENT_BUS_DEPTH.set(self.journal.depth)
        self.room.count_trust()
        while self.books.failures:
            market_id, why = self.books.failures.popleft()
            await self._halt_failed(market_id, why)
        valued = self.engine.day.valued
        if valued is None or valued.at_ms - self._valued_ms < VALUE_MS * clock.speed():
            return
        self._valued_ms = valued.at_ms
        await sync_to_async(self.room.record_valuation)(valued)

    async def _halt_failed(self, market_id: MarketId | None, why: str) -> None:
        by = risk_services.process(self.name)
        if market_id is None:
            await self._halt_everything(why)
            return
        await sync_to_async(risk_services.halt_market)(
            market_id=market_id,
            code=risk_services.MarketHaltCode.STEP_FAILED,
            detail=why,
            by=by,
            at=clock.now_ms(),
        )

    async def close(self) -> None:
        """Stop in the order of product.md 3; each step is logged with its time."""
        began = clock.monotonic_ms()
        self.engine.halted = self.engine.halted or STOPPING
        self._stopped("took the last signal", began)
        if settings.POLYLOLY.cancel_on_shutdown:
            left = await self._cancel_all()
            self._stopped("cancelled open orders", began, still_open=left)
        try:
            await asyncio.to_thread(self.journal.close, timeout_s=FLUSH_WITHIN_S)
            self._stopped("flushed the journal", began, written=self.journal.written)
        except TradingError as error:
            log.error("journal not flushed", event_type="error", error=str(error))
        await self.feed.close()
        await self.publisher.withdraw()
        self._stopped("closed websockets", began)
        await sync_to_async(risk_services.dismiss_runner)(self.name, at=clock.now_ms())
        self._stopped("dismissed", began)

    async def _cancel_all(self) -> int | None:
        """Withdraw every order and ask the gateway until none is open. How many were left at the end, if known."""
        began = clock.monotonic_ms()
        self.runner.take(ev.Halted(None, STOPPING, clock.now_ms()))
        left = await self.gateway.ask_open(None)
        while left != [] and clock.monotonic_ms() - began < CANCEL_WITHIN_MS:
            await asyncio.sleep(PASS_TIME_MS / 1000)
            self.runner.pass_time(clock.now_ms())
            left = await self.gateway.ask_open(None)
        return None if left is None else len(left)

    def _stopped(self, step: str, began: int, **fields: int | None) -> None:
        log.info(step, event_type="shutdown_step", after_ms=clock.monotonic_ms() - began, **fields)


def missed_resolutions(engine: Engine, payouts: Mapping[MarketId, Price], now: Ms) -> list[ev.MarketResolved]:
    """Resolutions that discovery saw and the channel did not tell: said while nobody listened, or never."""
    return [
        ev.MarketResolved(market_id, payout, now, now)
        for market_id, payout in payouts.items()
        if (desk := engine.desk(market_id)) is not None and desk.payout is None
    ]


async def _work(shard: Shard) -> None:
    """All tasks of a running shard. The first that fails ends the others; the lease then goes to the next."""
    stop = shard.loop.stop
    try:
        async with asyncio.TaskGroup() as group:
            keeper = HaltKeeper(shard.runner, name=shard.name, group=group, stop=stop)
            await keeper.read()
            await shard.list_markets()
            for work in (
                shard.feed.run(),
                shard.outbox.run(),
                ending_surely(shard.hear_matches()),
                ending_surely(keeper.watch_bus()),
                keeper.watch_rows(),
                aio.every(PASS_TIME_MS, shard.pass_time, stop=stop),
                aio.every(LIST_MS, shard.list_markets, stop=stop),
                aio.every(BOARD_MS, shard.publish, stop=stop),
                aio.every(PULSE_MS, shard.pulse, stop=stop),
                _until(stop),
            ):
                group.create_task(work)
            shard.loop.warmed_up()
    except* Stopped:
        log.info("shard told to stop", event_type="shutdown_step")


async def ending_surely(reading: Awaitable[None]) -> None:
    """Run a reader of the bus. One cancel ends it, however many it takes.

    A task group cancels once, and a cancel that meets redis-py while it connects vanishes: the shard would hang.
    """
    task = asyncio.ensure_future(reading)
    try:
        await asyncio.wait({task})
    finally:
        await aio.end(task)
    task.result()


class Stopped(Exception):
    """Ends the task group when the shard is told to stop."""


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()
    raise Stopped
