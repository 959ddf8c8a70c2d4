"""The shard's ears against the real simulator: what is heard, lost, asked for, wanted and no longer wanted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings
from redis import Redis

from core import events as ev
from core.book import Trust
from core.ids import MarketId, TokenId
from core.intents import Resync
from feeds.market_defaults import load
from feeds.tapes import TapeFrame, TapeListing, open_tape
from infra import aio, clock, restarts
from infra.redis import close_async
from tests.builders import a_listing
from tests.trading.stages import Stage, Venue, a_venue, mid_evening
from trading.shard.market_feed import MarketFeed


@pytest.fixture(autouse=True)
def _evening(monkeypatch: pytest.MonkeyPatch) -> None:
    mid_evening(monkeypatch)


class Ears:
    """A running feed over two of the venue's markets."""

    def __init__(self, venue: Venue, feed: MarketFeed, stage: Stage, listings: list[ev.MarketListed]) -> None:
        self.venue = venue
        self.feed = feed
        self.stage = stage
        self.listings = listings

    async def want(self, listing: ev.MarketListed) -> None:
        assert self.feed.learn(listing)
        self.stage.runner.take(listing)
        await self.feed.subscribe()

    async def hears_book(self, market: MarketId) -> ev.BookSnapshot:
        return await self.stage.engine.hears(ev.BookSnapshot, lambda each: each.market_id == market)

    async def hears_both_books(self, market: MarketId) -> None:
        for _ in range(2):
            await self.hears_book(market)


@asynccontextmanager
async def listening(settings: Settings, folder: Path, *, record: bool = False) -> AsyncIterator[Ears]:
    async with a_venue() as venue:
        chosen = {"port": venue.port - 1, "record": record, "state_dir": folder}
        settings.POLYLOLY = settings.POLYLOLY.model_copy(update=chosen)
        stop, stage = asyncio.Event(), Stage()
        feed = MarketFeed(stage.runner, stop)
        running = asyncio.create_task(feed.run())
        try:
            yield Ears(venue, feed, stage, await venue.listings())
        finally:
            stop.set()
            await aio.end(running)
            await feed.close()


async def test_a_market_that_is_wanted_is_heard_and_trusted(settings: Settings, tmp_path: Path) -> None:
    async with listening(settings, tmp_path) as ears:
        wanted = ears.listings[0]

        await ears.want(wanted)
        await ears.hears_both_books(wanted.market_id)

        assert ears.stage.engine.desks[wanted.market_id].book.trust is Trust.TRUSTED
        assert ears.feed.row()["status"] == "connected"


async def test_a_lost_connection_and_its_return_reach_the_engine(settings: Settings, tmp_path: Path) -> None:
    async with listening(settings, tmp_path) as ears:
        wanted = ears.listings[0]
        await ears.want(wanted)
        await ears.hears_both_books(wanted.market_id)

        await ears.venue.cut_all()
        lost = await ears.stage.engine.hears(ev.FeedLost)
        assert lost.market_ids == (wanted.market_id,)
        assert ears.stage.engine.desks[wanted.market_id].book.trust is not Trust.TRUSTED

        back = await ears.stage.engine.hears(ev.FeedBack)
        await ears.hears_both_books(wanted.market_id)

        assert back.market_ids == (wanted.market_id,)
        assert ears.stage.engine.desks[wanted.market_id].book.trust is Trust.TRUSTED
        assert ears.feed.row()["reconnects"] == 1


async def test_somebody_has_it_connect_anew(settings: Settings, redis: Redis, tmp_path: Path) -> None:
    async with listening(settings, tmp_path) as ears:
        wanted = ears.listings[0]
        await ears.want(wanted)
        await ears.hears_both_books(wanted.market_id)
        await ears.feed.heed_wishes()
        before = restarts.runs_since("feed:polymarket")

        restarts.ask("feed:polymarket")
        await ears.feed.heed_wishes()

        lost = await ears.stage.engine.hears(ev.FeedLost)
        await ears.stage.engine.hears(ev.FeedBack)
        await ears.hears_both_books(wanted.market_id)
        await ears.feed.heed_wishes()
        assert lost.reason == "told to start anew"
        assert ears.stage.engine.desks[wanted.market_id].book.trust is Trust.TRUSTED
        assert ears.feed.row()["reconnects"] == 1, "once for one wish"
        since = restarts.runs_since("feed:polymarket")
        assert None not in (before, since)
        assert before != since
    await close_async()


