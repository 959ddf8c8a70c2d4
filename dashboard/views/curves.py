"""Lines for the charts, as JSON."""

import json
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import RedisError

from core.units import Ms, text
from dashboard.views.frame import page
from infra import clock, logs, redis
from risk import selectors as risk
from trading import selectors as trading
from trading.selectors import account_of

POINTS = 600
FILLS = 200
PATH_KEY = "path:{market_id}"  # list in the board database, written by the trader

log = logs.get("dashboard")


def began(range_name: str, now: datetime) -> datetime | None:
    """00:00 UTC of the day, of Monday, or of the first of the month; ``None`` for another word."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = {"day": today, "week": today - timedelta(days=today.weekday()), "month": today.replace(day=1)}
    return starts.get(range_name)


@page
def equity(request: HttpRequest) -> HttpResponse:
    """Equity since the start of the day, week or month, and the profit by then."""
    now = clock.now_ms()
    since = began(request.GET.get("range", "day"), clock.to_datetime(now))
    if since is None:
        return JsonResponse({"detail": "range is day, week or month"}, status=400)
    account = account_of(mode=settings.POLYLOLY.mode, start_cash=settings.POLYLOLY.start_cash)
    if account is None:
        return JsonResponse({"points": [], "profit": None, "equity": None})
    points = risk.equity_curve(account.pk, since=clock.to_ms(since), until=now, points=POINTS)
    profits = risk.profits(account.pk)
    spans = {} if profits is None else {"day": profits.today, "week": profits.week, "month": profits.month}
    profit = spans.get(request.GET.get("range", "day"))
    return JsonResponse(
        {
            "points": [[point.at_ms, text(point.equity, 6)] for point in points],
            "profit": None if profit is None else text(profit.total, 6),
            "equity": None if profits is None else text(profits.equity, 6),
        }
    )


@page
def market(request: HttpRequest, market_id: str) -> HttpResponse:
    """Bid and ask of the last hour as the trader sampled them, and our fills."""
    account = account_of(mode=settings.POLYLOLY.mode, start_cash=settings.POLYLOLY.start_cash)
    fills = [] if account is None else trading.fills(account.pk).filter(market_id=market_id)[:FILLS]
    return JsonResponse(
        {
            "path": price_path(market_id),
            "fills": [
                {
                    "at_ms": fill.heard_ms,
                    "outcome": fill.outcome,
                    "side": fill.side,
                    "price": fill.price,
                    "shares": text(fill.shares, 6),
                }
                for fill in fills
            ],
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
