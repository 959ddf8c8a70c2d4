"""From a frame received to the order's bytes handed to the socket, its row written first.

The real parser, engine, runner, outbox, ``write_order``, gateway, signer and transport, on SQLite as the settings
have it and a venue next door that refuses. Between the orders the same row is written by itself: the bar is that
commit's p99 and 1.5 ms.
"""

import asyncio
import gc
import os
import re
import subprocess
import sys
import time
from asyncio import selector_events
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from polymarket._internal.protocol import is_v2_position_id

from bench import timing
from bench.frames import ROOT, Frames
from bench.settings import STATE
from bench.signing import OWNER, a_signer
from bench.timing import Spread, spread
from core import events as ev
from core.engine import Engine, Step
from core.ids import IntentKey, OrderId
from core.intents import Place, Resync, WalletAction
from core.lifecycle import Status
from core.risk import Approved
from core.units import Ms, usdc
from feeds.selectors import VenueTerms
from feeds.sources.polymarket.line import Listener
from feeds.sources.polymarket.parse import Parser
from infra import aio, checkpoints, clock
from infra.lease import Lease
from infra.redis import Db, impatient_client
from trading import services
from trading.gateways.polymarket.credentials import Credentials
from trading.gateways.polymarket.gateway import PolymarketGateway
from trading.gateways.polymarket.signing import salt
from trading.gateways.polymarket.transport.budget import Bucket
from trading.gateways.polymarket.transport.transport import Transport
from trading.models import AccountMode, Order
from trading.records.tally import Tally
from trading.runner import Runner
from trading.shard.market_terms import tokens_of
from trading.shard.outbox import Outbox
from trading.shard.setup import engine_setup, opening_deposit
from trading.shard.shard import PASS_TIME_MS

ORDERS: Final = 400
WARM_UP: Final = 30
PASSES_MAX: Final = 100
ANSWERED_WITHIN_S: Final = 10.0
FENCE: Final = "bench:0"
ADDED_US_MAX: Final = 1_500.0
SALT: Final = re.compile(rb'"salt":(\d+)')
STAMP: Final = re.compile(rb'(?<="timestamp":")\d{13}(?=")')
FRAMES_BETWEEN: Final = 40
FOR_EVER_MS: Final = 10**9
NO_LIMIT: Final = 10**6  # our own budget is not what is measured
ROWS: Final = ("bare_row_commit", "frame_to_socket", "frame_to_socket_all")


class Watch:
    """When each order's frame came and when its bytes were handed to the socket, by the salt they carry."""

    def __init__(self) -> None:
        self.waiting = 0
        self.settled = asyncio.Event()
        self._received: dict[
            int, tuple[int, int]
        ] = {}  # salt: when its frame came, which of its orders it is
        self._left_ns: dict[int, int] = {}
        self._frame_ns: int | None = None
        self._of_frame = 0

    @contextmanager
    def frame(self) -> Iterator[None]:
        """A frame came in this moment and is decided on."""
        self._of_frame = 0
        self._frame_ns = time.perf_counter_ns()
        yield
        self._frame_ns = None

    def approved(self, key: IntentKey) -> None:
        """Orders that an answer leads to, and no frame, are waited for and not timed."""
        self.waiting += 1
        if self._frame_ns is not None:
            self._of_frame += 1
            self._received[salt(key)] = (self._frame_ns, self._of_frame)

    def ended(self) -> None:
        self.waiting -= 1
        if self.waiting == 0:
            self.settled.set()

    @contextmanager
    def on_sockets(self) -> Iterator[None]:
        """Note when a write of the event loop's sockets returned."""
        kind: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]  # noqa: SLF001
        write = kind.write

        def noted(transport: object, written: bytes) -> None:
            write(transport, written)
            now = time.perf_counter_ns()
            found = SALT.search(written)
            if found is not None:
                self._left_ns[int(found[1])] = now

        kind.write = noted
        try:
            yield
        finally:
            kind.write = write

    def spent(self) -> tuple[list[int], list[int]]:
        """Nanoseconds from frame to socket: of each frame's first order, and of all."""
        first, every = [], []
        for name, (began, number) in self._received.items():
            if name in self._left_ns:
                every.append(self._left_ns[name] - began)
                if number == 1:
                    first.append(every[-1])
        return first[WARM_UP:], every[WARM_UP:]


class Silence:
    """A user channel on which nothing is ever said."""

    async def run(self, listener: Listener, *, stop: asyncio.Event) -> None:
        await stop.wait()

    def doubt(self) -> None:
        """There is no connection to replace."""


