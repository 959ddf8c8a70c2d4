"""The page of profit and the lines of the ledger behind it, as drawn by the server."""

import csv
import io
from typing import Any

import pytest
from django.test import Client

from core.units import Ms, shares, usdc
from trading.models import Account, AccountMode, Entry
from trading.services import open_account

MARKET = "0x" + "ab" * 32
NOON = Ms(1_761_998_400_000)  # 2025-11-01
DAY_MS = 86_400_000


@pytest.fixture
def account(db: None, settings: Any) -> Account:
    """Three lines on the first of November, one on the second."""
    opened = open_account(
        mode=AccountMode.DEMO, name="main", start_cash=settings.POLYLOLY.start_cash, at_ms=NOON
    )
    line(opened, "deposit", 0, opened.start_cash, at=NOON, market=None)
    line(opened, "buy", shares("10"), -usdc("4"), at=NOON)
    line(opened, "sell", -shares("10"), usdc("5"), at=NOON)
    line(opened, "buy", shares("5"), -usdc("2"), at=NOON + DAY_MS, strategy="external")
    return opened


def line(
    account: Account, kind: str, gained: int, cash: int, *, at: int, market: str | None = MARKET,
    strategy: str = "pair_arb",
) -> None:  # fmt: skip
    Entry.objects.create(
        account=account,
        writer="shard:0:1",
        sequence=Entry.objects.count() + 1,
        market_id=market,
        strategy=None if market is None else strategy,
        kind=kind,
        outcome=None if market is None else "yes",
        shares=gained,
        usdc=cash,
        at_ms=at,
    )


def test_the_lines_say_what_they_add_up_to(as_ada: Client, account: Account) -> None:
    page = as_ada.get(f"/pnl/ledger/?market={MARKET}").content.decode()

    assert "3 lines" in page
    assert "<b>\u22121.00 USDC</b>" in page
    assert "<b>+5 YES</b>" in page


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("", ["buy", "sell", "buy", "deposit"]),
        ("since=2025-11-02", ["buy"]),
        ("until=2025-11-01&market=" + MARKET, ["sell", "buy"]),
        ("strategy=external", ["buy"]),
        ("kind=deposit", ["deposit"]),
        ("market=no such market", []),
        ("since=yesterday", ["buy", "sell", "buy", "deposit"]),
    ],
)
def test_the_csv_has_the_lines_that_the_page_would_show(
    as_ada: Client, account: Account, query: str, kinds: list[str]
) -> None:
    rows = list(csv.DictReader(io.StringIO(as_ada.get(f"/pnl/ledger.csv?{query}").content.decode())))

    assert [row["kind"] for row in rows] == kinds


def test_a_filter_that_fits_nothing_says_so(as_ada: Client, account: Account) -> None:
    assert "No line fits this filter." in as_ada.get("/pnl/ledger/?kind=rebate").content.decode()
