"""What the rows keep of a life: orders nobody knows of, fills and their entries together, wallet actions done once."""

import pytest

from core import events as ev
from core.ids import FillId, MarketId
from core.intents import Merge, Redeem
from core.ledger import Entry as LedgerEntry
from core.lifecycle import Status
from core.notes import Booked
from core.units import Ms, Price, Shares, Usdc, shares, usdc
from tests.trading.conftest import MARKET, NOON, SHARD, a_buy, a_fill, a_place, moved, order_id_of, write
from trading import selectors, services
from trading.errors import FenceLost
from trading.models import Account, Entry, Fill, Order, WalletAction, WalletKind, WalletState
from trading.records.batch import Batch
from trading.records.ports import FillBooked, Record, StillOwed
from trading.shard.recovery import merge_step
from trading.wallet.watch import wallet_event

LATER = Ms(NOON + 60_000)
WALLET = "wallet:0xabc"


def write_down(account: Account, *records: Record, writer: str = "w") -> None:
    Batch(list(records), account_id=account.pk, writer=writer, entries_before=0).write()


def reversal(fill: ev.FillSeen) -> LedgerEntry:
    bought = a_buy(fill)
    return LedgerEntry(
        kind=bought.kind,
        market_id=bought.market_id,
        strategy=bought.strategy,
        outcome=bought.outcome,
        shares=Shares(-bought.shares),
        usdc=Usdc(-bought.usdc),
        fill_id=fill.fill_id,
        at_ms=LATER,
        note="fill failed",
    )


def test_the_row_keeps_what_was_signed_and_who_wrote_it(account: Account, fence: int) -> None:
    place = a_place()
    services.write_order(
        place,
        account_id=account.pk,
        order_id=order_id_of(place),
        unsigned='{"salt":"1"}',
        fence_name=SHARD,
        fence=fence,
        at_ms=NOON,
    )

    row = Order.objects.get()
    assert (row.unsigned, row.shard, row.fence) == ('{"salt":"1"}', SHARD, fence)


@pytest.mark.parametrize(
    "left", [Status.PENDING, Status.SENT, Status.LIVE, Status.DELAYED, Status.CANCELLING]
)
def test_what_a_dead_process_left_open_is_unknown(account: Account, fence: int, left: Status) -> None:
    place = a_place()
    write(place, account=account, fence=fence)
    write_down(account, moved(place, left))

    assert services.mark_unknown(account_id=account.pk, shard="another", at_ms=LATER) == 0, "it may live"
    assert services.mark_unknown(account_id=account.pk, shard=SHARD, at_ms=LATER) == 1

    row = Order.objects.get()
    assert (row.status, row.reason, row.moved_ms, row.closed_ms) == ("unknown", "process ended", LATER, None)
    assert list(selectors.unknown_orders(account.pk)) == [row]
    assert services.mark_unknown(account_id=account.pk, shard=SHARD, at_ms=LATER) == 0, "said once"


def test_the_moment_an_order_was_first_found_alone_is_kept_through_later_lives(
    account: Account, fence: int
) -> None:
    lost, unanswered = a_place(1), a_place(2)
    for place in (lost, unanswered):
        write(place, account=account, fence=fence)
    write_down(account, moved(unanswered, Status.UNKNOWN))

    for life in range(3):
        services.mark_unknown(account_id=account.pk, shard=SHARD, at_ms=Ms(LATER + life))

    kept = selectors.kept_orders(account.pk, LATER, shard=SHARD)
    assert [each.orphaned_ms for each in kept] == [LATER, LATER]


def test_what_had_ended_stays_as_it_ended(account: Account, fence: int) -> None:
    place = a_place()
    write(place, account=account, fence=fence)
    write_down(account, moved(place, Status.CANCELLED))

    assert services.mark_unknown(account_id=account.pk, shard=SHARD, at_ms=LATER) == 0
    assert Order.objects.get().status == "cancelled"


