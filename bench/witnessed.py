"""A replay beside the naive books: every order is judged by what the raw books said in that moment.

Both read the same file, each with its own reader; a frame that only one of them sees is counted as missed.
"""

from bench.settings import set_up

set_up()

from dataclasses import dataclass, field  # noqa: E402 settings first
from decimal import Decimal  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, Final  # noqa: E402

from bench.naive_books import NaiveBooks, NaiveFrame, frames  # noqa: E402
from bench.ours import replay_setup  # noqa: E402
from core import events as ev  # noqa: E402
from core.engine import Step  # noqa: E402
from core.ids import MarketId, Outcome  # noqa: E402
from core.units import ONE, Ms, usdc  # noqa: E402
from feeds.market_defaults import load  # noqa: E402
from feeds.tapes import TapeListing, open_tape  # noqa: E402
from trading.replay import SETTLE_MS, Replay  # noqa: E402

CASH: Final = usdc("10000")
UNITS: Final = Decimal(ONE)
OF_FRAMES: Final = (ev.BookSnapshot, ev.BookChanged, ev.TickSizeChanged, ev.MarketResolved, ev.TradePrinted)


@dataclass(slots=True)
class Found:
    """What one run over one tape showed."""

    frames: int = 0
    orders: int = 0
    unsound_orders: list[str] = field(default_factory=list)
    unsound_frames: int = 0
    phantoms: int = 0
    naive_phantoms: int = 0
    naive_lasted_ms: list[int] = field(default_factory=list)
    phantom_median_ms: int | None = None
    stated: int = 0
    raw_wrong: int = 0
    naive_wrong: int = 0
    book_wrong: int = 0
    book_wrong_ms: list[int] = field(default_factory=list)
    missed: int = 0
    failures: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    unused: dict[str, int] = field(default_factory=dict)
    digest: str = ""


class Judge:
    """The extra witness: sees every order approved and asks the naive books about it.

    What a frame's own events cause is judged by the books after that frame; what time or a fill causes before it
    is taken in, by the books before it.
    """

    def __init__(self) -> None:
        self.orders = 0
        self.unsound: list[str] = []
        self.books = NaiveBooks()
        self._before: dict[str, bool] = {}

    def take(self, recv_ms: int, frame: Any) -> NaiveFrame:
        self._before = {}
        for message in frame if isinstance(frame, list) else [frame]:
            market = message.get("market")
            if market is not None:
                self._before[market] = self.books.sound(market)
        return self.books.take(recv_ms, frame)

    def saw(self, event: ev.Event, step: Step) -> None:
        for approved in step.approved:
            self.orders += 1
            market = approved.intent.market_id
            sound = self.books.sound(market)
            if not isinstance(event, OF_FRAMES):
                sound = self._before.get(market, sound)
            if not sound:
                self.unsound.append(f"{type(event).__name__} {event.heard_ms} {approved.intent.key}")

    def failed(self, event: ev.Event, error: Exception) -> None:
        """Counted by the replay's own tally."""


def witnessed(path: Path) -> Found:
    """Replay ``path`` beside the naive books."""
    judge, found = Judge(), Found()
    run = Replay(open_tape(path, load()), replay_setup(), CASH, witness=judge)
    comparing = Comparing(run, found)
    naive = frames(path)
    for line in run.tape:
        if isinstance(line, TapeListing):
            run.take(line)
            continue
        recv_ms, frame = next(naive, (None, None))
        if recv_ms != line.recv_ms:
            found.missed += 1
            break
        said = judge.take(line.recv_ms, frame)
        run.take(line)
        found.unsound_frames += not all(map(judge.books.sound, said.touched))
        comparing.compare(judge.books, said, line.recv_ms)
    found.missed += sum(1 for _ in naive)
    finish(run, found)
    found.orders, found.unsound_orders = judge.orders, judge.unsound
    found.naive_phantoms, found.naive_lasted_ms = judge.books.episodes, judge.books.lasted_ms
    return found


def plain(path: Path) -> Found:
    """Replay ``path`` and nothing else."""
    run = Replay(open_tape(path, load()), replay_setup(), CASH)
    for line in run.tape:
        run.take(line)
    return finish(run, Found())


def finish(run: Replay, found: Found) -> Found:
    """Let what is under way end, as the replay command does, and read the report."""
    if run.seen.last_ms is not None:
        run.runner.pass_time(Ms(run.seen.last_ms + SETTLE_MS))
    report = run.report(0.0)
    found.frames, found.orders = report["frames"], report["orders"]
    found.phantoms, found.phantom_median_ms = report["phantom_pairs"], report["phantom_median_ms"]
    found.failures, found.digest = report["step_failures"], report["digest"]
    found.refused, found.unused = report["refused_input"], report["unused_input"]
    return found


class Comparing:
    """Our tops against the tops the venue states, after every frame that states some."""

    def __init__(self, run: Replay, found: Found) -> None:
        self._run = run
        self._found = found
        self._apart_since: dict[tuple[MarketId, Outcome], Ms] = {}

    def compare(self, books: NaiveBooks, said: NaiveFrame, now: Ms) -> None:
        found = self._found
        for market in said.touched:
            desk = self._run.engine.desk(MarketId(market))
            for token, book in books.markets[market].items():
                top = said.stated.get(token)
                if top is None:
                    continue
                found.stated += 1
                found.naive_wrong += book.top() != top
                if desk is None:
                    found.raw_wrong += 1
                    continue
                outcome = Outcome.YES if token == desk.listing.yes_token else Outcome.NO
                raw = desk.book.raw_yes if outcome is Outcome.YES else desk.book.raw_no
                found.raw_wrong += raw is None or ours(raw) != top
                self._one_book(
                    (desk.listing.market_id, outcome), now, agrees=ours(desk.book.top(outcome)) == top
                )

    def _one_book(self, key: tuple[MarketId, Outcome], now: Ms, *, agrees: bool) -> None:
        """Count each disagreement, and how long until that token's top is the venue's again."""
        if not agrees:
            self._found.book_wrong += 1
            self._apart_since.setdefault(key, now)
        elif key in self._apart_since:
            self._found.book_wrong_ms.append(now - self._apart_since.pop(key))


def ours(top: ev.Top) -> tuple[Decimal, Decimal]:
    """Our top in the venue's way of writing: an empty side is 0 or 1."""
    return Decimal(top.bid or 0) / UNITS, Decimal(ONE if top.ask is None else top.ask) / UNITS
