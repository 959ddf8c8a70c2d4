"""Budgets as rows: dealt once, acknowledged once, taken back from who left, and by one of two who deal at once."""

import threading
from dataclasses import replace

import pytest
from django.db import connection

from core.budgets import Whole
from core.limits import NO_BUDGET
from core.limits import Budget as Part
from core.units import usdc
from risk import selectors, services, watchdog
from risk.limits import budgets
from risk.models import Budget, Runner
from tests.risk.conftest import NOON, after, value

pytestmark = pytest.mark.django_db
AGREED = Whole(usdc("5000"), usdc("2000"), usdc("200"), 4, usdc("10000"))
ALONE = Part(usdc("5000"), usdc("2000"), usdc("200"), 4, None)
HALF = Part(usdc("2500"), usdc("1000"), usdc("100"), 2, usdc("5000"))


def deal(whole: Whole = AGREED) -> int:
    return budgets.deal(whole, limits_number=1, at=after(1_000))


def part(shard: str) -> Part | None:
    dealt = selectors.budget_of(shard)
    return None if dealt is None else dealt.part


def acknowledge(shard: str) -> None:
    dealt = selectors.budget_of(shard)
    assert dealt is not None
    services.acknowledge_budget(shard, dealt.number, at=after(2_000))


def begin(*shards: str) -> None:
    for shard in shards:
        services.enlist_runner(shard, at=NOON, account_id=1)


def settle() -> None:
    """Everybody answers until nothing more is to be dealt."""
    for _ in range(5):
        for runner in Runner.objects.filter(left__isnull=True):
            if part(runner.name) is not None:
                acknowledge(runner.name)
        if not deal():
            return
    raise AssertionError("dealing does not end")


def test_a_shard_alone_is_dealt_everything_once() -> None:
    begin("shard:0")

    assert deal() == 1
    assert deal() == 0

    assert part("shard:0") == ALONE


def test_nobody_enlisted_is_dealt_nothing() -> None:
    assert deal() == 0
    assert selectors.budget_of("shard:0") is None


def test_a_second_shard_waits_for_the_first_ones_word() -> None:
    begin("shard:0")
    settle()
    begin("shard:1")

    deal()
    assert (part("shard:0"), part("shard:1")) == (HALF, NO_BUDGET)
    deal()
    assert part("shard:1") == NO_BUDGET, "the cut is not acknowledged"
    acknowledge("shard:0")
    deal()

    assert part("shard:1") == HALF


def test_a_crashed_shard_keeps_its_part_and_a_dismissed_one_gives_it_back() -> None:
    begin("shard:0", "shard:1")
    settle()
    assert deal() == 0, "who says nothing any more is still enlisted"

    services.dismiss_runner("shard:1", at=after(3_000))
    deal()

    assert part("shard:0") == ALONE
    assert part("shard:1") == NO_BUDGET


def test_a_shard_that_comes_back_begins_with_nothing() -> None:
    begin("shard:0", "shard:1")
    settle()
    services.dismiss_runner("shard:1", at=after(3_000))
    deal()

    begin("shard:1")
    assert part("shard:1") == NO_BUDGET
    settle()

    assert (part("shard:0"), part("shard:1")) == (HALF, HALF)


def test_a_shard_that_comes_back_before_anybody_dealt_has_what_it_had() -> None:
    begin("shard:0", "shard:1")
    settle()
    services.dismiss_runner("shard:1", at=after(3_000))
    begin("shard:1")

    assert deal() == 0
    assert part("shard:1") == HALF


def test_an_acknowledged_number_makes_older_ones_void() -> None:
    begin("shard:0")
    deal()
    deal(replace(AGREED, total_exposure=usdc("4000")))
    acknowledge("shard:0")

    begin("shard:1")
    deal(replace(AGREED, total_exposure=usdc("4000")))

    assert Budget.objects.filter(shard="shard:0", acked__isnull=True).count() == 2
    held = part("shard:0")
    assert held is not None
    assert held.total_exposure == usdc("2000")


def test_acknowledging_twice_changes_nothing() -> None:
    begin("shard:0")
    deal()
    acknowledge("shard:0")
    first = Budget.objects.get().acked

    services.acknowledge_budget("shard:0", 1, at=after(9_000))

    assert Budget.objects.get().acked == first


def test_the_watchdog_deals_the_agreed_limits() -> None:
    begin("shard:0")

    watchdog.watch(at=after(1_000), daily_loss=usdc("200"))

    dealt = part("shard:0")
    assert dealt is not None
    assert (dealt.total_exposure, dealt.daily_loss, dealt.cash) == (usdc("5000"), usdc("200"), None)


def test_several_shards_share_what_was_paid_in_and_earned() -> None:
    value("9700", at=NOON, deposited="10000", realized="-200")
    begin("shard:0", "shard:1")

    services.deal_budgets(at=after(1_000))

    cash = [dealt.cash for shard in ("shard:0", "shard:1") if (dealt := part(shard)) is not None]
    assert cash == [usdc("4900"), usdc("4900")]


@pytest.mark.django_db(transaction=True)
def test_two_who_deal_at_once_deal_once() -> None:
    begin("shard:0", "shard:1", "shard:2")
    ready, failures = threading.Barrier(2), list[Exception]()

    def dealing() -> None:
        try:
            ready.wait(10)
            deal()
        except Exception as error:  # noqa: BLE001 thread edge: told to the test
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=dealing) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    assert Budget.objects.count() == 3
