"""Rows of a lost account made anew: orders, fills and entries from what the venue and the chain tell of it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import transaction

from core import history
from core.differences import Carried, Open, Theirs, Traded
from core.events import Evidence, FillSeen, FillStatus
from core.ids import FillId, IntentKey, MarketId, OrderId, Side, intent_key
from core.intents import OrderKind, Purpose
from core.ledger import Entry as LedgerEntry
from core.ledger import EntryKind
from core.lifecycle import Status
from core.reconcile import LEFT_OUT_MS
from core.units import ONE, Ms, Shares, Usdc, text
from infra import clock
from trading.models import Account, AccountMode, Entry, Fill, Order
from trading.records.batch import entry_row, fill_row

WRITER: Final = "rebuild"
SHARD: Final = "shard:0"
NOT_ON_CHAIN: Final = (FillStatus.MATCHED, FillStatus.RETRYING)
ANEW: Final = "made anew from the venue's trades"


@dataclass(frozen=True, slots=True)
class Written:
    """What came back."""

    account: Account
    brought_in: Usdc
    orders: int
    fills: int
    carried: int
    fees: Usdc

    def lines(self) -> Iterator[str]:
        """For who asked."""
        yield f"account {self.account.key}: {text(self.brought_in, 6)} USDC brought in, withdrawals taken off"
        yield (
            f"from the venue's trades: {self.orders} orders, {self.fills} fills, "
            f"fees of {text(self.fees, 6)} USDC"
        )
        yield f"from the chain's record: {self.carried} splits, merges and redemptions"


def write(wallet: str, told: Theirs, cash: Usdc) -> Written:
    """Open the account and write its history, whole or not at all. ``cash`` is what the chain states now."""
    trades, carried = _told(told)
    lines = history.entries(trades, carried)
    unsettled = [each for each in trades if each.status in NOT_ON_CHAIN]
    brought_in = history.brought_in(cash, lines, unsettled)
    now = clock.now_ms()
    # As old as what is left out of a comparison: the deposit is no change of the last minute.
    opened_ms = Ms(min([now - LEFT_OUT_MS - 1, *(line.at_ms for line in lines)]))
    with transaction.atomic():
        mode = AccountMode(settings.POLYLOLY.mode.value)
        account = Account.objects.create(mode=mode, name=wallet, start_cash=brought_in, opened_ms=opened_ms)
        orders = Order.objects.bulk_create(_orders(account, trades, told.open_orders or (), told.takers, now))
        by_id = {order.order_id: order for order in orders}
        Fill.objects.bulk_create(_fill(each, by_id[each.order_id]) for each in trades)
        deposit = LedgerEntry(
            EntryKind.DEPOSIT, None, None, None, Shares(0), brought_in, None, opened_ms, "found by a rebuild"
        )
        writer = f"{WRITER}:{account.pk}"
        Entry.objects.bulk_create(
            entry_row(line, account_id=account.pk, writer=writer, sequence=number)
            for number, line in enumerate((deposit, *lines), 1)
        )
    fees = Usdc(-sum(line.usdc for line in lines if line.kind is EntryKind.FEE))
    return Written(account, brought_in, len(orders), len(trades), len(carried), fees)


def _told(told: Theirs) -> tuple[list[Traded], Sequence[Carried]]:
    """Trades and what was carried out, or neither: half of a history takes away what was never bought, or keeps what
    was merged long ago."""
    if told.trades is None or told.carried is None:
        return [], ()
    return sorted(told.trades, key=lambda each: (each.at_ms, each.fill_id)), told.carried


def _orders(
    account: Account, trades: Sequence[Traded], rests: Sequence[Open], takers: Collection[FillId], now: Ms
) -> Iterator[Order]:
    """One a name in the trades. What still rests is UNKNOWN: the next start of its shard cancels it."""
    of_order: dict[OrderId, list[Traded]] = {}
    for trade in trades:
        of_order.setdefault(trade.order_id, []).append(trade)
    resting = {order.order_id: order for order in rests}
    numbers: dict[MarketId, int] = {}
    for order_id, parts in of_order.items():
        market_id = parts[0].market_id
        numbers[market_id] = numbers.get(market_id, 0) + 1
        takes = any(part.fill_id in takers for part in parts)
        yield _order(account, parts, resting.get(order_id), numbers[market_id], now, takes=takes)


def _order(
    account: Account, parts: Sequence[Traded], rests: Open | None, number: int, now: Ms, *, takes: bool
) -> Order:
    first, last = parts[0], parts[-1]
    filled = sum(part.shares for part in parts)
    prices = [min(ONE, part.amount * ONE // part.shares) for part in parts]
    limit = max(prices) if first.side is Side.BUY else min(prices)
    terms = None if rests is None else rests.terms
    return Order(
        key=intent_key(account.key, first.market_id, history.WHOSE, number),
        order_id=first.order_id,
        account=account,
        market_id=first.market_id,
        strategy=history.WHOSE,
        sequence=number,
        outcome=first.outcome,
        side=first.side,
        price=limit if terms is None else terms.price,
        shares=filled if terms is None else terms.shares,
        kind=OrderKind.TAKE if takes else OrderKind.QUOTE,
        purpose=Purpose.OPENING if first.side is Side.BUY else Purpose.REDUCING,
        status=Status.MATCHED if rests is None else Status.UNKNOWN,
        filled=filled,
        reason=ANEW,
        decided_ms=first.at_ms,
        written_ms=now,
        sent_ms=first.at_ms,
        moved_ms=last.at_ms if rests is None else now,
        closed_ms=last.at_ms if rests is None else None,
        orphaned_ms=None if rests is None else now,
        shard=SHARD,
        fence=0,
    )


def _fill(trade: Traded, order: Order) -> Fill:
    seen = FillSeen(
        fill_id=trade.fill_id,
        key=IntentKey(order.key),
        shares=trade.shares,
        amount=trade.amount,
        fee=trade.fee,
        status=trade.status,
        evidence=Evidence.VENUE,
        said_ms=trade.at_ms,
        heard_ms=trade.at_ms,
    )
    return fill_row(seen, order)
