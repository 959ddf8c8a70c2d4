"""How near the engine is to each limit, and what the calendar allows now, as rows of the board.

A limit of single markets or groups shows the one that is nearest to it. What binds is this shard's part
(``Engine.limits``); the versions people agreed to are ``risk.limits.limits``'.
"""

from collections.abc import Callable, Iterable
from typing import Final

from core.desk import Desk
from core.engine import Engine
from core.ids import Outcome
from core.limits import Limits
from core.rules.sizing import by_volatility
from core.rules.times import DAY_MS, DAYS, HOUR_MS, PEAK_HOURS, SATURDAY, is_peak, weekday
from core.units import Ms, text
from trading.board.rows import Row, micro, plain, price, short_title

SIZES: Final = ("1", "0.75", "0.5", "0.25")


def limits_row(engine: Engine, now: Ms) -> Row:
    """By limit, in the names people agree on them: how much is used, of how much, and where."""
    limits, off = engine.limits, engine.skew.off_ms(now)
    sent = sum(now - at < 1_000 for at in engine.approvals)
    return {
        "number": engine.setup.limits_number,
        "uses": {
            "daily_loss": use(micro(engine.day.lost), micro(limits.daily_loss)),
            "total_exposure": use(micro(engine.at_risk), micro(limits.total_exposure)),
            "group_exposure": fullest_group(engine, limits),
            "orders_per_second": use(plain(sent), plain(limits.orders_per_s)),
            "clock_skew_ms": use(None if off is None else plain(abs(off)), plain(limits.skew_ms)),
            **{
                name: nearest(engine, measure, micro if in_millionths else plain, of(limits))
                for name, (measure, in_millionths, of) in BY_MARKET.items()
            },
            "calm_mid_range": widest(engine, limits, now),
        },
    }


def use(used: str | None, limit: str | None, where: Row | None = None) -> Row:
    """``used`` is ``None`` while nobody knows; ``market_id`` and ``short`` say where, for a limit of one market."""
    return {"used": used, "limit": limit, "market_id": None, "short": None} | (where or {})


def in_market(engine: Engine) -> Callable[[Desk], int]:
    """What one market can still lose, what others traded in it included; as the judge counts it."""
    apart = engine.ledger.at_risk_apart
    return lambda desk: desk.at_risk() + apart(desk.pair.strategy, desk.listing.market_id)


def lead(_engine: Engine) -> Callable[[Desk], int]:
    return lambda desk: max(0, *(desk.ahead(outcome)[0] for outcome in Outcome))


def lead_cost(_engine: Engine) -> Callable[[Desk], int]:
    """Of the leg that is ahead; a balanced pair leads by nothing whatever it cost."""
    return lambda desk: max(cost if ahead > 0 else 0 for ahead, cost in map(desk.ahead, Outcome))


def open_orders(_engine: Engine) -> Callable[[Desk], int]:
    return lambda desk: len(desk.orders.open())


Measure = Callable[[Engine], Callable[[Desk], int]]
BY_MARKET: Final[dict[str, tuple[Measure, bool, Callable[[Limits], int]]]] = {
    "market_exposure": (in_market, True, lambda limits: limits.position),
    "open_orders": (open_orders, False, lambda limits: limits.open_orders),
    "leg_imbalance_usdc": (lead_cost, True, lambda limits: limits.imbalance),
    "leg_imbalance_shares": (lead, True, lambda limits: limits.imbalance_shares),
}


def nearest(engine: Engine, measure: Measure, shown: Callable[[int | None], str | None], limit: int) -> Row:
    """The market that uses most of a limit; nothing is used while none is listed."""
    found = measured(engine.desks.values(), measure(engine))
    if found is None or found[0] == 0:
        return use(shown(0), shown(limit))
    return use(shown(found[0]), shown(limit), place(found[1]))


def measured(desks: Iterable[Desk], measure: Callable[[Desk], int]) -> tuple[int, Desk] | None:
    return max(((measure(desk), desk) for desk in desks), key=lambda found: found[0], default=None)


def fullest_group(engine: Engine, limits: Limits) -> Row:
    """The group with most at risk; ``short`` is its name."""
    groups = sorted({desk.listing.group for desk in engine.desks.values()})
    risks = [(engine.at_risk_with(group)[0], group) for group in groups]
    most = max(risks, default=None)
    if most is None or most[0] == 0:
        return use(micro(0), micro(limits.group))
    return use(micro(most[0]), micro(limits.group), {"short": str(most[1])})


def widest(engine: Engine, limits: Limits, now: Ms) -> Row:
    """The market whose mid moved most; its orders are cut down most."""
    widths = [
        (width, desk)
        for desk in engine.desks.values()
        if desk.payout is None and (width := desk.mid_range.width(now)) is not None
    ]
    most = max(widths, key=lambda found: found[0], default=None)
    if most is None:
        return use(None, price(limits.calm))
    return use(price(most[0]), price(limits.calm), place(most[1]))


def place(desk: Desk) -> Row:
    return {"market_id": desk.listing.market_id, "short": short_title(desk)}


def times_row(engine: Engine, now: Ms) -> Row:
    """What the calendar and the markets' calm leave of an opening order. ``turns_ms``: when the peak begins or ends.

    ``sizes`` counts the markets by the part of its size that volatility leaves an order.
    """
    day = weekday(now)
    sizes = dict.fromkeys(SIZES, 0)
    for desk in engine.desks.values():
        if desk.payout is None:
            sizes[text(by_volatility(desk.mid_range.width(now), engine.limits.calm), 6)] += 1
    return {
        "peak": is_peak(now),
        "turns_ms": next_turn(now),
        "day": DAYS[day],
        "weekend": day >= SATURDAY,
        "opens": day < SATURDAY or engine.limits.weekend_trading,
        "sizes": sizes,
    }


def next_turn(now: Ms) -> Ms:
    """When the next peak hours begin, or those that run end."""
    midnight = now - now % DAY_MS
    turns = sorted(hour * HOUR_MS for hours in PEAK_HOURS for hour in hours)
    today = [midnight + turn for turn in turns if midnight + turn > now]
    return Ms(today[0] if today else midnight + DAY_MS + turns[0])
