"""An account whose books say one thing, and another side that says what a test wants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pytest
from pytest_django import Settings

from core.differences import Leg, Open, Theirs, Traded
from core.events import Evidence, FillSeen, FillStatus
from core.ids import FillId, IntentKey, MarketId, OrderId, Outcome, Side
from core.ledger import EntryKind
from core.lifecycle import Status
from core.notes import Booked
from core.units import Ms, Price, Usdc, shares, usdc
from infra import clock
from tests.trading.conftest import MARKET, NOON, a_buy, a_deposit, a_fill, a_place, moved, order_id_of, write
from trading import selectors, services
from trading.models import Account, AccountMode, Entry, Resolution, Trigger
from trading.reconcile.run import Run, reconcile
from trading.records.batch import Batch

LEG: Leg = (MARKET, Outcome.YES)
ORDER = order_id_of(a_place())
MINUTE = 60_000
LATER: Ms = Ms(NOON + 10 * MINUTE)


@dataclass
class Books:
    """Our side as rows, and the other side as it answers now. Both agree until a test spoils one."""

    account: Account
    monkeypatch: pytest.MonkeyPatch
    cash: int
    held: dict[Leg | None, int] = field(default_factory=dict)
    trades: list[Traded] | None = field(default_factory=list)
    orders: list[Open] | None = field(default_factory=list)
    payouts: dict[MarketId, Price] = field(default_factory=dict)
    answers: bool = True
    silent: tuple[str, ...] = ()
    now: Ms = LATER

    def ask(self, account: Account, trigger: Trigger, *, stated: bool) -> Theirs:
        return Theirs(
            read_ms=self.now,
            figures={None: self.cash, **self.held} if self.answers else None,
            trades=self.trades,
            trades_from_ms=Ms(NOON - 60 * MINUTE),
            open_orders=self.orders,
            payouts=self.payouts,
            silent=self.silent,
        )

    def run(self) -> Run:
        run = reconcile(Trigger.SCHEDULE, other_side=self.ask)
        assert run is not None
        return run

    def pass_minute(self) -> None:
        self.now = Ms(self.now + MINUTE)
        self.monkeypatch.setattr(clock, "_anchor", clock.fresh(Fraction(1))._replace(epoch_ms=self.now))

    def twice(self) -> Run:
        """Two runs a minute apart; the second."""
        self.run()
        self.pass_minute()
        return self.run()

    def kinds(self, run: Run) -> list[tuple[str, bool]]:
        return [(row.kind, row.mismatch) for row in run.differences]

    def told(self) -> dict[Any, int]:
        """The other side's figures that are not nothing."""
        return {None: self.cash} | {leg: amount for leg, amount in self.held.items() if amount}

    def figures(self) -> dict[Any, int]:
        from trading.reconcile.books import figures_of

        return {
            name: amount for name, amount in figures_of(self.account.pk).items() if amount or name is None
        }


@pytest.fixture
def books(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch, fence: int) -> Callable[..., Books]:
    """A deposit of 10,000 USDC and, unless told otherwise, 10 YES bought at 0.48, confirmed long ago."""
    chosen = settings.POLYLOLY
    start: Usdc = chosen.start_cash
    account = services.open_account(
        mode=AccountMode(chosen.mode.value), name="main", start_cash=start, at_ms=NOON
    )

    def made(
        *, status: FillStatus = FillStatus.CONFIRMED, bought: bool = True, open_order: bool = False
    ) -> Books:
        place = a_place()
        write(place, account=account, fence=fence)
        records: list[Any] = [Booked((a_deposit(int(start)),))]
        kept = Books(account, monkeypatch, int(start))
        if bought:
            seen = told(place.key, status)
            records += [seen, Booked((a_buy(seen),))]
            kept.cash -= int(usdc("4.8"))
            kept.held = {LEG: int(shares("10"))}
            kept.trades = [a_trade(status=status)]
        ended = Status.PARTIAL if open_order else Status.CANCELLED
        records.append(moved(place, ended, filled="10" if bought else "0"))
        Batch(records, account_id=account.pk, writer="shard:0:1", entries_before=0).write()
        if open_order:
            kept.orders = [Open(ORDER, MARKET, NOON, "open")]
        kept.pass_minute()
        return kept

    return made


def told(key: IntentKey, status: FillStatus = FillStatus.CONFIRMED) -> FillSeen:
    seen = a_fill(key, fill_id=f"t1:{ORDER}")
    return FillSeen(seen.fill_id, key, seen.shares, seen.amount, seen.fee, status, Evidence.VENUE, NOON, NOON)


def a_trade(
    trade: str = "t1",
    *,
    order: OrderId = ORDER,
    size: str = "10",
    paid: str = "4.8",
    fee: str = "0",
    status: FillStatus = FillStatus.CONFIRMED,
) -> Traded:
    return Traded(
        FillId(f"{trade}:{order}"),
        order,
        MARKET,
        Outcome.YES,
        Side.BUY,
        shares(size),
        usdc(paid),
        usdc(fee),
        status,
        NOON,
    )


def last_entries(account: Account, count: int) -> list[tuple[str, str | None, int, int]]:
    rows: Sequence[Entry] = list(selectors.entries(account.pk)[:count])
    return [(row.kind, row.strategy, row.shares, row.usdc) for row in reversed(rows)]


def resolution() -> Resolution:
    return Resolution.objects.latest("pk")


ADJUSTMENT: str = EntryKind.ADJUSTMENT.value
BEFORE_AND_AFTER = Mapping[str, str]
