"""``/api/v1/reconciliations``: what each run found, what was done about it; run now, resolve. Amounts are text."""

from typing import Annotated, Any

from celery import current_app
from django.http import HttpRequest
from kombu.exceptions import OperationalError
from ninja import Field, Query, Router, Schema, Status

from core.units import text
from infra.clock import now_ms
from infra.paging import Asked, Page, page
from risk import services as risk
from risk.errors import NotTold, UnknownDifference
from risk.services import Actor, Control
from trading import selectors, services
from trading.models import Difference, Reconciliation, Resolution

router = Router(tags=["trading"])

ASKED_FOR_S = 30
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


class ActedRequest(HttpRequest):
    """A request whose actor is known: ``polyloly_site.api`` lets no other through."""

    auth: Actor


class ResolveIn(Schema):
    reason: str = Field(min_length=1, max_length=300, description="why, for the record")


class ResolutionOut(Schema):
    """``how``: adopted, adjusted, closed or noted. ``before`` and ``after``: the ledger's figures."""

    id: int
    difference_id: int
    key: str
    how: str
    by: str
    reason: str
    at_ms: int
    before: dict[str, Any]
    after: dict[str, Any]


class EffectOut(Schema):
    """One figure of our books, before and after taking over the other side's word. By the books as they are now."""

    what: str
    before: str
    after: str


class DifferenceOut(Schema):
    """``ours`` and ``theirs`` are shares, USDC where there is no outcome; null where there is no figure."""

    id: int
    kind: str
    mismatch: bool
    market_id: str | None
    outcome: str | None
    strategy: str | None
    order_id: str | None
    fill_id: str | None
    ours: str | None
    theirs: str | None
    evidence: dict[str, str]
    effect: list[EffectOut]
    runs: int
    first_ms: int
    resolution: ResolutionOut | None


class ReconciliationOut(Schema):
    """``clean``: everything was answered and nothing differs but dust. ``silent``: what was not answered."""

    id: int
    account_id: int
    trigger: str
    at_ms: int
    took_ms: int
    clean: bool
    differing: int
    mismatches: int
    judged: list[str]
    silent: list[str]
    unjudged: list[str]
    counts: dict[str, int]


class WholeReconciliationOut(ReconciliationOut):
    differences: list[DifferenceOut]


class NewestOut(Schema):
    run: WholeReconciliationOut | None


class AskedOut(Schema):
    """``after``: the newest run there was; the one asked for has a higher number."""

    asked: bool
    after: int | None


class RunsAsked(Asked):
    account_id: Number | None = None
    clean: bool | None = Field(
        default=None, description="false: those in which something differed or was silent"
    )


@router.get("/reconciliations", response=Page[ReconciliationOut])
def reconciliations(request: HttpRequest, asked: Query[RunsAsked]) -> Page[ReconciliationOut]:
    """Newest first."""
    rows = selectors.reconciliations(asked.account_id)
    if asked.clean is not None:
        rows = rows.filter(is_clean=asked.clean)
    return page(rows, asked, shown)


@router.post("/reconciliations", response={202: AskedOut})
def run_now(request: ActedRequest) -> Status[AskedOut]:
    """Have ops reconcile now: only it may ask the venue. The run appears in the list within a minute."""
    risk.require(request.auth, Control.ACKNOWLEDGE, target=None, reason="reconcile now", at=now_ms())
    newest = selectors.reconciliations().first()
    try:
        current_app.send_task("trading.reconcile", ["api"], queue="ops", expires=ASKED_FOR_S, retry=False)
    except OperationalError as error:
        raise NotTold(f"ops was not told, Redis does not answer: {error}") from error
    return Status(202, AskedOut(asked=True, after=None if newest is None else newest.pk))


@router.get("/reconciliations/newest", response=NewestOut)
def newest(request: HttpRequest) -> NewestOut:
    """The newest run of the account in use, with everything it found; null before the first."""
    run = selectors.newest_reconciliation()
    return NewestOut(run=None if run is None else whole(run))


@router.get("/reconciliations/resolutions", response=Page[ResolutionOut])
def resolutions(request: HttpRequest, asked: Query[Asked]) -> Page[ResolutionOut]:
    """What was done about differences, newest first."""
    return page(selectors.resolutions(), asked, resolution)


@router.get("/reconciliations/{number}", response=WholeReconciliationOut)
def one(request: HttpRequest, number: Number) -> WholeReconciliationOut:
    """One run with everything it found."""
    row = selectors.reconciliations().filter(pk=number).first()
    if row is None:
        raise UnknownDifference(f"no reconciliation has the number {number}")
    return whole(row)


@router.post("/reconciliations/differences/{number}/resolve", response=ResolutionOut)
def resolve(request: ActedRequest, number: Number, asked: ResolveIn) -> ResolutionOut:
    """Take over the other side's word, as adjustment entries. A risk admin, of the newest run, once."""
    made = services.resolve_difference(number, reason=asked.reason, by=request.auth, at=now_ms())
    return resolution(made)


def whole(row: Reconciliation) -> WholeReconciliationOut:
    found = row.differences.prefetch_related("resolutions").order_by("-mismatch", "pk")
    return WholeReconciliationOut(**shown(row).model_dump(), differences=[difference(each) for each in found])


def shown(row: Reconciliation) -> ReconciliationOut:
    return ReconciliationOut(
        id=row.pk,
        account_id=row.account_id,
        trigger=row.trigger,
        at_ms=row.at_ms,
        took_ms=row.took_ms,
        clean=row.is_clean,
        differing=row.differing,
        mismatches=row.mismatches,
        judged=row.judged,
        silent=row.silent,
        unjudged=row.unjudged,
        counts=row.counts,
    )


def difference(row: Difference) -> DifferenceOut:
    done = next(iter(row.resolutions.all()), None)
    return DifferenceOut(
        id=row.pk,
        kind=row.kind,
        mismatch=row.mismatch,
        market_id=row.market_id,
        outcome=row.outcome,
        strategy=row.strategy,
        order_id=row.order_id,
        fill_id=row.fill_id,
        ours=None if row.ours is None else text(row.ours, 6),
        theirs=None if row.theirs is None else text(row.theirs, 6),
        evidence=dict(row.evidence),
        effect=[EffectOut(**change) for change in services.changes_of(row)] if done is None else [],
        runs=row.runs,
        first_ms=row.first_ms,
        resolution=None if done is None else resolution(done),
    )


def resolution(row: Resolution) -> ResolutionOut:
    return ResolutionOut(
        id=row.pk,
        difference_id=row.difference_id,
        key=row.key,
        how=row.how,
        by=row.by_name,
        reason=row.reason,
        at_ms=row.at_ms,
        before=row.before,
        after=row.after,
    )
