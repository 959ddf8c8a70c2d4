"""The writes that cannot wait: taking a fence, and the row that must exist before an order leaves.

Everything else goes through ``trading.records.journal``, off the hot path.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Max, Q, Value
from django.db.models.functions import Greatest

from core.ids import OrderId
from core.intents import Place
from core.lifecycle import CLOSED, Status
from core.units import Ms, Price, Shares, Usdc
from infra import logs
from risk import selectors as risk
from risk import services as risk_services
from trading.errors import DuplicateIntent, FenceLost, HaltedFirst, NotArmed, OrderNotWritten
from trading.models import Account, AccountMode, Decision, Fence, Order, WalletAction, WalletKind, WalletState
from trading.reconcile.act import changes_of
from trading.reconcile.act import resolve as resolve_difference
from trading.reconcile.rebuild import rebuild as rebuild_state
from trading.reconcile.rebuild import register_files
from trading.reconcile.run import Run as ReconcileRun
from trading.reconcile.run import reconcile

__all__ = [
    "CLOSED_STATUSES",
    "NewOrder",
    "ReconcileRun",
    "changes_of",
    "close_orphans",
    "dismiss_runner",
    "forget_decisions",
    "in_the_name_of",
    "mark_unknown",
    "open_account",
    "plan_wallet_action",
    "rebuild_state",
    "reconcile",
    "register_files",
    "resolve_difference",
    "sequence_of",
    "step_wallet_action",
    "take_fence",
    "write_order",
    "write_orders",
]

ORPHANED: Final = "process ended"
REASON_MAX: Final = 300
OUTLIVED: Final = (AccountMode.LIVE, AccountMode.REHEARSAL)
CLOSED_STATUSES: Final = tuple(status.value for status in CLOSED)
TOUCH_FENCE: Final = "UPDATE trading_fence SET writes = writes + %s WHERE name = %s AND number = %s"
# Every column but those that begin empty; ``_row`` gives the values.
INSERT_ORDER: Final = """
    INSERT INTO trading_order (
        key, order_id, account_id, market_id, strategy, sequence, outcome, side, price, shares, kind, purpose,
        status, filled, decided_ms, written_ms, moved_ms, shard, fence, unsigned
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

log = logs.get("trading")


def open_account(*, mode: AccountMode, name: str, start_cash: Usdc, at_ms: Ms) -> Account:
    """The account of this mode, name and start cash; made at its first use."""
    account, made = Account.objects.get_or_create(
        mode=mode, name=name, start_cash=start_cash, defaults={"opened_ms": at_ms}
    )
    if made:
        log.info("account opened", account=account.key)
    return account


def take_fence(name: str) -> int:
    """Become the one writer of ``name``: the number is higher than any before it.

    It waits for a write of the former holder that is under way; the next one fails with ``FenceLost``.
    """
    with transaction.atomic():
        Fence.objects.get_or_create(name=name, defaults={"number": 0, "writes": 0})
        Fence.objects.filter(name=name).update(number=F("number") + 1)
        return Fence.objects.get(name=name).number


@contextmanager
def in_the_name_of(fence_name: str, *, fence: int) -> Iterator[None]:
    """A transaction in which the fence is held with this number: who takes it waits for its end.

    Raises ``FenceLost``, with nothing written, once another has it.
    """
    with transaction.atomic():
        # Touched and not counted: a mere look would let both go on.
        if not Fence.objects.filter(name=fence_name, number=fence).update(writes=F("writes")):
            raise FenceLost(f"{fence_name} is no longer held with number {fence}")
        yield


def dismiss_runner(name: str, *, fence: int, at: Ms) -> bool:
    """Say that the runner ``name`` ended in good order. False, and nothing said, once another has its fence.

    One that hung until its lease ran out ends after its successor began. To dismiss that one would take its budget, and
    no halt would wait for its answer.
    """
    try:
        with in_the_name_of(name, fence=fence):
            risk_services.dismiss_runner(name, at=at)
    except FenceLost:
        return False
    return True


class NewOrder(NamedTuple):
    """What the row of an order says beside its intent. ``at_ms``: when it is written."""

    place: Place
    order_id: OrderId
    unsigned: str | None
    at_ms: Ms


def write_order(
    place: Place,
    *,
    account_id: int,
    order_id: OrderId,
    unsigned: str | None,
    fence_name: str,
    fence: int,
    at_ms: Ms,
    arming_id: int | None = None,
) -> None:
    """Write the row of an approved order, in one transaction with the checks that may still forbid it.

    arming_id: the arming under which it would leave; ``None`` where none is needed.
    When this returns the order may leave. Raises ``FenceLost``, ``HaltedFirst``, ``NotArmed`` or ``DuplicateIntent``,
    all ``OrderNotWritten``: then it must not. A database error says nothing about the row: treat it like a crash.
    """
    _write(
        NewOrder(place, order_id, unsigned, at_ms),
        _Writing(account_id, fence_name, fence, arming_id, _nobody),
    )


def _nobody() -> None:
    """Nobody waits for the moment before a commit."""


def write_orders(
    orders: Sequence[NewOrder],
    *,
    account_id: int,
    fence_name: str,
    fence: int,
    arming_id: int | None = None,
    committing: Callable[[], None] = _nobody,
) -> list[OrderNotWritten | DatabaseError | None]:
    """Write the rows of approved orders in one transaction; what became of each, ``None`` when it may leave.

    Where one may not be written each has a transaction of its own, as ``write_order`` makes it: an order never
    fails for its neighbour. ``committing`` is called on this thread when all is said and only the disk is waited for;
    more than once where the rows part. Raises a database error that says nothing about any of the rows.
    """
    writing = _Writing(account_id, fence_name, fence, arming_id, committing)
    if len(orders) > 1:
        try:
            _commit(orders, writing)
        except (HaltedFirst, IntegrityError):
            pass  # each for itself now: that says which of them it was
        except (FenceLost, NotArmed) as lost:
            return [lost] * len(orders)
        else:
            return [None] * len(orders)
    return [_written(each, writing) for each in orders]


class _Writing(NamedTuple):
    """What the rows written in one transaction share."""

    account_id: int
    fence_name: str
    fence: int
    arming_id: int | None
    committing: Callable[[], None]


def _written(new: NewOrder, writing: _Writing) -> OrderNotWritten | DatabaseError | None:
    try:
        _write(new, writing)
    except (OrderNotWritten, DatabaseError) as error:
        return error
    return None


def _write(new: NewOrder, writing: _Writing) -> None:
    try:
        _commit([new], writing)
    except IntegrityError as error:
        known = Order.objects.filter(Q(key=new.place.key) | Q(order_id=new.order_id))
        if known.exists():
            raise DuplicateIntent(f"order {new.place.key} was already written") from error
        raise


def _commit(orders: Sequence[NewOrder], writing: _Writing) -> None:
    """All of them or none. In plain SQL: of an order's way to its socket the ORM took more than the disk."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Touching the row makes a taker of the fence wait for us; a mere look would let both go on.
        cursor.execute(TOUCH_FENCE, (len(orders), writing.fence_name, writing.fence))
        if not cursor.rowcount:
            raise FenceLost(f"{writing.fence_name} is no longer held with number {writing.fence}")
        if writing.arming_id is not None and not risk_services.use_arming(
            writing.arming_id, at=orders[-1].at_ms
        ):
            raise NotArmed("not armed any more: nobody's word covers it")
        stops = risk.stops()
        for each in orders:
            stop = stops.get(None) or stops.get(each.place.market_id)
            if stop is not None:
                raise HaltedFirst(stop)
        cursor.executemany(INSERT_ORDER, [_row(each, writing) for each in orders])
        writing.committing()


def _row(new: NewOrder, writing: _Writing) -> tuple[str | int | None, ...]:
    """The values of ``INSERT_ORDER``."""
    place = new.place
    return (
        place.key,
        new.order_id,
        writing.account_id,
        place.market_id,
        place.strategy.value,
        sequence_of(place.key),
        place.outcome.value,
        place.side.value,
        place.price,
        place.shares,
        place.kind.value,
        place.purpose.value,
        Status.PENDING.value,
        0,
        place.decided_ms,
        new.at_ms,
        new.at_ms,
        writing.fence_name,
        writing.fence,
        new.unsigned,
    )


def sequence_of(key: str) -> int:
    """The decision's number in an intent key."""
    return int(key.rpartition("|")[2])


def close_orphans(*, account_id: int, at_ms: Ms) -> int:
    """Close the orders a paper account left open: the paper venue died with its process. How many they were.

    Only for paper. A live order of a dead process is UNKNOWN and is asked for, never assumed away.
    """
    account = Account.objects.get(pk=account_id)
    assert account.mode not in OUTLIVED, "the venue outlives our process; ask it"
    closed = Order.objects.filter(account_id=account_id, closed_ms__isnull=True).update(
        status=Status.CANCELLED, reason=ORPHANED, moved_ms=at_ms, closed_ms=at_ms
    )
    if closed:
        log.warning("orders of an ended process closed", account=account.key, orders=closed)
    return closed


def plan_wallet_action(
    *,
    account_id: int,
    action_id: str,
    market_id: str | None,
    kind: WalletKind,
    yes: Shares,
    no: Shares,
    payout: Price | None,
    at_ms: Ms,
) -> bool:
    """Ask the wallet's keeper for something. False when this action was planned before: it is not done twice."""
    _, made = WalletAction.objects.get_or_create(
        action_id=action_id,
        defaults={
            "account_id": account_id,
            "market_id": market_id,
            "kind": kind,
            "yes": yes,
            "no": no,
            "payout": payout,
            "state": WalletState.PLANNED,
            "planned_ms": at_ms,
            "moved_ms": at_ms,
        },
    )
    return made


def step_wallet_action(
    action_id: str,
    *,
    from_states: Collection[WalletState],
    to: WalletState,
    fence_name: str,
    fence: int,
    at_ms: Ms,
    nonce: str | None = None,
    transaction_id: str | None = None,
    tx_hash: str | None = None,
    received: Usdc | None = None,
    reason: str | None = None,
) -> bool:
    """Move an action on if it still is in one of ``from_states``; what is ``None`` stays as it is.

    False when it is not. Raises ``FenceLost`` when another keeper has taken the wallet: then touch nothing more.
    """
    said: dict[str, Any] = {
        "nonce": nonce,
        "transaction_id": transaction_id,
        "tx_hash": tx_hash,
        "received": received,
        "reason": None if reason is None else reason[:REASON_MAX],
    }
    with in_the_name_of(fence_name, fence=fence):
        found = WalletAction.objects.filter(action_id=action_id, state__in=list(from_states))
        moved = found.update(
            state=to,
            moved_ms=Greatest(F("moved_ms"), Value(int(at_ms))),
            holder_fence=fence,
            **{name: value for name, value in said.items() if value is not None},
        )
    return bool(moved)


def mark_unknown(*, account_id: int, shard: str, at_ms: Ms) -> int:
    """After a shard's crash: nobody heard what became of the orders it left open. They are asked for. How many.

    Whoever calls holds the fence: nothing of the process that sent them leaves any more. That moment is kept, once.
    """
    left = Order.objects.filter(account_id=account_id, shard=shard, closed_ms__isnull=True)
    left.filter(orphaned_ms__isnull=True).update(orphaned_ms=at_ms)
    unknown = left.exclude(status=Status.UNKNOWN).update(
        status=Status.UNKNOWN, reason=ORPHANED, moved_ms=Greatest(F("moved_ms"), Value(int(at_ms)))
    )
    if unknown:
        log.warning("orders of an ended process are unknown", account_id=account_id, orders=unknown)
    return unknown


def forget_decisions(*, keep: int, older_than_ms: Ms, batch: int) -> int:
    """Delete at most ``batch`` decisions: those before ``older_than_ms`` and those beyond the newest ``keep``.

    How many went. Small batches, because on SQLite a writer stops all others.
    """
    newest = Decision.objects.aggregate(newest=Max("pk"))["newest"]
    if newest is None:
        return 0
    beyond = Decision.objects.filter(pk__lte=newest - keep).order_by("pk")
    doomed = set(beyond.values_list("pk", flat=True)[:batch])
    aged = Decision.objects.filter(at_ms__lt=older_than_ms).exclude(pk__in=doomed).order_by("at_ms")
    doomed.update(aged.values_list("pk", flat=True)[: batch - len(doomed)])
    if not doomed:
        return 0
    deleted, _ = Decision.objects.filter(pk__in=doomed).delete()
    return deleted
