"""The board's rows are what the console's types say they are: every key, and nothing but JSON."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connections
from pytest_django import Settings

from core import events as ev
from core.ids import FillId
from core.rules.verdict import Refused, Rule
from core.steps import NOTHING
from core.units import Ms, Usdc, shares, usdc
from feeds.selectors import MatchRow
from infra import clock
from risk.models import Valuation
from tests.builders import MARKET, MATCH, OTHER, a_signal
from tests.trading.stages import Stage
from trading import services
from trading.board.gathering import Boardroom
from trading.board.rows import Row
from trading.gateways.paper import PaperGateway
from trading.models import AccountMode
from trading.records.bookkeeping import Bookkeeper
from trading.records.journal import Journal
from trading.records.tally import Tally, Witnesses
from trading.shard.market_feed import MarketFeed
from trading.shard.setup import paper_venue

pytestmark = pytest.mark.django_db(transaction=True)
TYPES: Final = Path(__file__).resolve().parents[3] / "static" / "js" / "rows.d.ts"
DECIMAL: Final = re.compile(r"-?\d+(\.\d+)?")


def promised(interface: str) -> set[str]:
    """The required keys of one interface of the console's types."""
    found = re.search(rf"interface {interface} {{(.*?)\n}}", TYPES.read_text(), re.DOTALL)
    assert found is not None, interface
    return set(re.findall(r"^  (\w+):", found[1], re.MULTILINE))


class Room:
    """A boardroom over two markets with quotes; one of them has a fill."""

    def __init__(self, journal: Journal, account: Any, settings: Settings) -> None:
        self.tally = Tally()
        gateway = PaperGateway(paper_venue(Stage().engine.ledger))
        stage = Stage(gateway, witness=lambda engine: Witnesses(self.tally, self._books(engine, journal)))
        self.stage = stage
        feed = MarketFeed(stage.runner, asyncio.Event())
        self.board = Boardroom(stage.runner, gateway.ahead, self.books, self.tally, feed, account)
        for market in (MARKET, OTHER):
            stage.list_market(market)
            stage.book(market)
        self.pass_time(1_000)
        self.fill()
        self.pass_time(2_000)

    def _books(self, engine: Any, journal: Journal) -> Bookkeeper:
        self.books = Bookkeeper(engine, journal)
        return self.books

    def pass_time(self, ms: int) -> None:
        self.stage.runner.pass_time(Ms(self.stage.runner.now_ms + ms))

    def fill(self) -> None:
        order = self.stage.engine.desks[MARKET].orders.open()[0]
        size = shares("10")
        amount = Usdc(order.place.price * size // 10_000)
        now = self.stage.runner.now_ms
        seen = ev.FillSeen(
            fill_id=FillId("f-1"),
            key=order.place.key,
            shares=size,
            amount=amount,
            fee=Usdc(0),
            status=ev.FillStatus.MATCHED,
            evidence=ev.Evidence.QUEUE,
            said_ms=now,
            heard_ms=now,
        )
        self.stage.runner.take(seen)

    def rows(self) -> dict[str, Row]:
        return self.board.rows(self.stage.runner.now_ms)

    def one(self, kind: str) -> Row:
        return next(row for key, row in self.rows().items() if key.startswith(f"{kind}:"))


@pytest.fixture
def room(settings: Settings, tmp_path: Path) -> Iterator[Room]:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"record": False, "state_dir": tmp_path})
    account = services.open_account(
        mode=AccountMode.DEMO, name="main", start_cash=usdc("10000"), at_ms=clock.now_ms()
    )
    journal = Journal(account_id=account.pk, writer="shard:0:1")
    yield Room(journal, account, settings)
    journal.close(timeout_s=10)
    connections.close_all()


def test_every_row_is_plain_json(room: Room) -> None:
    rows = room.rows()

    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert {key.partition(":")[0] for key in rows} == {
        "market", "clock", "totals", "halt", "limits", "times", "window", "feed", "decision", "fill",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("interface", "key"),
    [
        ("ClockRow", "clock"),
        ("TotalsRow", "totals"),
        ("HaltRow", "halt"),
        ("WindowRow", "window"),
        ("LimitsRow", "limits"),
        ("TimesRow", "times"),
        ("MarketRow", f"market:{MARKET}"),
        ("FeedRow", "feed:market"),
    ],
)
def test_a_row_has_every_key_that_the_console_reads(room: Room, interface: str, key: str) -> None:
    assert promised(interface) <= set(room.rows()[key])


