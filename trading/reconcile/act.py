"""What is done about a difference: adopt a missing fill, adjust the ledger, close a row; and halt what counts.

Nothing is changed in place. A ``Resolution`` says who did what and why, its entries make the sums right, its events
tell the engines that run (``trading.reconcile.watch``); all in one transaction, so it is there whole or not at all.
"""

from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction

from core import events as ev
from core.differences import Difference as Found
from core.differences import Kind, Traded
from core.events import CloseReason, Evidence, FillStatus
from core.ids import FillId, IntentKey, MarketId, Outcome, Side, Strategy
from core.ledger import Entry as LedgerEntry
from core.ledger import EntryKind
from core.lifecycle import Status
from core.units import Ms, Shares, Usdc, text
from feeds import selectors as feeds
from infra import clock, codec, logs
from risk import selectors as risk
from risk import services as risk_services
from risk.errors import CannotResolve, HaltKept, UnknownDifference
from risk.services import Actor, AuditOutcome, Control, HaltCode, MarketHaltCode
from trading.models import Account, Difference, Entry, Fill, How, Order, Reconciliation, Resolution
from trading.reconcile.books import figures_of
from trading.records.batch import entry_row, fill_row

NAME: Final = "reconciliation"
FRESH_MS: Final = Ms(600_000)  # what is older is looked for again before anything is booked
MARKETS_MAX: Final = 3  # this many markets at once are no matter of one market any more
TEXT_MAX: Final = 300
PROVISIONAL: Final = (FillStatus.MATCHED, FillStatus.MINED, FillStatus.RETRYING)
AT_THE_VENUE: Final = "it is open at the venue and not ours: cancel it there, then reconcile again"

log = logs.get("reconcile")


@dataclass(frozen=True, slots=True)
class Doing:
    """What a resolution books and tells. ``entries`` are new lines; ``events`` are for engines that run."""

    how: How
    entries: tuple[LedgerEntry, ...]
    events: tuple[ev.Event, ...]
    settles: tuple[str, ...]


def on_mismatches(rows: list[Difference]) -> None:
    """Adopt what is a fact, halt what is not understood. Each run does so anew while a mismatch lasts."""
    counting = [row for row in rows if row.mismatch]
    for row in counting:
        if row.kind == Kind.MISSING_FILL:
            by = risk_services.process(NAME)
            try:
                _carry_out(row, by=by, reason="told by the venue, in no row of ours", at=clock.now_ms())
            except CannotResolve as error:
                log.error(
                    "missing fill not adopted", event_type="error", fill_id=row.fill_id, error=str(error)
                )
    halt_for(counting)


def halt_for(rows: list[Difference]) -> None:
    """Stop the market of each mismatch; everything where cash is wrong, or many markets are."""
    markets = {row.market_id: row for row in rows if row.market_id is not None}
    cash = next((row for row in rows if row.market_id is None), None)
    if cash is not None or len(markets) >= MARKETS_MAX:
        words = f"{len(markets)} markets differ" if cash is None else in_words(cash)
        _halt_all(words)
    stopped = risk.market_halts()
    for market_id, row in markets.items():
        if market_id not in stopped:
            _halt_market(market_id, in_words(row))


def _halt_all(words: str) -> None:
    halt = risk.halt_in_force()
    if halt is not None and halt.code == HaltCode.POSITIONS:
        return
    by, at = risk_services.process(NAME), clock.now_ms()
    try:
        risk_services.halt_trading(code=HaltCode.POSITIONS, detail=words, by=by, at=at)
    except HaltKept as kept:
        log.error("halt kept until the database takes it", why=str(kept), event_type="error")


def _halt_market(market_id: str, words: str) -> None:
    by, at = risk_services.process(NAME), clock.now_ms()
    try:
        risk_services.halt_market(
            market_id=market_id, code=MarketHaltCode.POSITIONS, detail=words, by=by, at=at
        )
    except HaltKept as kept:
        log.error("halt kept until the database takes it", why=str(kept), event_type="error")


def in_words(row: Difference) -> str:
    """A difference in one line: what it is, and both sides' words."""
    said = ", ".join(f"{name}: {words}" for name, words in row.evidence)
    return f"{row.kind}: {said}"[:TEXT_MAX]


def resolve(difference_id: int, *, reason: str, by: Actor, at: Ms) -> Resolution:
    """Take over the other side's word for one difference: a risk admin, with a reason.

    Only of the newest run, not older than ten minutes, and once. Raises ``NotAllowed``, ``ReasonMissing``,
    ``CannotResolve``, ``UnknownDifference``.
    """
    row = Difference.objects.filter(pk=difference_id).first()
    target = f"difference {difference_id}"[:100] if row is None else row.key
    risk_services.require(by, Control.RECONCILE, target=target, reason=reason, at=at)
    if row is None:
        raise UnknownDifference(f"no difference has the number {difference_id}")
    risk_services.require_reason(by, Control.RECONCILE, target=row.key, reason=reason, at=at)
    newest = Reconciliation.objects.filter(account_id=row.account_id).order_by("-pk").first()
    if newest is None or newest.pk != row.reconciliation_id:
        raise CannotResolve(f"difference {row.pk} is of an earlier run: look at the newest one")
    if at - newest.at_ms > FRESH_MS:
        raise CannotResolve("the newest run is older than ten minutes: reconcile again, then resolve")
    return _carry_out(row, by=by, reason=reason, at=at)


