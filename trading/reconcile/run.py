"""One run: read the other side, then ours, compare, keep what was found, and act on what counts. Read ``reconcile``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from core.differences import ASPECT_OF, Aspect, Before, Compared, Kind, Theirs
from core.differences import Difference as Found
from core.ids import MarketId
from core.reconcile import compare
from core.units import Ms
from feeds import selectors as feeds
from infra import clock, logs
from trading import selectors
from trading.models import Account, Difference, Reconciliation, Trigger
from trading.reconcile import act, books, statement
from trading.reconcile.wanted import tokens_of

BACK_MS: Final = Ms(3_600_000)  # each minute trades of the last hour are looked at, at a start those of a day
BACK_AT_START_MS: Final = Ms(86_400_000)
LOOKED_BACK: Final = 5  # runs; a difference that none of them saw begins anew
KEY_MAX: Final = 300

log = logs.get("reconcile")


@dataclass(frozen=True, slots=True)
class Run:
    """``row`` with what was found; ``theirs`` as it was read, for who wants to see the figures."""

    row: Reconciliation
    differences: tuple[Difference, ...]
    theirs: Theirs
    ours: dict[Any, int]


def reconcile(
    trigger: Trigger, *, stated: bool = False, other_side: Callable[..., Theirs] | None = None
) -> Run | None:
    """Compare now. ``None`` where no account was ever opened: there is nothing to compare.

    A missing fill that counts is adopted, and the market of whatever else counts is halted. Bounded: the other side
    answers within 45 s or counts as silent. ``stated`` asks for the venue's own cache of the balances too;
    ``other_side`` is asked instead of ``ask``. Raises ``DatabaseError``.
    """
    account = selectors.account_of(**settings.POLYLOLY.account)
    if account is None:
        return None
    began = clock.monotonic_ms()
    theirs = (other_side or ask)(account, trigger, stated=stated)
    # A command's clock need not be the stack's: what the rows say of a later moment has happened.
    theirs = replace(theirs, read_ms=max(theirs.read_ms, books.newest_ms(account.pk)))
    ours = books.ours(account, theirs)
    compared = compare(ours, theirs, before=before(account.pk), accepted=books.accepted(account.pk))
    counts = {
        "legs": 0 if theirs.figures is None else len(theirs.figures) - 1,
        "trades": len(theirs.trades or ()),
        "orders": len(theirs.open_orders or ()),
    }
    took_ms = clock.monotonic_ms() - began
    row, rows = keep(account, trigger, compared, counts=counts, at_ms=theirs.read_ms, took_ms=took_ms)
    _tell(row, compared)
    act.on_mismatches(rows)
    return Run(row, tuple(rows), theirs, dict(ours.figures))


def ask(account: Account, trigger: Trigger, *, stated: bool = False) -> Theirs:
    """The other side: the paper venue's statement, or the venue and the chain."""
    held = books.legs_of(account.pk)
    markets = list(dict.fromkeys(market_id for market_id, _ in held))
    payouts = feeds.resolutions(markets)
    if not settings.POLYLOLY.signs:
        return statement.read(account.pk, payouts, clock.now_ms())
    # Only who asks the venue needs what talks to it.
    from trading.reconcile import venue

    tokens, schedules = tokens_of([*markets, *_traded_lately(account.pk)])
    back_ms = BACK_MS if trigger is Trigger.SCHEDULE else BACK_AT_START_MS
    question = venue.Question(
        wallet=account.name,
        tokens=tokens,
        schedules=schedules,
        held=held,
        from_ms=books.window_from(account.pk, back_ms),
        payouts=payouts,
        stated=stated,
    )
    return venue.ask(question)


def _traded_lately(account_id: int) -> list[MarketId]:
    since = clock.now_ms() - BACK_AT_START_MS
    names = selectors.orders(account_id).filter(written_ms__gte=since).order_by()
    return [MarketId(name) for name in names.values_list("market_id", flat=True).distinct()]


def before(account_id: int) -> dict[str, Before]:
    """What was there in the run before: of each aspect in the last run that judged it. What was resolved since is
    over."""
    runs = list(Reconciliation.objects.filter(account_id=account_id).order_by("-pk")[:LOOKED_BACK])
    found: dict[str, Before] = {}
    for aspect in Aspect:
        last = next((run for run in runs if aspect.value in run.judged), None)
        if last is None:
            continue
        for row in last.differences.filter(resolutions__isnull=True):
            if ASPECT_OF[Kind(row.kind)] is aspect:
                found[row.key] = Before(
                    row.runs, Ms(row.first_ms), tuple(amount for *_, amount in row.effect)
                )
    return found


def keep(
    account: Account,
    trigger: Trigger,
    compared: Compared,
    *,
    counts: dict[str, int],
    at_ms: Ms,
    took_ms: int,
) -> tuple[Reconciliation, list[Difference]]:
    """Write a run down with everything it found."""
    with transaction.atomic():
        row = Reconciliation.objects.create(
            account=account,
            trigger=trigger,
            at_ms=at_ms,
            took_ms=took_ms,
            is_clean=compared.clean,
            differing=sum(each.kind is not Kind.DUST for each in compared.differences),
            mismatches=len(compared.mismatches),
            judged=sorted(compared.judged),
            silent=list(compared.silent),
            unjudged=list(compared.unjudged),
            counts=counts,
        )
        return row, [_kept(row, each) for each in compared.differences]


def _kept(row: Reconciliation, found: Found) -> Difference:
    return Difference.objects.create(
        reconciliation=row,
        account_id=row.account_id,
        kind=found.kind,
        key=found.key[:KEY_MAX],
        market_id=found.market_id,
        outcome=found.outcome,
        strategy=found.strategy,
        order_id=found.order_id,
        fill_id=found.fill_id,
        ours=found.ours,
        theirs=found.theirs,
        effect=[
            [None, None, amount] if leg is None else [leg[0], leg[1].value, amount]
            for leg, amount in found.effect
        ],
        evidence=[list(pair) for pair in found.evidence],
        trade=act.told_trade(found),
        runs=found.runs,
        first_ms=found.first_ms,
        at_ms=found.at_ms,
        mismatch=found.is_mismatch,
    )


def _tell(row: Reconciliation, compared: Compared) -> None:
    """One line a run, and one for each mismatch."""
    log.info(
        "reconciled",
        trigger=row.trigger,
        clean=row.is_clean,
        differing=row.differing,
        silent=_shortened(compared.silent),
        took_ms=row.took_ms,
    )
    for each in compared.mismatches:
        log.error(
            "Reconciliation mismatch detected",
            event_type="reconciliation_mismatch",
            kind=each.kind,
            market_id=each.market_id,
            order_id=each.order_id,
            evidence=dict(each.evidence),
            runs=each.runs,
        )


def _shortened(words: Sequence[str]) -> list[str]:
    return [each[:200] for each in words[:5]]
