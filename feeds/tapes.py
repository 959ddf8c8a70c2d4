"""Recordings, as what was on them: markets and frames in order. Whatever cannot be read is a counted refusal.

Layouts: our own recorder's (``feeds.recorder``), ``{"recv_ms", "frame"}`` lines with a ``markets.json`` beside
them, and raw ``{"recv_wall_ts", "source", "payload"}`` lines of several sources; plain, gzip or zstandard; or a
folder of them, merged by receive time.
"""

import gzip
import heapq
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from core.events import MarketListed
from core.ids import MarketId
from core.units import Ms, Price
from feeds import tape_markets
from feeds.market_defaults import MarketDefaults
from feeds.refusals import OnRefusal, Refusal, RefusalReason, shortened
from feeds.tape_markets import TapeMarket
from infra import codec

SUFFIXES: Final = (".jsonl", ".jsonl.gz", ".jsonl.zst")
MARKETS_FILE: Final = "markets.json"
OUR_SOURCE: Final = "polymarket_clob"  # of the raw layout; its other sources are no market data
BACKWARDS_MAX_MS: Final = 1_000  # two threads may stamp in the wrong order; more is a clock that was set
LEAP_MS: Final = 3_600_000  # a longer gap must be confirmed by the frame's own stamp
SAID_MAX_MS: Final = 300_000
MARKET: Final = re.compile(rb'"market"\s*:\s*"([^"]+)"')
SAID: Final = re.compile(rb'"timestamp"\s*:\s*"(\d{13})"')
CHUNK: Final = 256 * 1024