def restore(row: Difference, cost: Usdc, *, by: Actor, reason: str, at: Ms) -> Resolution:
    """Take shares into books that were lost, at what they cost: as ``resolve``, into the pair ledger, and the cash they
    cost counts as brought in. Raises as ``resolve``."""
    risk_services.require(by, Control.RECONCILE, target=row.key, reason=reason, at=at)
    strategy, market_id = Strategy.PAIR_ARB, MarketId(str(row.market_id))
    leg, shares = Outcome(str(row.outcome)), Shares((row.theirs or 0) - (row.ours or 0))
    lines = (
        LedgerEntry(EntryKind.ADJUSTMENT, None, None, None, Shares(0), cost, None, at, reason),
        LedgerEntry(EntryKind.ADJUSTMENT, market_id, strategy, leg, shares, Usdc(-cost), None, at, reason),
    )
    doing = Doing(How.ADJUSTED, lines, (ev.Adjusted(lines, reason, at),), ())
    return _carry_out(row, by=by, reason=reason, at=at, doing=doing)


def _carry_out(row: Difference, *, by: Actor, reason: str, at: Ms, doing: Doing | None = None) -> Resolution:
    reason = reason[:TEXT_MAX]
    try:
        with transaction.atomic():
            # A shard that starts reads its entries under the same lock: it hears of this, or has read it.
            Account.objects.select_for_update().get(pk=row.account_id)
            doing = doing or _doing(row, reason, at)
            before = _sums(row)
            for sequence, entry in enumerate(doing.entries, 1):
                _written(row, entry, sequence)
            after = _sums(row)
            made = Resolution.objects.create(
                difference=row,
                account_id=row.account_id,
                key=row.key,
                how=doing.how,
                by_name=by.name,
                reason=reason,
                at_ms=at,
                settles=list(doing.settles),
                before=before,
                after=after,
                events=[codec.dump(event).decode() for event in doing.events],
            )
            outcome, what = AuditOutcome.DONE, Control.RECONCILE
            facts = after | {"how": doing.how.value, "difference": row.pk}
            risk_services.record_control(
                by, what, target=row.key, outcome=outcome, reason=reason, before=before, after=facts, at=at
            )
    except IntegrityError as error:
        raise CannotResolve(f"difference {row.pk} was resolved before") from error
    log.warning("difference resolved", key=row.key, how=doing.how, by=by.name, reason=reason)
    return made


def _doing(row: Difference, reason: str, at: Ms) -> Doing:
    """What taking over the other side's word means. Raises ``CannotResolve`` where that is not ours to do."""
    if row.resolutions.exists():
        raise CannotResolve(f"difference {row.pk} was resolved before")
    match Kind(row.kind):
        case Kind.MISSING_FILL:
            return _adopt(row, at)
        case Kind.PHANTOM_FILL:
            return _take_back(row, reason, at)
        case Kind.LOST_ORDER:
            return _close(row, at)
        case Kind.EXTERNAL_ORDER:
            raise CannotResolve(AT_THE_VENUE)
        case Kind.RESOLVED_MARKET | Kind.FIFTY_FIFTY if not row.effect:
            return _resolved(row, at)
        case _:
            entries = _adjustments(row, reason, at)
            settles = () if row.fill_id is None else (row.fill_id,)
            return Doing(How.ADJUSTED, entries, (ev.Adjusted(entries, reason, at),), settles)


def _adopt(row: Difference, at: Ms) -> Doing:
    """A fill of an order of ours: a fill row under the name it always would have had, and its entries."""
    order = Order.objects.get(account_id=row.account_id, order_id=row.order_id)
    told = dict(row.trade or {})
    shares, amount, fee = (int(told[name]) for name in ("shares", "amount", "fee"))
    fill_id, status = FillId(str(row.fill_id)), FillStatus(told["status"])
    side = Side(told["side"])
    seen = ev.FillSeen(
        fill_id=fill_id,
        key=IntentKey(order.key),
        shares=Shares(shares),
        amount=Usdc(amount),
        fee=Usdc(fee),
        status=status,
        evidence=Evidence.VENUE,
        said_ms=Ms(told["at_ms"]),
        heard_ms=at,
    )
    fill_row(seen, order).save(force_insert=True)
    sign = 1 if side is Side.BUY else -1
    kind = EntryKind.BUY if side is Side.BUY else EntryKind.SELL
    lines = [_line(row, kind, sign * shares, -sign * amount, at, fill_id=fill_id)]
    if fee:
        lines.append(_line(row, EntryKind.FEE, 0, -fee, at, fill_id=fill_id))
    return Doing(How.ADOPTED, tuple(lines), (seen, ev.Adjusted(tuple(lines), "adopted", at)), (fill_id,))


