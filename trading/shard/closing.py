"""How a shard ends: no new order, open ones withdrawn and the venue asked, everything written, then the sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError

from core.events import Halted
from infra import clock, logs
from trading import services
from trading.errors import TradingError

if TYPE_CHECKING:
    from trading.shard.shard import Shard

CANCEL_WITHIN_MS: Final = 2_500
DISARMED_WITHIN_MS: Final = (
    10_000  # beyond it the venue sweeps: the wallet's heart holds its beat back meanwhile
)
CONCLUDE_WITHIN_MS: Final = 1_500
FLUSH_WITHIN_S: Final = 2.5
ASK_MS: Final = 20
STOPPING: Final = "stopping"

log = logs.get("trading")


async def close(shard: Shard) -> None:
    """Stop in the order of product.md 3; each step is logged with its time."""
    began = clock.monotonic_ms()
    shard.engine.halted = shard.engine.halted or STOPPING
    _done("took the last signal", began, number=1)
    if settings.POLYLOLY.cancel_on_shutdown or (shard.gate is not None and shard.gate.withdraws):
        left = await _cancel_all(shard, _within_ms(shard))
        _done("cancelled open orders", began, number=2, still_open=left)
    else:
        _done("left open orders as CANCEL_ON_SHUTDOWN=false says", began, number=2)
    if shard.keeper is not None:
        await shard.keeper.prover.conclude(CONCLUDE_WITHIN_MS)
        await shard.keeper.close()
        _done("answered for halts", began)
    try:
        await asyncio.to_thread(shard.journal.close, timeout_s=FLUSH_WITHIN_S)
        _done("flushed the journal", began, number=3, written=shard.journal.written)
    except TradingError as error:
        log.error("journal not flushed", event_type="error", error=str(error))
    await shard.floor.close()
    await shard.feed.close()
    _done("closed websockets", began, number=4)
    if await _dismissed(shard):
        await shard.publisher.withdraw()
        _done("dismissed", began)
    else:
        _done("left runner and board to its successor", began)


async def _dismissed(shard: Shard) -> bool:
    """False when another has taken over already: what bears the shard's name is that one's."""
    try:
        return await sync_to_async(services.dismiss_runner)(shard.name, fence=shard.fence, at=clock.now_ms())
    except DatabaseError as error:
        log.error("not dismissed: it owes an answer to every halt", event_type="error", error=str(error))
        return True


def _within_ms(shard: Shard) -> int:
    """A process that ends has fifteen seconds for everything; one that was disarmed goes on and can wait longer."""
    turned = shard.gate is not None and shard.gate.switched.is_set() and not shard.loop.stop.is_set()
    return DISARMED_WITHIN_MS if turned else CANCEL_WITHIN_MS


async def _cancel_all(shard: Shard, within_ms: int) -> int | None:
    """Withdraw every order and ask the venue until none is open. How many were left; ``None``: it did not say."""
    ends = clock.monotonic_ms() + within_ms
    shard.runner.take(Halted(None, STOPPING, clock.now_ms()))
    left = await _ask_open(shard, ends)
    while left != 0 and clock.monotonic_ms() < ends:
        await asyncio.sleep(ASK_MS / 1000)
        shard.runner.pass_time(clock.now_ms())
        left = await _ask_open(shard, ends)
    # What the venue told of the last cancels is heard before the record is closed.
    shard.runner.pass_time(clock.now_ms())
    return left


async def _ask_open(shard: Shard, ends: int) -> int | None:
    try:
        async with asyncio.timeout(max(ASK_MS, ends - clock.monotonic_ms()) / 1000):
            found = await shard.gateway.ask_open(None)
    except TimeoutError:
        return None
    return None if found is None else len(found)


def _done(step: str, began: int, **fields: int | None) -> None:
    """``number``: which of the six steps of product.md 3 it is; the launcher does the last two."""
    log.info(step, event_type="shutdown_step", after_ms=clock.monotonic_ms() - began, **fields)
