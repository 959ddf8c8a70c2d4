"""The row that exists before an order leaves: fence, halt and key are checked where it is written."""

import threading

import pytest
from django.db import connection

from core.ids import MarketId
from core.intents import Place
from core.lifecycle import Status
from core.units import Ms, Usdc
from risk import services as risk
from tests.trading.conftest import MARKET, NOON, SHARD, a_place, order_id_of, write
from trading import selectors, services
from trading.errors import DuplicateIntent, FenceLost, HaltedFirst
from trading.models import Account, AccountMode, Decision, Fence, Order

pytestmark = pytest.mark.django_db


def test_an_order_is_written_pending_with_its_terms(account: Account, fence: int) -> None:
    place = a_place(7, at="0.48", size="52.08")

    write(place, account=account, fence=fence)

    row = Order.objects.get()
    assert (row.key, row.order_id, row.status) == (place.key, order_id_of(place), "pending")
    assert (row.price, row.shares, row.sequence, row.fence) == (4800, 52_080_000, 7, fence)
    assert row.closed_ms is None
    assert str(row).startswith("buy 52.08 yes at 0.48, pending")


def test_the_same_decision_is_never_written_twice(account: Account, fence: int) -> None:
    write(a_place(1), account=account, fence=fence)

    with pytest.raises(DuplicateIntent):
        write(a_place(1), account=account, fence=fence)

    assert Order.objects.count() == 1


def test_a_fence_number_is_always_higher(fence: int) -> None:
    assert services.take_fence(SHARD) == fence + 1
    assert services.take_fence("shard:1") == 1


def test_who_lost_the_fence_writes_nothing(account: Account, fence: int) -> None:
    services.take_fence(SHARD)

    with pytest.raises(FenceLost, match=f"shard:0 is no longer held with number {fence}"):
        write(a_place(), account=account, fence=fence)

    assert Order.objects.count() == 0
    assert Fence.objects.get().writes == 0


def test_no_row_is_written_once_a_halt_is_committed(account: Account, fence: int) -> None:
    risk.halt_trading(code=risk.HaltCode.MANUAL, detail="stop", by=risk.process("test"), at=NOON)

    with pytest.raises(HaltedFirst, match="trading: manual_halt"):
        write(a_place(), account=account, fence=fence)

    assert Order.objects.count() == 0


def test_a_halted_market_takes_no_row_and_the_others_do(account: Account, fence: int) -> None:
    risk.halt_market(
        market_id=MARKET, code=risk.MarketHaltCode.MANUAL, detail="odd", by=risk.process("test"), at=NOON
    )

    with pytest.raises(HaltedFirst, match="market: manual_halt"):
        write(a_place(), account=account, fence=fence)
    write(a_place(2, market=MarketId("0xother")), account=account, fence=fence)

    assert Order.objects.count() == 1


def write_all(*places: Place, account: Account, fence: int) -> list[type[Exception] | None]:
    """What became of each."""
    orders = [services.NewOrder(place, order_id_of(place), "{}", NOON) for place in places]
    told = services.write_orders(orders, account_id=account.pk, fence_name=SHARD, fence=fence)
    return [None if each is None else type(each) for each in told]


def test_orders_written_together_have_the_rows_they_have_alone(account: Account, fence: int) -> None:
    assert write_all(a_place(1), a_place(2), a_place(3), account=account, fence=fence) == [None] * 3
    write(a_place(4), account=account, fence=fence)

    together, alone = Order.objects.get(sequence=2), Order.objects.get(sequence=4)
    differing = {"id", "key", "order_id", "sequence", "unsigned"}
    names = {field.attname for field in Order._meta.concrete_fields} - differing
    assert {name: getattr(together, name) for name in names} == {name: getattr(alone, name) for name in names}
    assert (together.sequence, together.unsigned, alone.unsigned) == (2, "{}", None)
    assert list(Order.objects.order_by("pk").values_list("sequence", flat=True)) == [1, 2, 3, 4]
    assert Fence.objects.get().writes == 4