class Answers(Tally):
    """Counts the orders that are over."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def saw(self, event: ev.Event, step: Step) -> None:
        super().saw(event, step)
        if isinstance(event, ev.OrderRejected):
            self._watch.ended()


class Measuring:
    """One run: passes over a tape, each by a new engine, until there are orders enough."""

    def __init__(self, tape: Frames, transport: Transport, account_id: int, fence: int) -> None:
        self.watch = Watch()
        self.bare_ns: list[int] = []
        self._tape = tape
        self._transport = transport
        self._account_id = account_id
        self._fence = fence
        held = Lease(
            "bench", "bench", impatient_client(Db.BUS, timeout_s=1), clock.monotonic_ms() + FOR_EVER_MS
        )
        self._bare = ThreadPoolExecutor(1, "bare rows", checkpoints.leave_to_others)
        self._stop = asyncio.Event()
        self._outbox = Outbox(
            account_id=account_id, fence_name=FENCE, fence=fence, lease=held, stop=self._stop
        )

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._outbox.run())
            with self.watch.on_sockets():
                for number in range(PASSES_MAX):
                    await self._pass(number)
                    if len(self.bare_ns) >= ORDERS + WARM_UP:
                        break
            await aio.end(sending)
        await asyncio.get_running_loop().run_in_executor(self._bare, connections.close_all)
        self._bare.shutdown()

    async def _pass(self, number: int) -> None:
        """The tape once, moved to now, by a new engine and a new gateway."""
        setup = engine_setup(f"bench:{number}", own_shown=True, quote_in_play=True)
        engine = Engine(setup, entries=[opening_deposit(usdc("10000"), Ms(0))], sequences={})
        gateway = PolymarketGateway(
            a_signer(),
            self._transport,
            Silence(),
            allowed=lambda place: self._outbox.forbids(engine, place),
            plan_wallet=_no_wish,
            wake=self._wake,
        )
        self._runner = Runner(engine, gateway, Answers(self.watch), send=self._send, resync=_no_wish)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(gateway.run(stop))
            await asyncio.sleep(0)  # it begins
            await self._frames(gateway, number)
            stop.set()

    async def _frames(self, gateway: PolymarketGateway, number: int) -> None:
        """A frame that leads to orders is waited for until they are answered.

        The bare row is written some frames later, after as much else as came before the order's own.
        """
        bare_at = -1
        parser = Parser({})
        later = clock.now_ms() - self._tape.frames[0][0]
        listings = list(self._tape.listings)
        for index, (recv_ms, text) in enumerate(self._tape.frames):
            while listings and listings[0][0] <= index:
                listing = _moved(listings.pop(0)[1], later)
                parser.learn(tokens_of(listing))
                gateway.learn(listing, _terms(listing))
                self._runner.take(listing)
            await self._timer(Ms(recv_ms + later))
            said = _said(text, later)
            with self.watch.frame():
                for event in parser.parse(said, Ms(recv_ms + later)):
                    self._runner.take(event)
            if self.watch.waiting:
                await self._answered()
                bare_at = index + FRAMES_BETWEEN
            elif index == bare_at:
                await self._bare_commit(number, index)

    async def _timer(self, now: Ms) -> None:
        """Between frames the shard's timer passes the time, on the beat: a frame finds no tick left to do."""
        self._runner.pass_time(Ms(now - now % PASS_TIME_MS))
        await self._answered()

    async def _answered(self) -> None:
        if self.watch.waiting:
            self.watch.settled.clear()
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                await self.watch.settled.wait()

    def _wake(self) -> None:
        """The gateway has something to say: soon, as the shard does it."""
        asyncio.get_running_loop().call_soon(self._hear)

    def _hear(self) -> None:
        self._runner.pass_time(max(self._runner.now_ms, clock.now_ms()))

    def _send(self, runner: Runner, approved: Approved, now: Ms) -> None:
        self._last = approved.intent
        self.watch.approved(approved.intent.key)
        self._outbox.send(runner, approved, now)

    async def _bare_commit(self, number: int, index: int) -> None:
        """The row of an order written by itself, timed where it is written: on a connection like the pen's.

        And what the journal would write of the order before it, which does the checkpoints.
        """
        place = self._last
        key = IntentKey(f"bare:{number}|{place.market_id}|{place.strategy}|{index}")
        written = partial(self._write, replace(place, key=key), f"0x{number}{index:060}")
        self.bare_ns.append(await asyncio.get_running_loop().run_in_executor(self._bare, written))
        await sync_to_async(self._journal)(place.key)

    def _journal(self, key: IntentKey) -> None:
        Order.objects.filter(key=key).update(status=Status.REJECTED, moved_ms=clock.now_ms())

    def _write(self, place: Place, order_id: str) -> int:
        began = time.perf_counter_ns()
        services.write_order(
            place,
            account_id=self._account_id,
            order_id=OrderId(order_id),
            unsigned="{}" * 200,
            fence_name=FENCE,
            fence=self._fence,
            at_ms=clock.now_ms(),
        )
        return time.perf_counter_ns() - began