class NotATape(Exception):
    """There is nothing to replay here; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class TapeFrame:
    """One frame as received."""

    recv_ms: Ms
    frame: bytes


@dataclass(frozen=True, slots=True)
class TapeListing:
    """A market, told before its first frame. ``listing.heard_ms`` is the receive time of that."""

    recv_ms: Ms
    listing: MarketListed


TapeLine = TapeFrame | TapeListing


class _Record(msgspec.Struct):
    """A line of any layout."""

    recv_ms: float | int | None = None
    frame: msgspec.Raw = msgspec.Raw()  # empty: not there
    text: str | None = None
    listed: msgspec.Raw = msgspec.Raw()
    dropped: int | None = None
    recv_wall_ts: int | None = None
    source: str | None = None
    payload: str | None = None


_RECORD: Final = msgspec.json.Decoder(_Record)


class Tape:
    """One recording or a folder of them. Iterate it; it can be iterated again.

    lines:    records read so far, market definitions and other sources' rows included.
    refused:  what was not taken, by reason; told to ``on_refusal`` as well.
    unused:   well-formed rows of no use to us, by kind.
    payouts:  what one YES share paid in the end, where the tape's ``markets.json`` says so.
    defaults: the markets whose terms were filled from the defaults file, by category.
    """

    def __init__(self, paths: list[Path], defaults: MarketDefaults, on_refusal: OnRefusal | None) -> None:
        self.paths = paths
        self.lines = 0
        self.refused: Counter[RefusalReason] = Counter()
        self.unused: Counter[str] = Counter()
        self.payouts: dict[MarketId, Price] = {}
        self.defaults: Counter[str] = Counter()
        self._market_defaults = defaults
        self._on_refusal = on_refusal

    def __iter__(self) -> Iterator[TapeLine]:
        self.lines = 0
        for counter in (self.refused, self.unused, self.defaults):
            counter.clear()
        reels = [self._reel(path) for path in self.paths]
        lines = reels[0] if len(reels) == 1 else heapq.merge(*reels, key=lambda line: line.recv_ms)
        told: set[MarketId] = set()
        for line in lines:
            if isinstance(line, TapeListing):
                if line.listing.market_id in told and len(self.paths) > 1:
                    continue
                told.add(line.listing.market_id)
            yield line

    def _reel(self, path: Path) -> Iterator[TapeLine]:
        """One file: its frames, and each described or learned market before the first frame that names it."""
        markets = self._markets(path)
        waiting = {market_id.encode(): market for market_id, market in markets.items()}
        for line in self._stamped(path):
            if isinstance(line, TapeFrame):
                for named in MARKET.findall(line.frame) if waiting else ():
                    market = waiting.pop(named, None)
                    if market is None:
                        continue
                    if market.defaults is not None:
                        self.defaults[market.defaults] += 1
                    yield TapeListing(line.recv_ms, replace(market.listing, heard_ms=line.recv_ms))
            yield line

    def _markets(self, path: Path) -> dict[MarketId, TapeMarket]:
        """From ``markets.json``; without one, from a first look through the file that has no definitions itself."""
        beside = path.with_name(MARKETS_FILE)
        if beside.exists():
            try:
                markets = tape_markets.described(beside, self._market_defaults)
            except ValueError as error:
                self._refuse(RefusalReason.UNREADABLE_LINE, f"{beside.name}: {error}", None)
                markets = {}
            self.payouts |= {
                key: market.payout for key, market in markets.items() if market.payout is not None
            }
            if markets:
                return markets
        first_look = _FirstLook(Tape([path], self._market_defaults, None)._stamped(path))  # noqa: SLF001
        markets = tape_markets.learned(first_look.frames(), self._market_defaults)
        return {} if first_look.has_definitions else markets

    def _stamped(self, path: Path) -> Iterator[TapeLine]:
        """Records with receive times that never run backwards."""
        last_ms: Ms | None = None
        for line in self._records(path):
            if last_ms is not None and line.recv_ms < last_ms - BACKWARDS_MAX_MS:
                self._refuse(RefusalReason.CLOCK_JUMP, f"{last_ms - line.recv_ms} ms backwards", line.recv_ms)
                continue
            if last_ms is not None and line.recv_ms > last_ms + LEAP_MS and not _said_then(line):
                self._refuse(RefusalReason.CLOCK_JUMP, f"{line.recv_ms - last_ms} ms forwards", line.recv_ms)
                continue
            last_ms = line.recv_ms if last_ms is None else max(line.recv_ms, last_ms)
            yield line if line.recv_ms == last_ms else replace(line, recv_ms=last_ms)

    def _records(self, path: Path) -> Iterator[TapeLine]:
        for text in self._texts(path):
            self.lines += 1
            try:
                record = _RECORD.decode(text)
            except msgspec.DecodeError as error:
                whole = text.endswith(b"\n")
                reason = RefusalReason.UNREADABLE_LINE if whole else RefusalReason.TRUNCATED
                self._refuse(reason, f"line {self.lines}: {error}: {text.decode('utf-8', 'replace')}", None)
                continue
            line = self._line(record, text)
            if line is not None:
                yield line

    def _line(self, record: _Record, text: bytes) -> TapeLine | None:
        if record.source is not None and record.source != OUR_SOURCE:
            self.unused[record.source] += 1
            return None
        frame, listed = bytes(record.frame), bytes(record.listed)
        said = record.payload if record.payload is not None else record.text
        if not frame and not listed and said is None and record.dropped is None:
            detail = f"line {self.lines}: of no known layout: {text.decode('utf-8', 'replace')}"
            self._refuse(RefusalReason.UNREADABLE_LINE, detail, None)
            return None
        recv = record.recv_ms if record.recv_ms is not None else record.recv_wall_ts
        if recv is None or recv <= 0:
            self._refuse(RefusalReason.BAD_TIMESTAMP, f"line {self.lines}: receive time {recv}", None)
            return None
        recv_ms = Ms(int(recv))
        if listed:
            return self._listing(recv_ms, listed)
        if record.dropped is not None:
            self._refuse(RefusalReason.TRUNCATED, f"{record.dropped} frames were not recorded", recv_ms)
            return None
        return TapeFrame(recv_ms, frame or (said or "").encode())

    def _listing(self, recv_ms: Ms, text: bytes) -> TapeListing | None:
        try:
            event = codec.load(text)
        except codec.Undecodable as error:
            self._refuse(RefusalReason.UNREADABLE_LINE, f"line {self.lines}: {error}", recv_ms)
            return None
        if not isinstance(event, MarketListed):
            self._refuse(RefusalReason.UNREADABLE_LINE, f"line {self.lines}: {type(event).__name__}", recv_ms)
            return None
        return TapeListing(recv_ms, event)

    def _texts(self, path: Path) -> Iterator[bytes]:
        """The lines of a file, as far as it can be read."""
        rest = b""
        try:
            for chunk in _unpacked(path):
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                for line in lines:
                    yield line + b"\n"
        except (EOFError, zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
            self._refuse(RefusalReason.TRUNCATED, f"{path.name} after line {self.lines}: {error}", None)
        else:
            if rest:
                yield rest

    def _refuse(self, reason: RefusalReason, detail: str, heard_ms: Ms | None) -> None:
        self.refused[reason] += 1
        if self._on_refusal is not None:
            self._on_refusal(Refusal(reason, shortened(detail), None, heard_ms))


class _FirstLook:
    """Frames of a tape, up to the first definition: a tape that defines its markets has nothing to teach."""

    def __init__(self, lines: Iterator[TapeLine]) -> None:
        self.has_definitions = False
        self._lines = lines

    def frames(self) -> Iterator[bytes]:
        for line in self._lines:
            if isinstance(line, TapeListing):
                self.has_definitions = True
                return
            yield line.frame


def open_tape(path: Path, defaults: MarketDefaults, on_refusal: OnRefusal | None = None) -> Tape:
    """A file of any layout, or all of a folder. Raises ``NotATape``."""
    if path.is_dir():
        paths = sorted(each for each in path.iterdir() if each.name.endswith(SUFFIXES))
        if not paths:
            raise NotATape(f"{path} holds no file that ends in {', '.join(SUFFIXES)}")
        return Tape(paths, defaults, on_refusal)
    if not path.is_file():
        raise NotATape(f"{path} is neither a file nor a folder")
    return Tape([path], defaults, on_refusal)


def _unpacked(path: Path) -> Iterator[bytes]:
    """The bytes of a file in pieces, whatever its packing; recognised by its first bytes, not by its name."""
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic[:2] == b"\x1f\x8b":
            with gzip.open(raw) as file:
                yield from iter(partial(file.read, CHUNK), b"")
        elif magic == b"\x28\xb5\x2f\xfd":
            # Not its stream reader: at the end of a file that was never closed that one keeps back what it has.
            unpack = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)
            for packed in iter(partial(raw.read, CHUNK), b""):
                yield unpack.decompress(packed)
        else:
            yield from iter(partial(raw.read, CHUNK), b"")


def _said_then(line: TapeLine) -> bool:
    """Whether the frame's own stamp is near its receive time, so that a long gap was a long silence."""
    if isinstance(line, TapeListing):
        return True
    stamps = [int(stamp) for stamp in SAID.findall(line.frame)]
    return bool(stamps) and abs(max(stamps) - line.recv_ms) <= SAID_MAX_MS
