"""Profit in a browser: whatever way it is summed it is the same, and a figure leads to its lines."""

from typing import Any

import pytest
from django.conf import settings

from core.units import Ms, Shares, Usdc, shares, usdc
from infra import clock
from risk.services import record_valuation
from tests.dashboard.test_pnl import MARKET, line
from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.faketrader import FakeTrader
from trading.models import Account, AccountMode, Mark
from trading.services import open_account


@pytest.fixture
def account(person: Any) -> Account:
    """1 USDC realized and 5 shares held that cost 2 and would bring 2.5."""
    now = clock.now_ms()
    opened = open_account(
        mode=AccountMode.DEMO, name="main", start_cash=settings.POLYLOLY.start_cash, at_ms=now
    )
    line(opened, "deposit", 0, opened.start_cash, at=now, market=None)
    line(opened, "buy", shares("10"), -usdc("4"), at=now)
    line(opened, "sell", -shares("10"), usdc("5"), at=now)
    line(opened, "buy", shares("5"), -usdc("2"), at=now, strategy="external")
    Mark.objects.create(
        account=opened, market_id=MARKET, yes=shares("5"), no=Shares(0), worth=usdc("2.5"), sure=True,
        payout=None, at_ms=now,
    )  # fmt: skip
    deposited = Usdc(opened.start_cash)
    record_valuation(
        account_id=opened.pk,
        at=Ms(now),
        cash=Usdc(deposited - usdc("1")),
        equity=Usdc(deposited + usdc("1.5")),
        realized=usdc("1"),
        unrealized=usdc("0.5"),
        exposure=Usdc(0),
        deposited=deposited,
        marked=False,
    )
    return opened


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_way_adds_up_and_a_figure_leads_to_its_lines(
    open_page: Open, trader: FakeTrader, account: Account, size: dict[str, int]
) -> None:
    page = open_page("/pnl/", size=size)
    page.locator("#p-sum").get_by_text("✓ 0.000000").wait_for()

    assert page.locator("#p-sum tbody tr", has_text="✓ same").count() == 5
    assert page.locator("#p-sum tbody tr", has_text="+1.500000").count() == 5
    page.locator("#p-bystrategy").get_by_role("link", name="total of external").click()

    page.get_by_role("heading", name="Ledger").wait_for()
    page.get_by_text("1 line as of").wait_for()
    assert "\u22122.00 USDC" in page.locator(".sums").inner_text()


def test_the_day_that_is_open_says_so_and_counts_down(
    open_page: Open, trader: FakeTrader, account: Account
) -> None:
    page = open_page("/pnl/")
    today = page.locator("#p-days tbody tr", has_text="open")
    today.get_by_role("link", name="+1.50, total").wait_for()
    page.locator("#p-days").get_by_text("The day rolls over at 00:00 UTC").wait_for()

    page.get_by_role("button", name="months").click()

    page.locator("#p-days tbody tr", has_text=f"{clock.to_datetime(clock.now_ms()):%Y-%m}").wait_for()


def test_before_anything_was_valued_the_page_says_when_it_will_be(
    open_page: Open, trader: FakeTrader
) -> None:
    page = open_page("/pnl/")

    page.locator("#p-bymarket").get_by_text("Nothing was valued yet").wait_for()
