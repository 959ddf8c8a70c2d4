"""Differences put into one of both sides: found within two runs, named, halted, resolved, nothing edited."""

from collections.abc import Callable

import pytest

from core.differences import Open
from core.events import FillStatus
from core.ids import OrderId
from core.units import ONE, Price, shares, usdc
from infra import codec
from risk import selectors as risk
from risk import services as risk_services
from risk.errors import CannotResolve, NotAllowed, ReasonMissing
from risk.models import Audit
from risk.services import AlertCode
from tests.trading.conftest import MARKET, NOON
from tests.trading.reconcile.conftest import (
    ADJUSTMENT,
    LEG,
    ORDER,
    Books,
    a_trade,
    last_entries,
    resolution,
)
from trading import selectors
from trading.models import Entry, Fill, Order, Trigger
from trading.reconcile import standing
from trading.reconcile.act import resolve
from trading.reconcile.run import reconcile

Made = Callable[..., Books]
pytestmark = pytest.mark.django_db
BY = risk_services.shell()


def put_right(books: Books, reason: str = "looked at the chain") -> None:
    """Resolve whatever the newest run found and nobody has resolved."""
    newest = selectors.reconciliations(books.account.pk)[0]
    for row in selectors.unresolved(newest):
        resolve(row.pk, reason=reason, by=BY, at=books.now)


def test_equal_books_are_clean(books: Made) -> None:
    here = books(open_order=True)

    run = here.twice()

    assert here.kinds(run) == []
    assert run.row.is_clean
    assert standing.reconciled()
    assert risk.market_halts() == {}


def test_without_an_account_there_is_nothing_to_compare(db: None) -> None:
    assert reconcile(Trigger.COMMAND) is None
    assert standing.reconciled()


def missing_fill(here: Books) -> None:
    assert here.trades is not None
    here.trades.append(a_trade("t2", size="5", paid="2.4", fee="0.1"))
    here.cash -= int(usdc("2.5"))
    here.held[LEG] += int(shares("5"))


def failed_fill(here: Books) -> None:
    here.trades = [a_trade(status=FillStatus.FAILED)]
    here.cash += int(usdc("4.8"))
    here.held[LEG] = 0


def unlisted_fill(here: Books) -> None:
    failed_fill(here)
    here.trades = []


def external_trade(here: Books) -> None:
    assert here.trades is not None
    here.trades.append(a_trade("t9", order=OrderId("0xsomebody"), size="3", paid="1.5"))
    here.cash -= int(usdc("1.5"))
    here.held[LEG] += int(shares("3"))


def less_shares(here: Books) -> None:
    here.held[LEG] -= int(shares("2"))


def more_shares(here: Books) -> None:
    here.held[LEG] += int(shares("2"))


def less_cash(here: Books) -> None:
    here.cash -= int(usdc("7"))


def redeemed(here: Books) -> None:
    here.payouts = {MARKET: ONE}
    here.cash += int(usdc("10"))
    here.held[LEG] = 0


