"""Runs the sources that are no market data: hears them, tells the bus, keeps what they say and how they do."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings
from redis import RedisError

from core.ids import MatchId
from core.units import Ms
from feeds import services
from feeds.errors import UnknownSource
from feeds.refusals import Refusal
from feeds.sources.simulator.client import MatchChannel
from feeds.sources.simulator.parse import Parser, Word
from infra import aio, bus, clock, logs, metrics
from infra.loops import Loop

MATCHES: Final = "matches"
KEEP_MS: Final = 2_000

log = logs.get("feeds")

Run = Callable[[asyncio.Event], Awaitable[None]]


class MatchWatch:
    """The match feed's ear. Every word goes to the bus as it comes; rows are written every two seconds."""

    def __init__(self, url: str, *, chance: Random) -> None:
        self.parser = Parser(self._note)
        self.channel = MatchChannel(url, self, chance=chance)
        self._unsaved: dict[MatchId, Word] = {}
        self._reconnects = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Listen and keep until ``stop``."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.channel.run(stop))
            group.create_task(aio.every(KEEP_MS, self.keep, stop=stop))
        await self.keep()

    async def heard(self, text: str, heard_ms: Ms) -> None:
        """A ``Listener``'s part. When the bus is down the word is lost for the trader, and said so."""
        word = self.parser.parse(text, heard_ms)
        if word is None:
            return
        self._unsaved[word.signal.match_id] = word
        try:
            await bus.async_publish(MATCHES, word.signal)
        except RedisError as error:
            log.warning("match word not published", match_id=word.signal.match_id, error=str(error))

    async def keep(self) -> None:
        """Write what was heard since the last time, and how the source does."""
        unsaved, self._unsaved = self._unsaved, {}
        now, heard_ms = clock.now_ms(), self.channel.heard_ms
        if heard_ms is not None:
            metrics.SOURCE_AGE.labels(source=MATCHES).set((now - heard_ms) / 1000 / float(clock.speed()))
        metrics.WS_RECONNECTS.labels(source=MATCHES).inc(self.channel.reconnects - self._reconnects)
        self._reconnects = self.channel.reconnects
        await sync_to_async(_save)(list(unsaved.values()), self.channel, now)

    def _note(self, refusal: Refusal) -> None:
        metrics.REFUSED_INPUT.labels(source=MATCHES, reason=refusal.reason.value).inc()
        log.warning(
            "input refused",
            event_type="input_refused",
            source=MATCHES,
            reason=refusal.reason.value,
            detail=refusal.detail,
        )


def _save(words: list[Word], channel: MatchChannel, now: Ms) -> None:
    for word in words:
        services.save_match(word.match, word.signal)
    services.record_health(
        MATCHES, channel.status, channel.heard_ms, channel.detail, at_ms=now, reconnects=channel.reconnects
    )


def named(source: str) -> Run:
    """The source of this name, ready to run. Raises ``UnknownSource``, also for one the venue in use does not have."""
    if source != MATCHES:
        raise UnknownSource(f"no source is called {source!r}; there is: {MATCHES}")
    url = settings.POLYLOLY.urls.matches_ws
    if url is None:
        raise UnknownSource(
            f"{MATCHES} is the simulator's feed; VENUE={settings.POLYLOLY.venue.value} has none"
        )
    return MatchWatch(url, chance=Random()).run


async def run(loop: Loop, *, source: Run) -> None:
    """A source as a loop of a worker."""
    loop.warmed_up()
    await source(loop.stop)
