"""polyws 0.2.3 on a tape, in its own environment: its own receive loop, with no socket and no handlers.

A frame's time is from handing it to the loop until the loop asks for the next one: orjson, its event types, its
order book cache and its spread and midpoint, which is how it knows a token's best prices.
Prints the nanoseconds of every frame as a JSON list.
"""

# It runs in the peers' environment, whose packages are not ours.
# mypy: ignore-errors

import asyncio
import gc
import json
import logging
import sys
import time
from collections.abc import AsyncIterator

from polyws.manager import WSSubscriptionManager
from polyws.types import WebSocketHandlers


async def run(path: str) -> list[int]:
    with open(path, "rb") as lines:  # noqa: ASYNC230, PTH123 read before anything is timed
        markets = json.loads(lines.readline())
        texts = [line.rstrip(b"\n").decode() for line in lines]
    manager = WSSubscriptionManager(WebSocketHandlers())
    manager._subscribed = {market[name] for market in markets for name in ("yes", "no")}  # noqa: SLF001
    spent: list[int] = []
    clock = time.perf_counter_ns

    async def frames() -> AsyncIterator[str]:
        for text in texts:
            began = clock()
            yield text
            spent.append(clock() - began)
        raise asyncio.CancelledError

    manager._ws = frames()  # noqa: SLF001 instead of a connection
    gc.collect()
    gc.disable()
    try:
        await manager._receive_loop()  # noqa: SLF001 the loop is what is measured
    except asyncio.CancelledError:
        gc.enable()
    return spent


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.stdout.write(json.dumps(asyncio.run(run(sys.argv[1]))))
