"""A lost account made anew from what the venue and the chain tell: the next reconciliation finds nothing to say."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from pytest_django import Settings

from core.differences import Carried, Figures, Open, Terms, Theirs, Traded
from core.events import FillStatus
from core.ids import FillId, OrderId, Outcome, Side
from core.ledger import EntryKind
from core.units import Ms, Usdc, price, shares, usdc
from infra import clock
from tests.trading.conftest import MARKET
from trading import pnl, selectors
from trading.models import Entry, Trigger
from trading.reconcile import history
from trading.reconcile.history import Written
from trading.reconcile.run import Run, reconcile

pytestmark = pytest.mark.django_db
AGO_MS = 3_600_000


def a_trade(name: str, order: str, *, outcome: Outcome = Outcome.YES, fee: str = "0") -> Traded:
    """10 shares for 4.8 USDC, an hour ago."""
    return Traded(
        FillId(f"{name}:{order}"),
        OrderId(order),
        MARKET,
        outcome,
        Side.BUY,
        shares("10"),
        usdc("4.8"),
        usdc(fee),
        FillStatus.CONFIRMED,
        Ms(clock.now_ms() - AGO_MS),
    )


def told(
    trades: Sequence[Traded], held: Figures, *, carried: Sequence[Carried] = (), rests: Sequence[Open] = ()
) -> Theirs:
    takers = {each.fill_id for each in trades if each.fee}
    return Theirs(
        clock.now_ms(), held, trades, Ms(0), rests, {}, takers=takers, carried=carried
    )  # fmt: skip


def again(settings: Settings, said: Theirs) -> tuple[Written, Run]:
    """Write it, and reconcile with the same other side."""
    assert said.figures is not None
    written = history.write("main", said, Usdc(said.figures[None]))
    run = reconcile(Trigger.COMMAND, other_side=lambda *_, **__: said)
    assert run is not None
    return written, run


def cash(settings: Settings, spent: str) -> int:
    start: int = settings.POLYLOLY.start_cash
    return start - usdc(spent)


def test_cash_positions_cost_and_fees_are_as_before(settings: Settings) -> None:
    merged = Carried(
        EntryKind.MERGE, MARKET, None, shares("4"), usdc("4"), "0xm", Ms(clock.now_ms() - 120_000)
    )
    trades = [a_trade("t1", "0xa", fee="0.1"), a_trade("t2", "0xb", outcome=Outcome.NO)]
    held: dict[Any, int] = {None: cash(settings, "5.7")} | {
        (MARKET, leg): int(shares("6")) for leg in Outcome
    }

    written, run = again(settings, told(trades, held, carried=[merged]))

    assert run.row.is_clean, [row.evidence for row in run.differences]
    assert (written.brought_in, written.fees) == (settings.POLYLOLY.start_cash, usdc("0.1"))
    found = pnl.report(written.account.pk)
    (holding,) = found.holdings
    assert (holding.yes, holding.no, holding.cost) == (shares("6"), shares("6"), usdc("5.82"))
    assert (holding.profit.realized, holding.profit.fees) == (usdc("0.12"), usdc("0.1"))
    kinds = [(order.kind, order.status, order.filled) for order in selectors.orders(written.account.pk)]
    assert sorted(kinds) == [("quote", "matched", shares("10")), ("take", "matched", shares("10"))]


def test_an_order_that_still_rests_waits_for_the_next_start_to_cancel_it(settings: Settings) -> None:
    terms = Terms(Outcome.YES, Side.BUY, price("0.49"), shares("50"))
    rests = Open(OrderId("0xa"), MARKET, Ms(clock.now_ms() - AGO_MS), "buy 40 at 0.49", terms)
    held: dict[Any, int] = {None: cash(settings, "4.8"), (MARKET, Outcome.YES): int(shares("10"))}

    written, run = again(settings, told([a_trade("t1", "0xa")], held, rests=[rests]))

    assert run.row.is_clean, [row.evidence for row in run.differences]
    (order,) = selectors.open_orders(written.account.pk)
    assert (order.status, order.price, order.shares, order.filled) == (
        "unknown",
        price("0.49"),
        shares("50"),
        shares("10"),
    )


def test_a_trade_that_failed_is_told_and_booked_nowhere(settings: Settings) -> None:
    failed = replace(a_trade("t1", "0xa"), status=FillStatus.FAILED)

    written, run = again(settings, told([failed], {None: cash(settings, "0")}))

    assert run.row.is_clean, [row.evidence for row in run.differences]
    assert selectors.fills(written.account.pk).get().status == "failed"
    assert [line.kind for line in Entry.objects.all()] == ["deposit"]


def test_without_the_trades_nothing_of_the_history_is_booked(settings: Settings) -> None:
    merged = Carried(
        EntryKind.MERGE, MARKET, None, shares("4"), usdc("4"), "0xm", Ms(clock.now_ms() - AGO_MS)
    )
    held: dict[Any, int] = {None: settings.POLYLOLY.start_cash, (MARKET, Outcome.YES): int(shares("10"))}
    said = replace(told([], held, carried=[merged]), trades=None)

    written, run = again(settings, said)

    assert (written.carried, written.brought_in) == (0, settings.POLYLOLY.start_cash)
    assert [row.kind for row in run.differences] == ["wrong_balance"], "for the rebuild to take in"