@pytest.mark.parametrize(("interface", "kind"), [("DecisionRow", "decision"), ("FillRow", "fill")])
def test_a_numbered_row_has_every_key_that_the_console_reads(room: Room, interface: str, kind: str) -> None:
    assert promised(interface) <= set(room.one(kind))


def test_the_parts_of_a_market_have_every_key_that_the_console_reads(room: Room) -> None:
    market = room.rows()[f"market:{MARKET}"]

    assert promised("PairRow") <= set(market["pair"])
    assert market["orders"]
    assert all(promised("OwnOrder") <= set(order) for order in market["orders"])
    assert market["gates"]
    assert all(promised("Gate") <= set(gate) for gate in market["gates"])
    assert {"realized", "unrealized", "total", "fees"} <= set(market["pnl"])


def test_money_is_decimal_text_and_times_are_numbers(room: Room) -> None:
    totals = room.rows()["totals"]
    money = ("cash", "equity", "realized", "unrealized", "exposure", "exposure_limit", "loss_limit", "fees")

    assert {name: totals[name] for name in money if not DECIMAL.fullmatch(str(totals[name]))} == {}
    assert all(isinstance(totals[name], str) for name in money)
    assert isinstance(totals["valued_ms"], int)


def test_totals_count_what_happened(room: Room) -> None:
    totals = room.rows()["totals"]

    assert totals["fills"] == 1
    assert totals["orders"] >= 4
    assert totals["open_orders"] == sum(
        len(row["orders"]) for key, row in room.rows().items() if key.startswith("market:")
    )


def test_a_match_has_every_key_heard_of_or_not(room: Room) -> None:
    described = MatchRow(**dict.fromkeys(MatchRow.__dataclass_fields__))  # type: ignore[arg-type]
    described = replace(described, match_id=MATCH, title="a v b", game="lol", teams=("a", "b"), best_of=3)
    room.board.matches[MATCH] = described
    before = room.rows()[f"match:{MATCH}"]

    room.board.signals[MATCH] = a_signal()
    after = room.rows()[f"match:{MATCH}"]

    assert promised("MatchRow") <= set(before)
    assert promised("MatchRow") <= set(after)
    assert before["heard_ms"] is None
    assert after["heard_ms"] is not None


def test_a_halt_is_shown_with_the_moment_it_was_first_seen(room: Room) -> None:
    now = room.stage.runner.now_ms
    room.stage.runner.take(ev.Halted(None, "manual_halt", now))

    first = room.rows()["halt"]
    room.pass_time(5_000)
    later = room.rows()["halt"]

    assert first == {"halted": True, "reason": "manual_halt", "since_ms": now}
    assert later == first
    assert room.rows()[f"market:{MARKET}"]["halted"] is True


def test_what_was_refused_is_shown_by_rule_with_the_last_one_in_words(room: Room) -> None:
    engine = room.stage.engine
    place = engine.desks[MARKET].orders.open()[0].place
    detail = "would hold 1500.01 of 1500 USDC"
    refused = Refused(place, Rule.POSITION, detail, 1_500_010_000, 1_500_000_000, room.stage.runner.now_ms)
    engine.refusals[Rule.POSITION] += 2
    engine.refusals[Rule.MIRROR] += 1  # counted before the tally began

    room.tally.saw(ev.Tick(room.stage.runner.now_ms), replace(NOTHING, refusals=(refused,)))

    rows = room.rows()
    assert promised("RefusalRow") <= set(rows["refusal:mirror"])
    assert rows["refusal:mirror"]["at_ms"] is None
    row = rows["refusal:position"]
    assert (row["count"], row["layer"], row["detail"]) == (2, "market", detail)
    assert row["asked"].startswith(f"buy {place.outcome.value.upper()} ")
    assert row["short"]


def test_a_valuation_is_kept_once_for_the_curve(room: Room) -> None:
    valued = room.stage.engine.day.valued
    assert valued is not None

    room.board.record_valuation(valued)

    kept = Valuation.objects.get()
    assert kept.equity == valued.equity
