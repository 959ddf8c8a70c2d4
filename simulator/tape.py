"""Writes a simulated recording without sockets: what a subscriber to every market would have received.

Layout: one JSON object a line, ``{"recv_ms", "frame"}``, gzipped; beside it ``markets.json`` with the tokens,
names, terms and payouts of all markets that occur. Frames carry their own time as receive time, and the same
arguments write the same bytes.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from core.ids import MarketId, Outcome, TokenId
from core.units import Ms, text
from simulator.announcer import Audience
from simulator.sheets import REBATE, Sheet, game_id
from simulator.wire import MarketMessage, MarketResolved
from simulator.world import STEP_MS, World

TAPE_START_MS: Final = Ms(1_793_786_400_000)  # 2026-11-04 10:00 UTC: a tape does not depend on its writing
STEPS_A_MINUTE: Final = 60_000 // STEP_MS
# What a subscriber without custom features gets, and the resolution, without which no position would end.
TAPED: Final = frozenset({Audience.MARKET, Audience.TOKEN, Audience.CUSTOM_MARKET})


class Line(msgspec.Struct):
    recv_ms: Ms
    frame: MarketMessage | list[MarketMessage]


class TapedMarket(msgspec.Struct):
    """One entry of ``markets.json``. Amounts are decimal text, times epoch milliseconds.

    ``tick`` is that of the first book on the tape; ``payout_yes`` is ``None`` where the tape ends before.
    """

    market_id: MarketId
    slug: str
    question: str
    yes_token_id: TokenId
    no_token_id: TokenId
    yes_name: str
    no_name: str
    event_id: str
    tournament: str
    match_id: str
    map_number: int | None
    best_of: int
    starts_ms: Ms
    tick: str
    min_size: str
    delay_ms: Ms
    fee_rate: str
    rebate: str
    payout_yes: str | None


def write_tape(path: Path, *, seed: int, minutes: int, changes_per_frame: int = 2) -> int:
    """Write ``path`` (``.jsonl.gz``) and ``markets.json`` beside it; return the number of frames.

    ``changes_per_frame`` is how many changes of one market may share a frame: 2 is one level seen by both
    tokens, the usual live shape.
    """
    world = World(seed, TAPE_START_MS, changes_per_frame=changes_per_frame)
    markets: dict[MarketId, TapedMarket] = {}
    encode, count = msgspec.json.Encoder().encode, 0
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as out:
        for line in _lines(world, minutes, markets):
            out.write(encode(line) + b"\n")
            count += 1
    described = msgspec.json.encode(list(markets.values()))
    path.with_name("markets.json").write_bytes(msgspec.json.format(described, indent=1) + b"\n")
    return count


def _lines(world: World, minutes: int, markets: dict[MarketId, TapedMarket]) -> Iterator[Line]:
    """Every frame in order, each market's books before anything else that is said about it."""
    yield from _join_new_markets(world, markets)
    for _ in range(minutes * STEPS_A_MINUTE):
        for frame in world.step(Ms(world.now_ms + STEP_MS)).frames:
            if frame.audience not in TAPED or frame.market_id not in markets:
                continue
            for message in frame.messages:
                if isinstance(message, MarketResolved):
                    market = markets[message.market]
                    market.payout_yes = "1" if message.winning_asset_id == market.yes_token_id else "0"
            yield Line(frame.at_ms, frame.messages[0] if len(frame.messages) == 1 else list(frame.messages))
        yield from _join_new_markets(world, markets)


def _join_new_markets(world: World, markets: dict[MarketId, TapedMarket]) -> Iterator[Line]:
    """Subscribe to what was listed since the last call: its books come as one array frame."""
    for sheet in world.open_sheets():
        if sheet.terms.market_id not in markets:
            books = world.snapshots([sheet.token(outcome) for outcome in Outcome])
            markets[sheet.terms.market_id] = _described(sheet, books[0].tick_size)
            yield Line(world.now_ms, list(books))


def _described(sheet: Sheet, tick: str) -> TapedMarket:
    terms, booking = sheet.terms, sheet.booking
    return TapedMarket(
        market_id=terms.market_id,
        slug=sheet.slug,
        question=sheet.question,
        yes_token_id=terms.yes_token,
        no_token_id=terms.no_token,
        yes_name=sheet.name(Outcome.YES),
        no_name=sheet.name(Outcome.NO),
        event_id=str(booking.number),
        tournament=booking.tournament,
        match_id=str(game_id(booking)),
        map_number=sheet.map_number,
        best_of=booking.series.best_of,
        starts_ms=booking.starts_ms,
        tick=tick,
        min_size=text(terms.min_size, 6),
        delay_ms=terms.delay_ms,
        fee_rate=text(terms.fee_rate, 6),
        rebate=text(REBATE, 6),
        payout_yes=None,
    )