def _take_back(row: Difference, reason: str, at: Ms) -> Doing:
    """A fill that did not happen. One that may still fail fails; one that was final is adjusted away."""
    fill = Fill.objects.get(fill_id=row.fill_id)
    fill_id = FillId(fill.fill_id)
    if fill.status not in PROVISIONAL:
        entries = _adjustments(row, reason, at)
        return Doing(How.ADJUSTED, entries, (ev.Adjusted(entries, reason, at),), (fill_id,))
    booked = Entry.objects.filter(account_id=row.account_id, fill=fill).order_by("pk")
    entries = tuple(
        _line(row, EntryKind(line.kind), -line.shares, -line.usdc, at, fill_id=fill_id, note=reason)
        for line in booked
    )
    Fill.objects.filter(pk=fill.pk, status__in=PROVISIONAL).update(status=FillStatus.FAILED)
    return Doing(How.ADJUSTED, entries, (ev.FillSettled(fill_id, FillStatus.FAILED, at),), (fill_id,))


def _close(row: Difference, at: Ms) -> Doing:
    """The venue has it no more: its row is closed, and an engine that still waits for it hears so."""
    order = Order.objects.get(account_id=row.account_id, order_id=row.order_id)
    Order.objects.filter(pk=order.pk, closed_ms__isnull=True).update(
        status=Status.CANCELLED, reason="not open at the venue: reconciled", moved_ms=at, closed_ms=at
    )
    closed = ev.OrderClosed(IntentKey(order.key), CloseReason.CANCELLED, Shares(order.filled), at)
    return Doing(How.CLOSED, (), (closed,), (order.order_id,))


def _resolved(row: Difference, at: Ms) -> Doing:
    """Its shares are there and wait: the engines hear that the market is decided, and redeem."""
    market_id = MarketId(str(row.market_id))
    payout = feeds.resolutions([market_id]).get(market_id)
    if payout is None:
        raise CannotResolve("discovery has not seen the resolution yet: it looks again within minutes")
    return Doing(How.NOTED, (), (ev.MarketResolved(market_id, payout, at, at),), ())


def _adjustments(row: Difference, reason: str, at: Ms) -> tuple[LedgerEntry, ...]:
    """One line a leg, the cash that goes with it on the first; cash alone belongs to no market."""
    cash = sum(amount for market_id, _, amount in row.effect if market_id is None)
    legs = [
        (market_id, outcome, amount) for market_id, outcome, amount in row.effect if market_id is not None
    ]
    if not legs:
        return (LedgerEntry(EntryKind.ADJUSTMENT, None, None, None, Shares(0), Usdc(cash), None, at, reason),)
    lines = []
    for market_id, outcome, amount in legs:
        lines.append(
            LedgerEntry(
                EntryKind.ADJUSTMENT,
                MarketId(market_id),
                Strategy(row.strategy or Strategy.EXTERNAL),
                Outcome(outcome),
                Shares(amount),
                Usdc(cash),
                None,
                at,
                reason,
            )
        )
        cash = 0
    return tuple(lines)


def _line(
    row: Difference,
    kind: EntryKind,
    shares: int,
    usdc: int,
    at: Ms,
    *,
    fill_id: FillId,
    note: str | None = None,
) -> LedgerEntry:
    strategy = Strategy(row.strategy or Strategy.EXTERNAL)
    market_id, outcome = MarketId(str(row.market_id)), Outcome(str(row.outcome))
    return LedgerEntry(kind, market_id, strategy, outcome, Shares(shares), Usdc(usdc), fill_id, at, note)


def _written(row: Difference, entry: LedgerEntry, sequence: int) -> None:
    entry_row(entry, account_id=row.account_id, writer=f"{NAME}:{row.pk}", sequence=sequence).save(
        force_insert=True
    )


def changes_of(row: Difference) -> list[dict[str, str]]:
    """Each figure of our books that taking over the other side's word would change, now and then."""
    figures = figures_of(row.account_id)
    found = []
    for market_id, outcome, amount in row.effect:
        leg = None if market_id is None else (MarketId(market_id), Outcome(outcome))
        before = figures.get(leg, 0)
        what = "cash, USDC" if leg is None else f"{outcome} shares"
        found.append({"what": what, "before": text(before, 6), "after": text(before + amount, 6)})
    return found


def _sums(row: Difference) -> dict[str, Any]:
    """What the ledger says of cash and of the difference's leg, for the record."""
    figures = figures_of(row.account_id)
    said = {"cash": text(figures.get(None, 0), 6)}
    if row.market_id is not None and row.outcome is not None:
        held = figures.get((MarketId(row.market_id), Outcome(row.outcome)), 0)
        said |= {"market_id": row.market_id, "outcome": row.outcome, "shares": text(held, 6)}
    return said


def told_trade(found: Found) -> dict[str, Any] | None:
    """The fill that a difference is about, as it is kept."""
    trade: Traded | None = found.trade
    if trade is None:
        return None
    return {
        "side": trade.side.value,
        "shares": int(trade.shares),
        "amount": int(trade.amount),
        "fee": int(trade.fee),
        "status": trade.status.value,
        "at_ms": int(trade.at_ms),
    }
