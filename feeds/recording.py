"""Records the market channel by itself: the listed markets, followed as discovery finds them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from asgiref.sync import sync_to_async

from core.events import MarketListed
from core.ids import MarketId
from core.units import Ms
from feeds.recorder import Recorder
from feeds.sources.polymarket.client import MarketChannel
from infra import aio, logs

LIST_MS: Final = 5_000

log = logs.get("recorder")


class Ears:
    """Hears the channel and keeps every frame."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self._listings: dict[MarketId, MarketListed] = {}

    def frame(self, frame: bytes, heard_ms: Ms) -> None:
        self.recorder.frame(frame, heard_ms)

    def opened(self, heard_ms: Ms) -> None:
        log.info("recording", event_type="feed", at_ms=heard_ms, markets=len(self._listings))

    def lost(self, reason: str, heard_ms: Ms) -> None:
        log.warning("recording interrupted", event_type="feed", at_ms=heard_ms, reason=reason)

    def learn(self, listing: MarketListed) -> None:
        """Keep a definition once, and again when its terms changed. When it was read does not matter."""
        known = self._listings.get(listing.market_id)
        if known is None or _terms(known) != _terms(listing):
            self.recorder.listed(listing)
        self._listings[listing.market_id] = listing


async def record(
    market_ws: str, folder: Path, listed: Callable[[], list[MarketListed]], *, stop: asyncio.Event
) -> int:
    """Record until ``stop``; ``listed`` is asked every few seconds, off the loop. Returns the lines written."""
    recorder = Recorder(folder)
    ears = Ears(recorder)
    channel = MarketChannel(market_ws, ears, stop=stop, chance=Random())

    async def follow() -> None:
        listings = await sync_to_async(listed)()
        for listing in listings:
            ears.learn(listing)
        await channel.want(token for each in listings for token in (each.yes_token, each.no_token))

    listening = asyncio.create_task(channel.run())
    try:
        await aio.every(LIST_MS, follow, stop=stop)
        await listening
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        await asyncio.to_thread(recorder.close)
    return recorder.written


def _terms(listing: MarketListed) -> tuple[object, ...]:
    return tuple(getattr(listing, name) for name in MarketListed.__dataclass_fields__ if name != "heard_ms")
