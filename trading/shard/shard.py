"""One shard: one asyncio loop that owns its markets' sockets, engine and orders.

Everything the engine hears goes through ``Shard.take`` on this loop, so nothing here needs a lock. Read ``run``
first: what is built, which tasks there are, and in what order they end (product.md 3).
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from asgiref.sync import sync_to_async
from django.conf import settings

from core import events as ev
from core.engine import Engine
from core.ids import MarketId
from core.intents import Resync
from core.units import Ms, Price
from feeds import selectors as feeds
from infra import aio, bus, clock, logs, metrics
from infra.loops import Loop
from risk import services as risk_services
from trading import selectors
from trading.board.gathering import Boardroom
from trading.board.publishing import Publisher
from trading.controls.arming import Gate, armed_now
from trading.controls.corrections import CorrectionWatch
from trading.controls.halting import RECORD_LOST, HaltKeeper, press
from trading.controls.reins import READ_MS, Reins
from trading.errors import WalletTaken
from trading.health import venue_signs
from trading.records.bookkeeping import Bookkeeper
from trading.records.journal import Journal
from trading.records.tally import Tally, Witnesses
from trading.runner import TICK_MS, Gateway, Runner
from trading.shard import closing
from trading.shard.floor import Floor, PaperFloor
from trading.shard.market_feed import MarketFeed
from trading.shard.outages import outliving
from trading.shard.outbox import Outbox
from trading.shard.recovery import Opened, open_paper
from trading.wallet import light as wallet_light

if TYPE_CHECKING:
    from trading.shard.live import Wallet

PASS_TIME_MS: Final = 20
LIST_MS: Final = 2_000
BOARD_MS: Final = 250
PULSE_MS: Final = 1_000
VALUE_MS: Final = 2_000
STARTING: Final = "starting"

log = logs.get("trading")


async def run(loop: Loop, number: int) -> None:
    """Trade this shard's markets until ``loop.stop``, then end in order.

    When another trader turns out to use the wallet, everything is withdrawn. Once the wallet is held again the shard
    begins anew, as after a crash: it trades only if the venue's figures are still the ledger's. Where orders must be
    armed it begins anew on the other side of the gate each time somebody arms or disarms.
    """
    while not loop.stop.is_set():
        shard = await _open(loop, number)
        if shard is None:
            return
        log.info("shard started", event_type="startup", account=shard.account.key, fence=shard.fence)
        try:
            await _work(shard)
        finally:
            await shard.close()


async def _open(loop: Loop, number: int) -> "Shard | None":
    """A shard that may trade; ``None`` when told to stop before it could. Raises ``VenueSilent``."""
    name = f"shard:{number}"
    gate = await _gate() if settings.POLYLOLY.needs_arming else None
    if not settings.POLYLOLY.signs or (gate is not None and gate.under is None):
        opened = await sync_to_async(open_paper)(name, clock.now_ms())
        return Shard(loop, name, opened, wallet=None, gate=gate)
    # Before another trader is ruled out, what is open at the venue is not ours to cancel.
    address = settings.POLYLOLY.wallet
    assert address is not None, "checked with the settings: who signs has a wallet"
    if not await wallet_light.until_held(address, loop.stop):
        return None
    # Only who trades with a wallet needs what signs.
    from trading.shard.live import Wallet, open_live

    async with AsyncExitStack() as undone:
        wallet = Wallet()
        undone.push_async_callback(wallet.close)
        await wallet.start()
        shard = Shard(loop, name, await open_live(name, wallet), wallet=wallet, gate=gate)
        undone.pop_all()
        undone.push_async_callback(shard.close)
        await shard.take_up()
        undone.pop_all()
    return shard


async def _gate() -> Gate:
    """Where this process stands: under an arming, or on paper until there is one."""
    armed = await sync_to_async(armed_now)()
    return Gate(None if armed is None else armed.arming_id)


class Shard:
    """What one shard owns. ``gate``: ``None`` where nothing needs to be armed."""

    def __init__(
        self, loop: Loop, name: str, opened: Opened, *, wallet: "Wallet | None", gate: Gate | None = None
    ) -> None:
        self.loop = loop
        self.gate = gate
        armed = None if gate is None else gate.under
        assert wallet is None or not settings.POLYLOLY.needs_arming or armed is not None, "armed first"
        self.name = name
        self.account = opened.account
        self.fence = opened.fence
        self.engine = engine = opened.engine
        self._opened = opened
        self.journal = Journal(account_id=self.account.pk, writer=f"{name}:{self.fence}")
        self.tally = Tally()
        self.books = Bookkeeper(engine, self.journal)
        for record in opened.records:
            self.journal.put(record)
        self.outbox = Outbox(
            account_id=self.account.pk,
            fence_name=name,
            fence=self.fence,
            lease=loop.lease,
            stop=loop.stop,
            arming_id=armed,
        )
        self.floor = self._paper() if wallet is None else self._live(wallet)
        self.gateway: Gateway = self.floor.gateway
        self.runner = Runner(
            engine,
            self.gateway,
            Witnesses(self.tally, self.books),
            send=self.outbox.send,
            resync=self._resync,
        )
        self.feed = MarketFeed(self.runner, loop.stop)
        self.room = Boardroom(self.runner, self.floor.ahead, self.books, self.tally, self.feed, self.account)
        self.publisher = Publisher(epoch=clock.now_ms())
        self.keeper: HaltKeeper | None = None
        self._valued_ms = 0

    def _paper(self) -> Floor:
        return PaperFloor(self.engine.ledger, account_id=self.account.pk, stop=self.loop.stop)

    def _live(self, wallet: "Wallet") -> Floor:
        from trading.shard.live import LiveFloor

        return LiveFloor(
            wallet,
            shard=self.name,
            allowed=lambda place: self.outbox.forbids(self.engine, place),
            plan_wallet=self.books.plan,
            wake=self.wake,
        )

    def corrections(self) -> CorrectionWatch:
        """What reconciliation and people correct while we run."""
        return CorrectionWatch(self.runner, account_id=self.account.pk, last=self._opened.corrected)

    async def take_up(self) -> None:
        """What is held is listed, what was missed is heard, the venue's figures are compared. No order leaves yet."""
        self.engine.halted = STARTING
        await self.list_markets()
        await self.floor.take_up(self.runner, self._opened)

    def wake(self) -> None:
        """The gateway has something to say: do not wait for the next turn."""
        asyncio.get_running_loop().call_soon(lambda: self.runner.pass_time(clock.now_ms()))

    def _resync(self, wanted: Resync) -> None:
        self.feed.resync(wanted)

    async def list_markets(self) -> None:
        """Take in markets that discovery found, and let go of those that are over."""
        held = [
            MarketId(position.market_id)
            for position in await sync_to_async(selectors.open_positions)(self.account.pk)
        ]
        left = list(self.engine.absent)
        listed = await sync_to_async(feeds.listed_markets)(also=[*held, *left])
        matches = await sync_to_async(feeds.match_rows)()
        self.room.matches = {match.match_id: match for match in matches}
        self.room.signals = {
            name: said for name, said in self.room.signals.items() if name in self.room.matches
        }
        now = clock.now_ms()
        fresh = [replace(listing, heard_ms=now) for listing in listed if self.feed.learn(listing)]
        await self.floor.learn(fresh)
        for listing in fresh:
            self.runner.take(listing)
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
        why = self.books.take_errors()
        if why is not None:
            await self._halt_everything(why, risk_services.HaltCode.ERRORS.value)

    async def _halt_everything(self, why: str, reason: str = RECORD_LOST) -> None:
        """The record cannot be kept, or error follows error: stop here and now, and tell everybody."""
        self.runner.take(ev.Halted(None, reason, clock.now_ms()))
        by = risk_services.process(self.name)
        code, at = risk_services.HaltCode.ERRORS, clock.now_ms()
        await press(lambda: risk_services.halt_trading(code=code, detail=why, by=by, at=at))

    async def publish(self) -> None:
        await self.publisher.publish(self.room.rows(clock.now_ms()) | self.floor.feed_rows())

    async def pulse(self) -> None:
        """Each second: figures for Prometheus, failures for the operators, valuations for the curve."""
        metrics.EVENT_BUS_DEPTH.set(self.journal.depth)
        await venue_signs.say_heard(self.name, self.feed.heard_ms)
        await self.feed.heed_wishes()
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
        code, at = risk_services.MarketHaltCode.STEP_FAILED, clock.now_ms()
        await press(
            lambda: risk_services.halt_market(market_id=market_id, code=code, detail=why, by=by, at=at)
        )

    async def close(self) -> None:
        """Stop in the order of product.md 3."""
        await closing.close(self)


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
            keeper = shard.keeper = HaltKeeper(
                shard.runner,
                name=shard.name,
                group=group,
                fence=shard.fence,
                stop=stop,
                gate=shard.gate,
            )
            reins = Reins(shard.runner, name=shard.name)
            corrected = shard.corrections()
            await keeper.read()
            await reins.read()
            await shard.list_markets()
            for work in (
                shard.feed.run(),
                shard.outbox.run(),
                aio.ending_surely(shard.hear_matches()),
                aio.ending_surely(keeper.watch_bus()),
                keeper.watch_rows(),
                keeper.watch_silence(),
                aio.every(READ_MS, outliving(reins.read, "read the budget"), stop=stop),
                aio.every(READ_MS, outliving(corrected.read, "read corrections"), stop=stop),
                aio.every(lambda: until_the_tick(clock.now_ms()), shard.pass_time, stop=stop),
                aio.every(LIST_MS, outliving(shard.list_markets, "list markets"), stop=stop),
                aio.every(BOARD_MS, shard.publish, stop=stop),
                aio.every(PULSE_MS, outliving(shard.pulse, "value the account"), stop=stop),
                _until(stop),
                *(() if shard.gate is None else (_until_switched(shard.gate),)),
                *shard.floor.works(),
            ):
                group.create_task(work)
            shard.loop.warmed_up()
    except* Stopped:
        log.info("shard told to stop", event_type="shutdown_step")
    except* WalletTaken as taken:
        log.error("shard lost its wallet", event_type="error", why=str(taken.exceptions[0]))
    except* Switched as switched:
        log.info("shard changes sides", event_type="state_transition", why=str(switched.exceptions[0]))


class Stopped(Exception):
    """Ends the task group when the shard is told to stop."""


class Switched(Exception):
    """Ends the task group when somebody has armed or disarmed: the shard goes on on the other side."""


def until_the_tick(now: Ms) -> int:
    """Real ms from ``now`` until the clock's next whole second, at most ``PASS_TIME_MS``.

    So the timer finds the tick due and not the next frame, whose orders would wait for those of every market.
    """
    return min(PASS_TIME_MS, clock.real_ms(TICK_MS - now % TICK_MS))


async def _until_switched(gate: Gate) -> None:
    await gate.switched.wait()
    raise Switched("armed" if gate.under is None else "not armed any more")


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()
    raise Stopped