def test_kept_orders_are_the_open_ones_and_those_that_ended_a_moment_ago(
    account: Account, fence: int
) -> None:
    old, recent, opened = (a_place(number) for number in (1, 2, 3))
    for place in (old, recent, opened):
        write(place, account=account, fence=fence)
    write_down(account, moved(old, Status.CANCELLED, at=NOON), moved(recent, Status.CANCELLED, at=LATER))

    kept = selectors.kept_orders(account.pk, Ms(NOON + 1), shard=SHARD)

    assert [(each.place, each.status) for each in kept] == [
        (recent, Status.CANCELLED),
        (opened, Status.UNKNOWN),
    ]


def test_a_shard_takes_up_its_own_orders_and_another_shards_are_known(account: Account, fence: int) -> None:
    mine, theirs = a_place(1), a_place(2)
    write(mine, account=account, fence=fence)
    services.write_order(
        theirs,
        account_id=account.pk,
        order_id=order_id_of(theirs),
        unsigned=None,
        fence_name="shard:1",
        fence=services.take_fence("shard:1"),
        at_ms=NOON,
    )
    bought = a_fill(theirs.key, size="10")
    write_down(account, FillBooked(bought, Booked((a_buy(bought),))))

    services.mark_unknown(account_id=account.pk, shard=SHARD, at_ms=LATER)

    assert [each.place for each in selectors.kept_orders(account.pk, NOON, shard=SHARD)] == [mine]
    assert selectors.provisional_fills(account.pk, shard=SHARD) == {}
    assert list(selectors.provisional_fills(account.pk, shard="shard:1")) == ["f1"]
    assert Order.objects.get(key=theirs.key).status == "pending", "its shard may be at work with it"
    ids = {order_id_of(mine), order_id_of(theirs), "0xnobody"}
    assert selectors.known_orders(account.pk, ids) == ids - {"0xnobody"}


def test_what_a_kept_order_traded_is_counted_from_its_fills(account: Account, fence: int) -> None:
    """The word that moved its row may have been lost with the process."""
    place = a_place()
    write(place, account=account, fence=fence)
    fill = a_fill(place.key, size="10")
    write_down(account, FillBooked(fill, Booked((a_buy(fill),))))
    assert Order.objects.get().filled == 0

    (kept,) = selectors.kept_orders(account.pk, NOON, shard=SHARD)

    assert (kept.filled, kept.amount, kept.fills) == (shares("10"), usdc("4.8"), (FillId("f1"),))
    assert selectors.provisional_fills(account.pk, shard=SHARD) == {FillId("f1"): ev.FillStatus.MATCHED}


def test_an_order_that_still_owes_a_fill_has_not_ended_for_its_row(account: Account, fence: int) -> None:
    place = a_place()
    write(place, account=account, fence=fence)

    write_down(account, StillOwed(moved(place, Status.CANCELLED)))
    assert selectors.kept_orders(account.pk, LATER, shard=SHARD)[0].status is Status.UNKNOWN
    write_down(account, moved(place, Status.CANCELLED, filled="10", at=LATER))

    assert Order.objects.get().closed_ms == LATER


def test_a_fill_that_failed_is_reversed_in_its_row_and_in_the_ledger(account: Account, fence: int) -> None:
    place = a_place()
    write(place, account=account, fence=fence)
    fill = a_fill(place.key, size="10")
    write_down(account, FillBooked(fill, Booked((a_buy(fill),))))

    write_down(account, Booked((reversal(fill),)), writer="later")

    assert Fill.objects.get().status == "failed"
    assert selectors.entries_sum(account.pk) == 0
    assert [row.order.key for row in selectors.reversed_fills(account.pk)] == [place.key]
    assert selectors.provisional_fills(account.pk, shard=SHARD) == {}
    assert Entry.objects.count() == 2


def a_merge(action: str = "m") -> Merge:
    return Merge(action, MARKET, shares("60"), NOON)


def test_a_planned_action_becomes_one_row_however_often_it_is_written(account: Account) -> None:
    redeem = Redeem("r", MARKET, shares("5"), Shares(0), Price(10_000), NOON)
    write_down(account, a_merge(), redeem)
    write_down(account, a_merge())

    found = selectors.open_wallet_actions(account.pk)

    assert [(row.action_id, row.kind, row.yes, row.no, row.payout, row.state) for row in found] == [
        ("m", "merge", shares("60"), shares("60"), None, "planned"),
        ("r", "redeem", shares("5"), 0, 10_000, "planned"),
    ]


