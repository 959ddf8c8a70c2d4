"""The shards' parts of the limits: dealt each second by ops, acknowledged by the runners (``core.budgets``).

Rows are added and acknowledged, never changed otherwise. A runner that was dismissed has its part taken back by a row
of nothing that needs no acknowledgement: it has no orders, and should it begin again it begins with that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from core import budgets
from core.budgets import Holder, Whole
from core.limits import NO_BUDGET
from core.limits import Budget as Part
from core.units import Ms, Usdc
from infra import logs
from infra.clock import to_datetime
from risk.limits import limits
from risk.models import Budget, Runner, Valuation

ROWS_AT_ONCE: Final = 20

log = logs.get("risk")


@dataclass(frozen=True, slots=True)
class Dealt:
    """What a shard is to trade within. ``acked``: it has said that it does."""

    number: int
    part: Part
    acked: bool


def deal_budgets(*, at: Ms) -> int:
    """Deal the agreed limits to every enlisted runner; how many rows that took. Ops calls it each second, a runner
    once when it begins, so that it need not wait for ops."""
    agreed = limits.agree_first(at=at)
    fields = agreed.fields
    whole = Whole(
        total_exposure=fields.total_exposure,
        group_exposure=fields.group_exposure,
        daily_loss=fields.daily_loss,
        orders_per_s=fields.orders_per_second,
        cash=_worth(),
    )
    return deal(whole, limits_number=agreed.number, at=at)


def _worth() -> Usdc | None:
    """What the account has in cash and in what it holds at cost: all that was paid in, and all that was earned.

    The account that the runners trade with, which need not be the one valued last: one that was armed a moment ago
    traded on paper until then. ``None``, and so no cash, until it was valued, and while they trade with several.
    """
    accounts = Runner.objects.filter(left__isnull=True).values_list("account_id", flat=True)
    traded = {account for account in accounts if account is not None}
    if len(traded) != 1:
        return None
    newest = Valuation.objects.filter(account_id=traded.pop()).order_by("-pk").first()
    return None if newest is None else Usdc(newest.deposited + newest.realized)


def deal(whole: Whole, *, limits_number: int, at: Ms) -> int:
    """Deal what changed. ``limits_number``: the version of ``whole``. Cheap when nothing changed; two who deal at
    once deal once."""
    if not _wanted(whole, Runner.objects.order_by("name")):
        return 0
    with transaction.atomic():
        # A runner that enlists meanwhile waits for this, or this for it: none gets a part that was taken back.
        rows = _wanted(whole, Runner.objects.select_for_update().order_by("name"))
        moment = to_datetime(at)
        Budget.objects.bulk_create(_row(each, limits_number=limits_number, dealt=moment) for each in rows)
    for each in rows:
        log.info(
            "budget dealt", shard=each.shard, number=each.number, total_exposure=each.part.total_exposure
        )
    return len(rows)


def acknowledge_budget(shard: str, number: int, *, at: Ms) -> None:
    """``shard`` trades within it: from here on what it had before is void."""
    Budget.objects.filter(shard=shard, number=number, acked__isnull=True).update(acked=to_datetime(at))


def budget_of(shard: str) -> Dealt | None:
    """The newest part dealt to a shard; ``None`` before the first: it has none then."""
    row = Budget.objects.filter(shard=shard).order_by("-number").first()
    return None if row is None else Dealt(row.number, _part(row), row.acked is not None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row to be written. ``acked``: nobody needs to acknowledge it."""

    shard: str
    number: int
    part: Part
    acked: bool


@dataclass(frozen=True, slots=True)
class Account:
    """What the rows say of one shard: its newest number, and what it may be trading by."""

    number: int
    holder: Holder


def _wanted(whole: Whole, runners: Iterable[Runner]) -> list[Wanted]:
    """What is to be taken back from the dismissed, then what is to be dealt to the others."""
    wanted, accounts = [], {}
    for runner in runners:
        account = _account(runner.name)
        if runner.left is None:
            accounts[runner.name] = account
        elif any(part != NO_BUDGET for part in account.holder.may_use):
            wanted.append(Wanted(runner.name, account.number + 1, NO_BUDGET, acked=True))
    dealt = budgets.deal(whole, [account.holder for account in accounts.values()])
    wanted += [Wanted(shard, accounts[shard].number + 1, part, acked=False) for shard, part in dealt.items()]
    return wanted


def _account(shard: str) -> Account:
    """Back to the newest acknowledged row: what is older is void."""
    number, acked, pending = 0, None, []
    for row in Budget.objects.filter(shard=shard).order_by("-number").iterator(chunk_size=ROWS_AT_ONCE):
        number = number or row.number
        if row.acked is not None:
            acked = _part(row)
            break
        pending.append(_part(row))
    return Account(number, Holder(shard, acked, tuple(reversed(pending))))


def _part(row: Budget) -> Part:
    return Part(
        total_exposure=Usdc(row.total_exposure),
        group_exposure=Usdc(row.group_exposure),
        daily_loss=Usdc(row.daily_loss),
        orders_per_s=row.orders_per_s,
        cash=None if row.cash is None else Usdc(row.cash),
    )


def _row(wanted: Wanted, *, limits_number: int, dealt: datetime) -> Budget:
    return Budget(
        shard=wanted.shard,
        number=wanted.number,
        limits_number=limits_number,
        total_exposure=wanted.part.total_exposure,
        group_exposure=wanted.part.group_exposure,
        daily_loss=wanted.part.daily_loss,
        orders_per_s=wanted.part.orders_per_s,
        cash=wanted.part.cash,
        dealt=dealt,
        acked=dealt if wanted.acked else None,
    )
