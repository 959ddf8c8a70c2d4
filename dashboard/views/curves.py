"""Lines for the charts, as JSON."""

import json
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import RedisError

from core.units import Ms, text
from dashboard import past
from dashboard.views.frame import page
from infra import clock, logs, redis
from risk import selectors as risk

POINTS = 600
PATH_KEY = "path:{market_id}"  # list in the board database, written by the trader

log = logs.get("dashboard")


def began(range_name: str, now: datetime) -> datetime | None:
    """00:00 UTC of the day, of Monday, or of the first of the month; ``None`` for another word."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = {"day": today, "week": today - timedelta(days=today.weekday()), "month": today.replace(day=1)}
    return starts.get(range_name)


@page
def equity(request: HttpRequest) -> HttpResponse:
    """Equity since the start of the day, week or month (or the first valuation in it), and the profit by then."""
    now = clock.now_ms()
    name = request.GET.get("range", "day")
    since = began(name, clock.to_datetime(now))
    if since is None:
        return JsonResponse({"detail": "range is day, week or month"}, status=400)
    account_id = past.account_in_use()
    profits = None if account_id is None else risk.profits(account_id)
    if account_id is None or profits is None:
        return JsonResponse({"points": [], "profit": None, "equity": None})
    profit = {"day": profits.today, "week": profits.week, "month": profits.month}[name]
    first = clock.to_ms(since) if profit is None else profit.since_ms
    points = risk.equity_curve(account_id, since=first, until=now, points=POINTS)
    return JsonResponse(
        {
            # A marked valuation rests on books nobody trusted: it is kept, but it is no point of a curve.
            "points": [[point.at_ms, text(point.equity, 6)] for point in points if not point.marked],
            "profit": None if profit is None else text(profit.total, 6),
            "equity": text(profits.equity, 6),
        }
    )


@page
def market(request: HttpRequest, market_id: str) -> HttpResponse:
    """What the market's page starts from: prices as the trader sampled them, our fills, our decisions."""
    account_id = past.account_in_use()
    return JsonResponse(
        {
            "path": price_path(market_id),
            "fills": [] if account_id is None else past.fills(account_id, market_id),
            "decisions": [] if account_id is None else past.decisions(account_id, market_id),
        }
    )


def price_path(market_id: str) -> list[tuple[Ms, str | None, str | None]]:
    """Samples of (when, bid, ask), oldest first; none while Redis does not answer or nothing was sampled."""
    try:
        samples = redis.client(redis.Db.BOARD).lrange(PATH_KEY.format(market_id=market_id), 0, -1)
    except (RedisError, OSError) as error:
        log.warning("price path not read", error=str(error))
        return []
    return [tuple(json.loads(sample)) for sample in samples]