def step(action: str, to: WalletState, fence: int, **said: object) -> bool:
    return services.step_wallet_action(
        action,
        from_states=(WalletState.PLANNED, WalletState.SUBMITTED, WalletState.UNKNOWN),
        to=to,
        fence_name=WALLET,
        fence=fence,
        at_ms=LATER,
        **said,  # type: ignore[arg-type]
    )


def test_an_action_moves_only_from_where_it_was(account: Account) -> None:
    write_down(account, a_merge())
    fence = services.take_fence(WALLET)

    assert step("m", WalletState.SUBMITTED, fence, nonce="7", transaction_id="t")
    assert step("m", WalletState.CONFIRMED, fence, tx_hash="0x1", received=Usdc(60_000_000))
    assert not step("m", WalletState.FAILED, fence, reason="too late")

    row = WalletAction.objects.get()
    assert (row.state, row.nonce, row.transaction_id, row.tx_hash) == ("confirmed", "7", "t", "0x1")
    assert (row.received, row.reason, row.moved_ms, row.holder_fence) == (60_000_000, None, LATER, fence)
    assert [each.action_id for each in selectors.wallet_actions_since(account.pk, LATER)] == ["m"]
    assert selectors.wallet_actions_since(account.pk, Ms(LATER + 1)) == []


def test_a_keeper_that_lost_the_wallet_moves_nothing(account: Account) -> None:
    write_down(account, a_merge())
    lost = services.take_fence(WALLET)
    services.take_fence(WALLET)

    with pytest.raises(FenceLost):
        step("m", WalletState.SUBMITTED, lost)

    assert WalletAction.objects.get().state == "planned"


def test_an_action_confirmed_and_never_booked_is_found(account: Account) -> None:
    write_down(account, a_merge("booked"), a_merge("lost"))
    fence = services.take_fence(WALLET)
    for action in ("booked", "lost"):
        step(action, WalletState.CONFIRMED, fence)
    fill = a_fill(a_place().key)
    entry = a_buy(fill)
    merged = LedgerEntry(
        entry.kind, MARKET, entry.strategy, entry.outcome, Shares(0), Usdc(0), None, NOON, "booked"
    )
    write_down(account, Booked((merged,)))

    assert [row.action_id for row in selectors.unbooked_wallet_actions(account.pk)] == ["lost"]


@pytest.mark.parametrize(
    ("state", "heard"),
    [
        (WalletState.PLANNED, None),
        (WalletState.SUBMITTED, None),
        (WalletState.UNKNOWN, None),
        (WalletState.CONFIRMED, ev.Redeemed("r", MARKET, shares("5"), Shares(0), usdc("5"), LATER)),
        (WalletState.FAILED, ev.RedeemFailed("r", MARKET, "reverted", LATER)),
    ],
)
def test_the_engine_hears_how_a_redemption_ended(state: WalletState, heard: ev.WalletEvent | None) -> None:
    row = WalletAction(
        action_id="r", market_id=MARKET, kind=WalletKind.REDEEM, yes=shares("5"), no=0, payout=10_000,
        state=state, received=5_000_000, reason="reverted",
    )  # fmt: skip

    assert wallet_event(row, LATER) == heard


def test_the_engine_hears_every_step_of_a_merge() -> None:
    row = WalletAction(action_id="m", market_id=MARKET, kind=WalletKind.MERGE, yes=7, no=7, state="unknown")

    told = wallet_event(row, LATER)

    assert told == merge_step(row, LATER)
    assert told == ev.MergeStepped("m", MarketId(MARKET), Shares(7), ev.WalletStatus.UNKNOWN, LATER)


def test_an_approval_is_nothing_to_the_engine() -> None:
    assert (
        wallet_event(WalletAction(action_id="a", kind=WalletKind.APPROVE, state="confirmed"), LATER) is None
    )
