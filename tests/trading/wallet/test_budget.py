"""Whose cash the shards share: the account they trade with, whichever was valued last.

A shard that is armed goes over from the paper account to the wallet; the paper account's play money is then the newest
that was valued, and nobody has valued the wallet yet.
"""

from typing import Final

import pytest
from pytest_django import Settings

from core.limits import NO_BUDGET, Budget
from core.units import Ms, Usdc, usdc
from risk import selectors as risk
from risk import services
from tests.feeds.gamma import NOON
from tests.risk.conftest import value
from trading.shard.recovery import open_paper, open_wallet

pytestmark = pytest.mark.django_db
SHARDS: Final = ("shard:0", "shard:1")
WALLET: Final = "0x" + "ab" * 20


@pytest.fixture(autouse=True)
def rehearsal(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"paper_trading": False})


def settle() -> None:
    """Ops deals, and both acknowledge, until nothing more is to be dealt."""
    for second in range(1, 6):
        now = Ms(NOON + second * 1_000)
        services.deal_budgets(at=now)
        for shard in SHARDS:
            dealt = risk.budget_of(shard)
            assert dealt is not None
            services.acknowledge_budget(shard, dealt.number, at=now)


def parts() -> list[Budget]:
    found = [risk.budget_of(shard) for shard in SHARDS]
    return [NO_BUDGET if dealt is None else dealt.part for dealt in found]


def cash() -> list[Usdc | None]:
    return [part.cash for part in parts()]


def on_paper() -> None:
    """Both shards trade the paper account, which is worth 10,000."""
    (account,) = {open_paper(shard, NOON).account.pk for shard in SHARDS}
    value("10000", at=NOON, account_id=account)
    settle()
    assert cash() == [usdc("5000"), usdc("5000")]


def arm(cash: str = "100") -> int:
    """Both begin anew on the other side of the gate."""
    for shard in SHARDS:
        services.dismiss_runner(shard, at=NOON)
    (wallet,) = {open_wallet(shard, WALLET, cash=usdc(cash), now=NOON).account.pk for shard in SHARDS}
    return wallet


def test_paper_money_is_never_dealt_to_who_trades_the_wallet() -> None:
    on_paper()

    arm()

    assert cash() == [0, 0], "nobody has counted the wallet's cash: no order"
    settle()
    assert cash() == [0, 0], "however long it takes"


def test_once_the_wallet_is_valued_its_cash_is_shared() -> None:
    on_paper()
    wallet = arm()

    value("100", at=Ms(NOON + 2_000), account_id=wallet, deposited="100")
    settle()

    assert cash() == [usdc("50"), usdc("50")]


def test_a_late_valuation_of_the_paper_account_changes_nothing() -> None:
    on_paper()
    wallet = arm()
    value("100", at=Ms(NOON + 2_000), account_id=wallet, deposited="100")
    (paper,) = {*risk.valued_accounts(since=NOON)} - {wallet}

    value("10000", at=Ms(NOON + 3_000), account_id=paper)
    settle()

    assert cash() == [usdc("50"), usdc("50")]


def test_while_one_shard_is_still_on_paper_nobody_gets_cash() -> None:
    on_paper()
    services.dismiss_runner("shard:0", at=NOON)

    wallet = open_wallet("shard:0", WALLET, cash=usdc("100"), now=NOON).account.pk
    value("100", at=Ms(NOON + 2_000), account_id=wallet, deposited="100")
    settle()

    assert cash() == [0, 0]
