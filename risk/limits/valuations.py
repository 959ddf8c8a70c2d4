"""What accounts are worth, kept and thinned; and the daily loss that trips the kill switch."""

from typing import Final

from django.db.models import F, Max

from core.units import Ms, Usdc, text
from infra import logs
from infra.clock import to_datetime
from risk import selectors
from risk.models import DayStart, Valuation

DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
# Younger valuations are all kept, for the curve and the trip; older ones once a minute.
KEPT_WHOLE_MS: Final = DAY_MS
# trading.md 12: three valuations in a row, 2 s apart.
TRIP_COUNT: Final = 3
TRIP_SPAN_MS: Final = 4_000
LOOK_BACK: Final = 100

log = logs.get("risk")


def record_valuation(
    *,
    account_id: int,
    at: Ms,
    cash: Usdc,
    equity: Usdc,
    realized: Usdc,
    unrealized: Usdc,
    exposure: Usdc,
    deposited: Usdc,
    marked: bool,
) -> None:
    """Keep one valuation; the first of a UTC day is kept for good as the day's start.

    Units:
        realized, deposited: since the account began; ``deposited`` is net, the start cash included.
        marked: some book was valued at an old or lowered bid.
    """
    Valuation.objects.create(
        account_id=account_id,
        at_ms=at,
        cash=cash,
        equity=equity,
        realized=realized,
        unrealized=unrealized,
        exposure=exposure,
        deposited=deposited,
        marked=marked,
    )
    day = to_datetime(at).date()
    if DayStart.objects.filter(account_id=account_id, day=day).exists():
        return
    first = DayStart(
        account_id=account_id,
        day=day,
        at_ms=at,
        equity=equity,
        realized=realized,
        unrealized=unrealized,
        deposited=deposited,
    )
    # Two shards may value the same account: the first row of the day stays.
    DayStart.objects.bulk_create([first], ignore_conflicts=True)
    _tell_day_over(first)


def _tell_day_over(end: DayStart) -> None:
    """The newest day before is over with the first valuation after it: say what it earned."""
    began = DayStart.objects.filter(account_id=end.account_id, day__lt=end.day).order_by("-day").first()
    if began is None:
        return
    total = (end.equity - end.deposited) - (began.equity - began.deposited)
    log.info(
        "day over",
        event_type="pnl_daily",
        account_id=end.account_id,
        day=began.day.isoformat(),
        total=text(total, 6),
        realized=text(end.realized - began.realized, 6),
        equity=text(end.equity, 6),
    )


def confirmed_loss(account_id: int, *, at: Ms) -> Usdc | None:
    """Today's loss that no single valuation made up: the smallest of the last ones, at least three of them over 4 s.

    ``None`` before there are so many today. Negative: a profit.
    """
    start = selectors.day_start(account_id, at=at)
    if start is None:
        return None
    recent = Valuation.objects.filter(account_id=account_id, at_ms__gte=start.at_ms, at_ms__lte=at).order_by(
        "-at_ms", "-pk"
    )[:LOOK_BACK]
    losses: list[int] = []
    newest: int | None = None
    for moment, equity, deposited in recent.values_list("at_ms", "equity", "deposited"):
        newest = moment if newest is None else newest
        losses.append((start.equity - start.deposited) - (equity - deposited))
        if len(losses) >= TRIP_COUNT and newest - moment >= TRIP_SPAN_MS:
            return Usdc(min(losses))
    return None


def trip_daily_loss(*, account_id: int, limit: Usdc, at: Ms) -> str | None:
    """Why the daily loss limit is broken, or ``None``: the confirmed loss is at or above ``limit``."""
    lost = confirmed_loss(account_id, at=at)
    if lost is None or lost < limit:
        return None
    return f"lost {text(lost, 6)} of {text(limit, 6)} USDC today, {TRIP_COUNT} valuations in a row"


def thin_valuations(*, at: Ms, batch: int) -> int:
    """Delete at most ``batch`` valuations older than a day that are not the last of their minute. How many were."""
    old = Valuation.objects.filter(at_ms__lt=at - KEPT_WHOLE_MS)
    minute = F("at_ms") / MINUTE_MS
    last_of_minute = (
        old.annotate(minute=minute).values("account_id", "minute").annotate(last=Max("pk")).values("last")
    )
    doomed = list(old.exclude(pk__in=last_of_minute).order_by("pk").values_list("pk", flat=True)[:batch])
    if not doomed:
        return 0
    deleted, _ = Valuation.objects.filter(pk__in=doomed).delete()
    return deleted