def _moved(listing: ev.MarketListed, later: int) -> ev.MarketListed:
    starts = None if listing.starts_ms is None else Ms(listing.starts_ms + later)
    return replace(listing, starts_ms=starts, heard_ms=Ms(listing.heard_ms + later))


def _said(text: bytes, later: int) -> bytes:
    """A frame stamped as if it were said now: a stamp of the tape's own day is a skewed clock, and no order."""
    return STAMP.sub(lambda found: b"%d" % (int(found[0]) + later), text)


def _terms(listing: ev.MarketListed) -> VenueTerms:
    return VenueTerms(neg_risk=False, version="v2" if is_v2_position_id(listing.yes_token) else "v1")


def _no_wish(wanted: Resync | WalletAction) -> None:
    """The tape answers no ``GET /book``, and nothing is ever held that could be merged."""


def _fresh_database() -> None:
    """An empty database of our own. Raises ``RuntimeError`` when the settings name another."""
    chosen = settings.DATABASES["default"]
    path = Path(str(chosen["NAME"]))
    if "sqlite3" not in chosen["ENGINE"] or STATE not in path.parents:
        raise RuntimeError("the order path is measured on a database of its own: unset DATABASE_URL")
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    call_command("migrate", verbosity=0, interactive=False)


def _account() -> tuple[int, int]:
    account = services.open_account(
        mode=AccountMode.DEMO, name="bench", start_cash=usdc("10000"), at_ms=clock.now_ms()
    )
    return account.pk, services.take_fence(FENCE)


@asynccontextmanager
async def _venue() -> AsyncIterator[str]:
    """The refusing venue's URL; the process ends with its standard input."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.refusing_venue", stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    elsewhere = set(range(os.cpu_count() or 1)) - os.sched_getaffinity(0)
    if elsewhere:
        # Pinned with us it would run within our ``send``; the real venue is on another machine.
        os.sched_setaffinity(process.pid, elsewhere)
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            port = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            await process.wait()


async def _measured(tape: Frames) -> tuple[list[int], list[int], list[int]]:
    async with ThreadSensitiveContext(), _venue() as url:
        account_id, fence = await sync_to_async(_account)()
        credentials = Credentials(OWNER, "c2VjcmV0", "passphrase")
        transport = Transport(
            url, a_signer(), credentials=credentials, chance=Random(1), orders=Bucket(NO_LIMIT, NO_LIMIT)
        )
        await transport.start(orders=True)
        measuring = Measuring(tape, transport, account_id, fence)
        gc.collect()
        gc.freeze()
        try:
            await measuring.run()
        finally:
            gc.unfreeze()
            await transport.close()
            await sync_to_async(connections.close_all)()
    first, every = measuring.watch.spent()
    return measuring.bare_ns[WARM_UP:], first, every


def measured(tape: Frames) -> dict[str, Spread]:
    """The bare commit, and frame to socket: of each frame's first order, and of all orders."""
    _fresh_database()
    connections.close_all()
    bare, first, every = asyncio.run(_measured(tape))
    return {
        "bare_row_commit": spread(bare),
        "frame_to_socket": spread(first),
        "frame_to_socket_all": spread(every),
    }


def results(tape: Frames) -> dict[str, Any]:
    rows = measured(tape)
    added = rows["frame_to_socket"].p99_us - rows["bare_row_commit"].p99_us
    return {
        **{name: timing.as_row(row) for name, row in rows.items()},
        "p99_above_bare_commit_us": round(added, 1),
    }


def told(found: dict[str, Any]) -> str:
    """The rows for people, with the bar."""
    lines = [
        f"  {name:20} p50 {row['p50_us']:8.1f}  p99 {row['p99_us']:8.1f} us  ({row['calls']} orders)\n"
        for name, row in ((name, found[name]) for name in ROWS)
    ]
    bar = f"  p99 above the bare commit's: {found['p99_above_bare_commit_us']} us (at most {ADDED_US_MAX:.0f})\n"
    return "from frame received to bytes handed to the socket, row written first\n" + "".join(lines) + bar