def halved(here: Books) -> None:
    here.payouts = {MARKET: Price(ONE // 2)}
    here.cash += int(usdc("5"))
    here.held[LEG] = 0


INJECTED = {
    "missing_fill": missing_fill,
    "phantom_fill": failed_fill,
    "phantom_fill, not listed": unlisted_fill,
    "external_trade": external_trade,
    "wrong_balance, less": less_shares,
    "wrong_balance, more": more_shares,
    "wrong_balance, cash": less_cash,
    "resolved_market": redeemed,
    "fifty_fifty": halved,
}


# While a fill may fail, any part of it explains a balance: then only trades can be told apart.
MAY_FAIL = [name for name in INJECTED if name.startswith(("phantom", "missing"))]
CASES = [(name, FillStatus.CONFIRMED) for name in INJECTED] + [
    (name, FillStatus.MATCHED) for name in MAY_FAIL
]


@pytest.mark.parametrize(("name", "status"), CASES)
def test_found_within_two_runs_named_halted_and_put_right(books: Made, name: str, status: FillStatus) -> None:
    here = books(status=status)
    INJECTED[name](here)
    entries = list(Entry.objects.order_by("pk").values())

    first = here.run()
    assert not any(row.mismatch for row in first.differences)
    assert risk.market_halts() == {}
    here.pass_minute()
    second = here.run()

    assert here.kinds(second) == [(name.partition(",")[0], True)]
    if name.endswith("cash"):
        halt = risk.halt_in_force()
        assert halt is not None
        assert halt.code == "position_mismatch"
    else:
        assert risk.market_halts()[MARKET].code == "position_mismatch"
    put_right(here)
    assert here.figures() == here.told()
    here.pass_minute()
    assert here.kinds(here.run()) == [], "and it stays so"
    here.pass_minute()
    assert here.run().row.is_clean
    assert list(Entry.objects.order_by("pk").values())[: len(entries)] == entries, "nothing edited in place"


def test_a_missing_fill_is_adopted_under_its_own_name_and_its_orders_strategy(books: Made) -> None:
    here = books()
    missing_fill(here)

    here.twice()

    fill = Fill.objects.get(fill_id=f"t2:{ORDER}")
    assert (fill.order.order_id, fill.shares, fill.amount, fill.fee) == (
        ORDER,
        shares("5"),
        usdc("2.4"),
        usdc("0.1"),
    )
    assert last_entries(here.account, 2) == [
        ("buy", "pair_arb", shares("5"), -usdc("2.4")),
        ("fee", "pair_arb", 0, -usdc("0.1")),
    ]
    assert resolution().how == "adopted"
    here.pass_minute()
    assert here.run().row.is_clean
    assert Fill.objects.filter(fill_id=fill.fill_id).count() == 1


def test_somebody_elses_trade_waits_for_a_person_and_is_booked_apart(books: Made) -> None:
    here = books()
    external_trade(here)

    here.twice()
    assert not selectors.resolutions(here.account.pk).exists()
    put_right(here, "my own hand")

    assert last_entries(here.account, 1) == [(ADJUSTMENT, "external", shares("3"), -usdc("1.5"))]
    made = resolution()
    assert (made.by_name, made.reason) == (BY.name, "my own hand")
    assert (made.before["shares"], made.after["shares"]) == ("10", "13")
    audit = Audit.objects.latest("pk")
    assert (audit.what, audit.reason, audit.outcome) == ("reconcile", "my own hand", "done")


def test_a_fill_that_may_still_fail_fails_with_the_entries_that_take_it_back(books: Made) -> None:
    here = books(status=FillStatus.MATCHED)
    failed_fill(here)

    here.twice()
    put_right(here)

    assert Fill.objects.get().status == "failed"
    assert last_entries(here.account, 1) == [("buy", "pair_arb", -shares("10"), usdc("4.8"))]
    (event,) = (codec.load(text) for text in resolution().events)
    assert type(event).__name__ == "FillSettled"


def test_shares_that_are_gone_are_taken_from_the_ledger_that_has_them(books: Made) -> None:
    here = books()
    less_shares(here)

    here.twice()
    put_right(here)

    assert last_entries(here.account, 1) == [(ADJUSTMENT, "pair_arb", -shares("2"), 0)]


def test_an_order_the_venue_lost_is_found_and_its_row_closed(books: Made) -> None:
    here = books(open_order=True)
    here.orders = []

    run = here.twice()
    assert here.kinds(run) == [("lost_order", True)]
    put_right(here)

    order = Order.objects.get()
    assert (order.status, order.closed_ms) == ("cancelled", here.now)
    here.pass_minute()
    assert here.run().row.is_clean


def test_a_strange_order_is_named_and_left_to_be_cancelled_at_the_venue(books: Made) -> None:
    here = books()
    here.orders = [Open(OrderId("0xsomebody"), MARKET, NOON, "buy 5 yes at 0.3, LIVE")]

    run = here.twice()

    assert here.kinds(run) == [("external_order", True)]
    with pytest.raises(CannotResolve, match="cancel it there"):
        put_right(here)


def test_what_was_not_answered_is_neither_clean_nor_a_mismatch(books: Made) -> None:
    here = books()
    here.answers, here.trades, here.orders, here.silent = False, None, None, ("HTTP 503",)

    run = here.twice()

    assert here.kinds(run) == []
    assert not run.row.is_clean
    assert not standing.reconciled()
    assert risk.market_halts() == {}


def test_a_silent_run_in_between_forgets_nothing_and_adds_nothing(books: Made) -> None:
    here = books()
    less_cash(here)
    here.run()
    here.pass_minute()
    here.answers = False
    assert here.kinds(here.run()) == []
    here.pass_minute()
    here.answers = True

    assert here.kinds(here.run()) == [("wrong_balance", True)]


def test_a_mismatch_that_stands_is_told_and_halts_again_when_it_was_resumed(books: Made) -> None:
    here = books()
    less_shares(here)
    here.twice()

    (found,) = standing.find(here.now)
    assert found.code is AlertCode.RECONCILIATION_MISMATCH
    assert found.text.startswith("Reconciliation mismatch detected")
    assert next(metric.samples[0].value for metric in standing.read_metrics()) == 1
    assert standing.check().verdict == "fail"
    risk_services.resume_market(market_id=MARKET, reason="try", by=BY, at=here.now)
    here.pass_minute()
    here.run()
    assert risk.market_halts()[MARKET].code == "position_mismatch"
    put_right(here)
    assert list(standing.find(here.now)) == []
    assert next(metric.samples[0].value for metric in standing.read_metrics()) == 0
    assert standing.check().verdict != "fail"


def test_only_a_risk_admin_with_a_reason_resolves_and_only_once(books: Made) -> None:
    here = books()
    less_shares(here)
    run = here.twice()
    row = run.differences[0]
    operator = risk_services.Actor("olga", risk_services.Role.OPERATOR, "local", None)

    with pytest.raises(NotAllowed):
        resolve(row.pk, reason="mine", by=operator, at=here.now)
    with pytest.raises(ReasonMissing):
        resolve(row.pk, reason="  ", by=BY, at=here.now)
    resolve(row.pk, reason="counted", by=BY, at=here.now)
    with pytest.raises(CannotResolve, match="before"):
        resolve(row.pk, reason="again", by=BY, at=here.now)
    assert Entry.objects.filter(kind=ADJUSTMENT).count() == 1
    assert [row.outcome for row in Audit.objects.filter(what="reconcile").order_by("pk")] == [
        "refused",
        "refused",
        "done",
    ]


def test_what_an_earlier_run_found_is_not_booked(books: Made) -> None:
    here = books()
    less_shares(here)
    old = here.run().differences[0]
    here.pass_minute()
    here.run()

    with pytest.raises(CannotResolve, match="earlier run"):
        resolve(old.pk, reason="late", by=BY, at=here.now)
    newest = selectors.reconciliations(here.account.pk)[0].differences.get()
    with pytest.raises(CannotResolve, match="ten minutes"):
        resolve(newest.pk, reason="late", by=BY, at=here.now + 600_001)  # type: ignore[arg-type]
    assert not Entry.objects.filter(kind=ADJUSTMENT).exists()
