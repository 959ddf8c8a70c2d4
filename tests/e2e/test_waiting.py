"""What has no answer yet, as a person sees it: on a desk and on a phone, dark and light."""

from typing import Any

import pytest
from django.conf import settings

from core.units import Shares
from infra import clock
from tests.dashboard.test_records import MARKET, a_fill, an_order
from tests.e2e.conftest import DESK, PHONE, Open
from tests.e2e.test_looks import needs_axe, violations
from trading.models import AccountMode, WalletAction, WalletKind
from trading.services import open_account, plan_wallet_action

pytestmark = pytest.mark.e2e


@pytest.fixture
def waiting(transactional_db: None) -> None:
    now = clock.now_ms()
    account = open_account(
        mode=AccountMode.DEMO, name="main", start_cash=settings.POLYLOLY.start_cash, at_ms=now
    )
    old: dict[str, Any] = {"status": "unknown", "moved_ms": now - 75_000, "sent_ms": now - 80_000}
    an_order(account, 1, **old, reason="no answer within 5.0 s")
    an_order(account, 2, status="unknown", outcome="no")
    for n, status in enumerate(("live", "matched", "rejected"), start=3):
        an_order(account, n, status=status)
    order = an_order(account, 9, status="matched")
    for n, status in enumerate(("matched", "mined", "retrying", "confirmed", "failed")):
        a_fill(order, n, status=status)
    for n, kind in enumerate((WalletKind.MERGE, WalletKind.REDEEM, WalletKind.APPROVE)):
        size = Shares(0 if kind is WalletKind.APPROVE else 60_000_000)
        plan_wallet_action(
            account_id=account.pk,
            action_id=f"action {n}",
            market_id=None if kind is WalletKind.APPROVE else MARKET,
            kind=kind,
            yes=size,
            no=size,
            payout=None,
            at_ms=now,
        )
    WalletAction.objects.filter(kind="merge").update(
        state="unknown", reason="no answer from the relayer", transaction_id="0196-af31-77aa-b1c2"
    )


@needs_axe
@pytest.mark.usefixtures("waiting", "trader")
@pytest.mark.parametrize(("size", "theme"), [(DESK, "dark"), (PHONE, "light")])
def test_what_waits_is_seen_whole_by_everybody(open_page: Open, size: dict[str, int], theme: str) -> None:
    page = open_page("/orders/", size=size, theme=theme)
    page.get_by_role("heading", name="Unknown orders").wait_for()
    serious = violations(page)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    page.goto("/fills/")
    serious += violations(page)

    assert serious == []
    assert wide <= 0
