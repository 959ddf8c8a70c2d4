"""Profit over the rows: the same total by market, strategy and day, and every figure down to its entries."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from core.ids import MarketId
from core.pnl import DayProfit
from core.units import Ms, Price, Shares, Usdc, shares, usdc
from core.valuation import Mark as Worth
from risk.services import record_valuation
from tests.trading.conftest import MARKET, NOON
from trading import pnl
from trading.models import Account, Entry, Mark

DAY_MS = 86_400_000
OTHER = MarketId("0x" + "cd" * 32)


@pytest.fixture
def rita(db: None) -> Client:
    opened = Client()
    opened.force_login(User.objects.create_superuser("rita", password="a long passphrase"))
    return opened


def get(client: Client, path: str) -> Any:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)


def book(
    account: Account,
    kind: str,
    gained: int,
    cash: int,
    *,
    market: str | None = MARKET,
    strategy: str | None = "pair_arb",
    at: int = NOON,
) -> None:
    number = Entry.objects.count() + 1
    Entry.objects.create(
        account=account,
        writer="shard:0:1",
        sequence=number,
        market_id=market,
        strategy=None if market is None else strategy,
        kind=kind,
        outcome=None if market is None else "yes",
        shares=gained,
        usdc=cash,
        at_ms=at,
    )


def a_worth(market: MarketId, yes: str, worth: str | None) -> Worth:
    paid = None if worth is None else usdc(worth)
    return Worth(market, shares(yes), Shares(0), paid, sure=True, payout=None, at_ms=NOON)


def value(account: Account, *, at: int, equity: int, realized: int) -> None:
    deposited = Usdc(account.start_cash)
    record_valuation(
        account_id=account.pk,
        at=Ms(at),
        cash=Usdc(equity),
        equity=Usdc(equity),
        realized=Usdc(realized),
        unrealized=Usdc(equity - deposited - realized),
        exposure=Usdc(0),
        deposited=deposited,
        marked=False,
    )


@pytest.fixture
def traded(account: Account) -> Account:
    """Two days: 1 USDC realized on the first, 2 more on the second, 5 shares of a stranger's still held."""
    book(account, "deposit", 0, account.start_cash, market=None)
    value(account, at=NOON, equity=account.start_cash, realized=0)
    book(account, "buy", shares("10"), -usdc("4"))
    book(account, "sell", -shares("10"), usdc("5"))
    value(account, at=NOON + DAY_MS, equity=account.start_cash + usdc("1"), realized=usdc("1"))
    book(account, "buy", shares("10"), -usdc("4"), market=OTHER, at=NOON + DAY_MS)
    book(account, "sell", -shares("10"), usdc("6"), market=OTHER, at=NOON + DAY_MS)
    book(account, "buy", shares("5"), -usdc("2"), strategy="external", at=NOON + DAY_MS)
    pnl.keep_marks(account.pk, [a_worth(MARKET, "5", "2.5")])
    return account


def test_by_market_by_strategy_and_by_day_add_up_to_the_same(rita: Client, traded: Account) -> None:
    told = {way: get(rita, f"pnl/by-{way}") for way in ("market", "strategy", "day")}

    for answer in told.values():
        assert answer["total"]["total"] == "3.5"
        assert sum(Decimal(item["total"]) for item in answer["items"]) == Decimal("3.5")
        assert sum(Decimal(item["realized"]) for item in answer["items"]) == Decimal(3)


def test_what_others_traded_is_shown_apart(rita: Client, traded: Account) -> None:
    items = get(rita, "pnl/by-strategy")["items"]

    assert {item["name"]: item["total"] for item in items} == {"pair_arb": "3", "external": "0.5"}


def test_a_day_is_closed_by_the_first_valuation_of_the_next(rita: Client, traded: Account) -> None:
    first, second = get(rita, "pnl/by-day")["items"]

    assert (first["day"], first["realized"], first["closed"]) == ("2025-11-01", "1", True)
    assert (second["day"], second["total"], second["closed"]) == ("2025-11-02", "2.5", False)


