"""The other opinion: both tokens' own books from the raw JSON, slow and plain. Shares no code with the product.

One book per token, messages applied in the order they came, prices as ``Decimal``. No mirroring, no timestamps,
no trust: whatever the two books say at the end of a frame is what a reader of that frame could know.
"""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import merge
from pathlib import Path
from typing import Any, Final, TextIO

import zstandard

ONE: Final = Decimal(1)
ZERO: Final = Decimal(0)
RAW_SOURCE: Final = "polymarket_clob"


@dataclass(slots=True)
class TokenBook:
    """One token's book in its own prices."""

    bids: dict[Decimal, Decimal] = field(default_factory=dict)
    asks: dict[Decimal, Decimal] = field(default_factory=dict)

    def top(self) -> tuple[Decimal, Decimal]:
        """Best bid and ask; an empty side is 0 or 1, as the venue writes it."""
        return max(self.bids, default=ZERO), min(self.asks, default=ONE)


@dataclass(frozen=True, slots=True)
class NaiveFrame:
    """What one frame changed: the markets it touched, and the tops it states, by token."""

    touched: frozenset[str]
    stated: dict[str, tuple[Decimal, Decimal]]


class NaiveBooks:
    """All token books of a tape, and the episodes in which a market's two asks added up to less than 1."""

    def __init__(self) -> None:
        self.markets: dict[str, dict[str, TokenBook]] = {}
        self.episodes = 0
        self.lasted_ms: list[int] = []
        self._began_ms: dict[str, int] = {}

    def take(self, recv_ms: int, frame: Any) -> NaiveFrame:
        touched: set[str] = set()
        stated: dict[str, tuple[Decimal, Decimal]] = {}
        for message in frame if isinstance(frame, list) else [frame]:
            kind = message.get("event_type")  # an answer of GET /book has none; the channel alone is judged
            if kind == "book":
                self._book(message)
                touched.add(message["market"])
            elif kind == "price_change":
                self._changes(message, stated)
                touched.add(message["market"])
        for market in touched:
            self._count(market, recv_ms)
        return NaiveFrame(frozenset(touched), stated)

    def _token(self, market: str, token: str) -> TokenBook:
        return self.markets.setdefault(market, {}).setdefault(token, TokenBook())

    def _book(self, message: Any) -> None:
        book = self._token(message["market"], message["asset_id"])
        book.bids = {Decimal(level["price"]): Decimal(level["size"]) for level in message["bids"]}
        book.asks = {Decimal(level["price"]): Decimal(level["size"]) for level in message["asks"]}

    def _changes(self, message: Any, stated: dict[str, tuple[Decimal, Decimal]]) -> None:
        for change in message["price_changes"]:
            token = change["asset_id"]
            book = self._token(message["market"], token)
            side = book.bids if change["side"] == "BUY" else book.asks
            price, size = Decimal(change["price"]), Decimal(change["size"])
            if size:
                side[price] = size
            else:
                side.pop(price, None)
            if change.get("best_bid") is not None and change.get("best_ask") is not None:
                stated[token] = (Decimal(change["best_bid"]), Decimal(change["best_ask"]))

    def ask_sum(self, market: str) -> Decimal | None:
        """What the two best asks add up to; ``None`` while one is missing: then there is nothing to buy twice."""
        books = list(self.markets.get(market, {}).values())
        if len(books) != 2 or not books[0].asks or not books[1].asks:
            return None
        return min(books[0].asks) + min(books[1].asks)

    def mirrored(self, market: str) -> bool:
        """Whether the best prices of the two tokens are each other's complement."""
        books = list(self.markets.get(market, {}).values())
        if len(books) != 2:
            return False
        (bid, ask), (other_bid, other_ask) = books[0].top(), books[1].top()
        return bid + other_ask == ONE and ask + other_bid == ONE

    def sound(self, market: str) -> bool:
        """Whether an order may be based on what the books say now."""
        total = self.ask_sum(market)
        return self.mirrored(market) and (total is None or total >= ONE)

    def _count(self, market: str, recv_ms: int) -> None:
        total = self.ask_sum(market)
        if total is None:
            return
        if total < ONE and market not in self._began_ms:
            self.episodes += 1
            self._began_ms[market] = recv_ms
        elif total >= ONE and market in self._began_ms:
            self.lasted_ms.append(recv_ms - self._began_ms.pop(market))


def frames(path: Path) -> Iterator[tuple[int, Any]]:
    """Receive time and decoded frame of everything on a sound tape, or of a folder of them by receive time."""
    paths = sorted(path.glob("*.jsonl*")) if path.is_dir() else [path]
    yield from merge(*map(_file, paths), key=lambda each: each[0])


def _file(path: Path) -> Iterator[tuple[int, Any]]:
    last = 0
    with _opened(path) as lines:
        for text in lines:
            line = json.loads(text)
            if line.get("source", RAW_SOURCE) != RAW_SOURCE or "listed" in line:
                continue
            last = max(last, int(line.get("recv_ms") or line["recv_wall_ts"]))
            said = json.loads(line["payload"]) if "payload" in line else line.get("frame")
            yield last, {} if said is None else said


def _opened(path: Path) -> TextIO:
    if path.suffix == ".zst":
        return zstandard.open(path, "rt", encoding="utf-8")  # type: ignore[no-any-return]
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")