async def test_a_resync_asks_for_the_book_and_brings_the_answer(settings: Settings, tmp_path: Path) -> None:
    async with listening(settings, tmp_path) as ears:
        wanted = ears.listings[0]
        await ears.want(wanted)
        await ears.hears_both_books(wanted.market_id)

        ears.feed.resync(Resync(wanted.market_id, "silent", clock.now_ms()))
        answer = await ears.hears_book(wanted.market_id)

        assert answer.origin is ev.Origin.REST
        assert answer.bids
        assert answer.asks


async def test_a_resync_that_nobody_answers_is_told(settings: Settings, tmp_path: Path) -> None:
    async with listening(settings, tmp_path) as ears:
        stranger = replace(
            ears.listings[0],
            market_id=MarketId("0xstranger"),
            yes_token=TokenId("1"),
            no_token=TokenId("2"),
        )
        await ears.want(stranger)

        ears.feed.resync(Resync(stranger.market_id, "silent", clock.now_ms()))
        failed = await ears.stage.engine.hears(ev.ResyncFailed)

        assert failed.market_id == stranger.market_id
        assert "404" in failed.reason


async def test_a_second_resync_in_a_row_subscribes_anew(settings: Settings, tmp_path: Path) -> None:
    async with listening(settings, tmp_path) as ears:
        wanted = ears.listings[0]
        await ears.want(wanted)
        await ears.hears_both_books(wanted.market_id)

        ahead = replace(Resync(wanted.market_id, "torn", clock.now_ms()), decided_ms=clock.now_ms())
        ears.feed.resync(ahead)
        await ears.hears_book(wanted.market_id)
        ears.feed.resync(replace(ahead, decided_ms=clock.now_ms()))
        heard = [await ears.hears_book(wanted.market_id) for _ in range(3)]

        origins = sorted(each.origin.value for each in heard)
        assert origins == sorted([ev.Origin.CHANNEL.value] * 2 + [ev.Origin.REST.value])


async def test_a_market_listed_later_is_subscribed_on_the_open_connection(
    settings: Settings, tmp_path: Path
) -> None:
    async with listening(settings, tmp_path) as ears:
        first, second = ears.listings[:2]
        await ears.want(first)
        await ears.hears_both_books(first.market_id)

        await ears.want(second)
        await ears.hears_both_books(second.market_id)

        assert ears.feed.row()["reconnects"] == 0


async def test_a_forgotten_market_is_not_heard_any_more(settings: Settings, tmp_path: Path) -> None:
    async with listening(settings, tmp_path) as ears:
        kept, dropped = ears.listings[:2]
        for each in (kept, dropped):
            await ears.want(each)
            await ears.hears_both_books(each.market_id)

        ears.feed.forget(dropped.market_id)
        await ears.feed.subscribe()
        # A later wish is answered after an earlier one: with its books in, the other is unsubscribed.
        late = ears.listings[2]
        await ears.want(late)
        await ears.hears_both_books(late.market_id)
        before = len(ears.stage.engine.past)
        ears.venue.advance(30_000)
        ears.feed.resync(Resync(kept.market_id, "silent", clock.now_ms()))
        await ears.stage.engine.hears(ev.BookSnapshot, lambda each: each.origin is ev.Origin.REST)

        after = ears.stage.engine.past[before:]
        heard = {each.market_id for each in after if isinstance(each, ev.BookChanged | ev.BookSnapshot)}
        assert kept.market_id in heard
        assert dropped.market_id not in heard
        assert ears.feed._parser.refused.total() == 0


def test_known_terms_are_no_news_and_changed_terms_are(settings: Settings, tmp_path: Path) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"record": False, "state_dir": tmp_path})
    feed = MarketFeed(Stage().runner, asyncio.Event())

    assert feed.learn(a_listing())
    assert not feed.learn(a_listing(heard_ms=clock.now_ms()))
    assert feed.learn(a_listing(tick="0.001"))


async def test_what_is_heard_is_recorded_and_reads_back(settings: Settings, tmp_path: Path) -> None:
    async with listening(settings, tmp_path, record=True) as ears:
        wanted = ears.listings[0]
        await ears.want(wanted)
        await ears.hears_both_books(wanted.market_id)

    tape = open_tape(settings.POLYLOLY.recordings_dir, load())
    lines = list(tape)
    assert [line.listing.market_id for line in lines if isinstance(line, TapeListing)] == [wanted.market_id]
    assert any(isinstance(line, TapeFrame) for line in lines)
    assert not tape.refused