def test_a_closed_day_stays_when_more_is_traded(rita: Client, traded: Account) -> None:
    before = get(rita, "pnl/by-day")["items"][0]

    book(traded, "buy", shares("1"), -usdc("1"), market=OTHER, at=NOON)
    book(traded, "sell", -shares("1"), usdc("9"), market=OTHER, at=NOON)

    days = get(rita, "pnl/by-day")
    assert days["items"][0] == before
    assert sum(Decimal(item["total"]) for item in days["items"]) == Decimal(days["total"]["total"])


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("strategy=external", 1),
        ("day=2025-11-01", 3),
        (f"market_id={OTHER}&day=2025-11-02", 2),
        ("since=2025-11-02", 3),
        ("until=2025-11-01", 3),
        ("since=2025-11-01&until=2025-11-02", 6),
    ],
)
def test_a_figure_opens_to_its_entries(rita: Client, traded: Account, asked: str, count: int) -> None:
    assert len(get(rita, f"entries?{asked}")["items"]) == count


def test_one_report_has_every_way_of_one_reading(rita: Client, traded: Account) -> None:
    told = get(rita, "pnl/report")

    for way in ("cells", "markets", "strategies", "days", "weeks", "months"):
        assert sum(Decimal(item["total"]) for item in told[way]) == Decimal("3.5"), way
    assert told["identity"]["gap"] == "0"
    assert [
        (cell["strategy"], cell["yes"], cell["cost"]) for cell in told["cells"] if cell["yes"] != "0"
    ] == [("external", "5", "2")]
    first, second = told["days"]
    assert (first["closed_ms"], second["closed_ms"]) == (NOON + DAY_MS, None)


def a_day(number: int, earned: str, *, closed: bool = True) -> DayProfit:
    return DayProfit(number, usdc(earned), Usdc(0), closed)


def test_weeks_begin_on_monday_and_months_on_their_first() -> None:
    sunday = (date(2026, 5, 31) - date(1970, 1, 1)).days
    days = [a_day(sunday, "1"), a_day(sunday + 1, "2"), a_day(sunday + 2, "4", closed=False)]

    weeks = [(each.first, each.last, each.realized, each.closed) for each in pnl.weeks(days)]
    months = [(each.first, each.last, each.realized, each.closed) for each in pnl.months(days)]

    assert weeks == [
        (date(2026, 5, 25), date(2026, 5, 31), usdc("1"), True),
        (date(2026, 6, 1), date(2026, 6, 7), usdc("6"), False),
    ]
    assert months == [
        (date(2026, 5, 1), date(2026, 5, 31), usdc("1"), True),
        (date(2026, 6, 1), date(2026, 6, 30), usdc("6"), False),
    ]


def test_before_any_valuation_there_is_no_profit_to_tell(rita: Client) -> None:
    assert get(rita, "pnl/by-market") is None
    assert get(rita, "pnl/report") is None


def test_what_has_no_price_counts_as_what_it_cost_and_says_so(rita: Client, traded: Account) -> None:
    pnl.keep_marks(traded.pk, [a_worth(MARKET, "5", None)])

    answer = get(rita, "pnl/by-market")

    assert answer["total"]["total"] == "3"
    assert {item["name"]: item["priced"] for item in answer["items"]} == {MARKET: False, OTHER: True}


def test_a_newer_mark_takes_the_place_of_the_older(account: Account) -> None:
    pnl.keep_marks(account.pk, [a_worth(MARKET, "5", "2")])
    resolved = Worth(MARKET, shares("6"), Shares(0), usdc("6"), sure=True, payout=Price(10_000), at_ms=NOON)

    pnl.keep_marks(account.pk, [resolved])

    assert pnl.marks(account.pk) == {MARKET: resolved}
    assert Mark.objects.count() == 1


def test_cash_and_cost_are_what_was_brought_in_and_earned(traded: Account) -> None:
    found = pnl.report(traded.pk)

    assert found.identity.gap == 0
    assert pnl.day(found.days[0].day) == date(2025, 11, 1)