def test_of_orders_written_together_only_those_fail_that_fail_alone(account: Account, fence: int) -> None:
    risk.halt_market(
        market_id=MARKET, code=risk.MarketHaltCode.MANUAL, detail="odd", by=risk.process("test"), at=NOON
    )
    other = MarketId("0xother")
    write(a_place(1, market=other), account=account, fence=fence)

    told = write_all(
        a_place(2, market=other),
        a_place(3),
        a_place(1, market=other),
        a_place(4, market=other),
        a_place(4, market=other),
        account=account,
        fence=fence,
    )

    assert told == [None, HaltedFirst, DuplicateIntent, None, DuplicateIntent]
    assert set(Order.objects.values_list("sequence", flat=True)) == {1, 2, 4}
    assert Fence.objects.get().writes == 3


def test_orders_written_together_all_fail_without_the_fence(account: Account, fence: int) -> None:
    services.take_fence(SHARD)

    told = write_all(a_place(1), a_place(2), account=account, fence=fence)

    assert told == [FenceLost, FenceLost]
    assert Order.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_many_writers_of_one_decision_leave_one_row(account: Account, fence: int) -> None:
    start = threading.Barrier(4)
    refused: list[str] = []

    def once() -> None:
        start.wait()
        try:
            write(a_place(), account=account, fence=fence)
        except DuplicateIntent as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=once) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Order.objects.count() == 1
    assert len(refused) == 3


@pytest.mark.django_db(transaction=True)
def test_nothing_of_the_old_holder_appears_after_the_fence_was_taken(account: Account, fence: int) -> None:
    """The taker must see every row the old holder will ever have: it cancels or adopts them."""
    stopped = threading.Event()

    def old_holder() -> None:
        try:
            for number in range(1, 5_000):
                write(a_place(number), account=account, fence=fence)
                # SQLite's lock is unfair: without a pause the taker would hardly get a turn.
                list(Order.objects.all()[:50])
        except FenceLost:
            stopped.set()
        finally:
            connection.close()

    thread = threading.Thread(target=old_holder)
    thread.start()
    while Order.objects.count() < 5:
        pass
    services.take_fence(SHARD)
    seen_at_take = Order.objects.count()
    thread.join()

    assert stopped.is_set()
    assert Order.objects.count() == seen_at_take


def test_an_account_is_opened_once(account: Account) -> None:
    again = services.open_account(
        mode=AccountMode.DEMO, name="main", start_cash=Usdc(10_000_000_000), at_ms=Ms(NOON + 1)
    )
    other = services.open_account(
        mode=AccountMode.PAPER, name="main", start_cash=Usdc(10_000_000_000), at_ms=NOON
    )

    assert again.pk == account.pk
    assert other.pk != account.pk
    assert account.key == "demo:main:10000"
    assert selectors.account_of(mode="demo", start_cash=Usdc(10_000_000_000)) == account


def test_orders_of_a_dead_paper_process_are_closed(account: Account, fence: int) -> None:
    for number in (1, 2):
        write(a_place(number), account=account, fence=fence)
    Order.objects.filter(sequence=2).update(status=Status.MATCHED, closed_ms=NOON)

    assert services.close_orphans(account_id=account.pk, at_ms=Ms(NOON + 5)) == 1

    row = Order.objects.get(sequence=1)
    assert (row.status, row.reason, row.closed_ms) == ("cancelled", "process ended", NOON + 5)
    assert services.close_orphans(account_id=account.pk, at_ms=Ms(NOON + 6)) == 0


def a_decision(account: Account, number: int, *, at: int) -> Decision:
    return Decision(
        account=account,
        market_id=MARKET,
        strategy="pair_arb",
        sequence=number,
        at_ms=at,
        verdict="no",
        gate="edge",
        gates=[],
        intents=[],
    )


def test_decisions_are_forgotten_by_count_and_by_age_in_small_batches(account: Account) -> None:
    Decision.objects.bulk_create(a_decision(account, number, at=NOON + number) for number in range(10))

    def forget() -> int:
        return services.forget_decisions(keep=6, older_than_ms=Ms(NOON + 7), batch=3)

    assert [forget(), forget(), forget(), forget()] == [3, 3, 1, 0]
    assert sorted(Decision.objects.values_list("sequence", flat=True)) == [7, 8, 9]


def test_the_next_decision_is_numbered_after_every_earlier_one(account: Account, fence: int) -> None:
    write(a_place(4), account=account, fence=fence)
    Decision.objects.bulk_create([a_decision(account, 9, at=NOON)])
    write(a_place(2, market=MarketId("0xother")), account=account, fence=fence)

    assert selectors.last_sequences(account.pk) == {MARKET: 9, "0xother": 2}
