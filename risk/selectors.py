"""Everything that may be asked of risk. Reads only; safe from any app."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db import connection
from django.db.models import F, Max, Min, OuterRef, QuerySet, Subquery

from core.units import Ms, Usdc
from infra.clock import now_ms, to_datetime, to_ms
from risk.access.people import RANK, Role, holders
from risk.arming import armings
from risk.arming.armings import ArmingInForce as ArmingInForce
from risk.arming.armings import armed_here as armed_here
from risk.arming.armings import arming_in_force as arming_in_force
from risk.arming.armings import disarmed_ms as disarmed_ms
from risk.arming.armings import is_armed as is_armed
from risk.arming.armings import limits_were_agreed as limits_were_agreed
from risk.halts import obeyed
from risk.halts.history import halt_keys as halt_keys
from risk.halts.history import past_halts as past_halts
from risk.halts.panel import Panel, panel
from risk.halts.wishes import Wish, kept
from risk.incidents.timeline import incident as incident
from risk.incidents.timeline import incidents as incidents
from risk.incidents.timeline import open_incidents as open_incidents
from risk.limits.breakers import breaker_rows as breaker_rows
from risk.limits.breakers import breakers_in_force as breakers_in_force
from risk.limits.breakers import resumed_breakers as resumed_breakers
from risk.limits.budgets import Dealt as Dealt
from risk.limits.budgets import budget_of as budget_of
from risk.limits.limits import Agreed as Agreed
from risk.models import Alert, Audit, DayStart, Halt, HaltReport, HaltRound, MarketHalt, Valuation

DAY_MS: Final = 86_400_000
ALERTS_MAX: Final = 100
STOPS: Final = """
    SELECT 'trading', NULL, code FROM risk_halt WHERE ended IS NULL
    UNION ALL SELECT 'market', market_id, code FROM risk_markethalt WHERE ended IS NULL
"""

KeptHalt = Wish


@dataclass(frozen=True, slots=True)
class HaltInForce:
    """A halt nobody ended yet, with its newest round: the one the runners owe an answer to.

    market_id: ``None`` when everything is halted.
    pressed:   how often it was asked for; a new number is a new round.
    expected:  the runners enlisted when the round began.
    """

    halt_id: int
    round_id: int
    market_id: str | None
    code: str
    detail: str
    by: str
    began_ms: Ms
    asked_ms: Ms
    pressed: int
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """The last valuation of one stretch of time and the lowest in it. ``profit`` is equity minus deposits."""

    at_ms: Ms
    equity: Usdc
    profit: Usdc
    low: Usdc
    marked: bool


@dataclass(frozen=True, slots=True)
class Profit:
    """What was earned since ``since_ms``, deposits left out."""

    since_ms: Ms
    total: Usdc
    realized: Usdc
    unrealized: Usdc


@dataclass(frozen=True, slots=True)
class Profits:
    """By day (00:00 UTC), week (Monday) and calendar month; ``None`` before the first valuation."""

    valued_ms: Ms
    equity: Usdc
    today: Profit | None
    week: Profit | None
    month: Profit | None


def in_force(halt: Halt | MarketHalt, opened: HaltRound) -> HaltInForce:
    return HaltInForce(
        halt_id=halt.pk,
        round_id=opened.pk,
        market_id=halt.market_id if isinstance(halt, MarketHalt) else None,
        code=halt.code,
        detail=halt.detail,
        by=halt.by_name,
        began_ms=to_ms(halt.began),
        asked_ms=to_ms(opened.asked),
        pressed=opened.number,
        expected=tuple(opened.expected),
    )


def halt_in_force() -> HaltInForce | None:
    """The halt of everything, if any. One query; runners ask each second."""
    rounds = HaltRound.objects.filter(halt__ended__isnull=True, halt__isnull=False)
    opened = rounds.select_related("halt").order_by("-number").first()
    if opened is None:
        return None
    assert opened.halt is not None, "the query asked for it"
    return in_force(opened.halt, opened)


def kept_halts() -> list[KeptHalt]:
    """Halts that the database did not take, from this machine's disk and from Redis. Never raises."""
    return kept()


def not_recorded(halts: Sequence[KeptHalt]) -> list[KeptHalt]:
    """Those of ``kept_halts`` that are no rows yet. No query where nothing is kept."""
    if not halts:
        return []
    names = [halt.wish_id for halt in halts]
    rows = set(HaltRound.objects.filter(wish__in=names).values_list("wish", flat=True))
    return [halt for halt in halts if halt.wish_id not in rows]


def market_halts() -> dict[str, HaltInForce]:
    """The halted markets by id. One query."""
    rounds = HaltRound.objects.filter(market_halt__ended__isnull=True, market_halt__isnull=False)
    newest = rounds.filter(number=F("market_halt__pressed")).select_related("market_halt")
    found = {}
    for opened in newest.order_by("market_halt__began"):
        assert opened.market_halt is not None, "the query asked for it"
        found[opened.market_halt.market_id] = in_force(opened.market_halt, opened)
    return found


def stops() -> dict[str | None, str]:
    """The codes of the halts that forbid sending an order now, by market, ``None`` for everything.

    One query in plain SQL: the writer of an order's row waits for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(STOPS)
        return {market_id: f"{kind}: {code}" for kind, market_id, code in cursor.fetchall()}


def stop_for(market_id: str) -> str | None:
    """The code of a halt that forbids sending an order in this market now."""
    found = stops()
    return found.get(None) or found.get(market_id)


def halt_panels() -> tuple[Panel | None, dict[str, Panel]]:
    """How far each halt in force is: of everything, and by market id."""
    halt = halt_in_force()
    markets = market_halts()
    found = {each.round_id: each for each in (halt, *markets.values()) if each is not None}
    rounds = HaltRound.objects.filter(pk__in=found).in_bulk()
    reports: dict[int, list[HaltReport]] = {pk: [] for pk in found}
    for report in HaltReport.objects.filter(round_id__in=found).order_by("runner"):
        reports[report.round_id].append(report)
    panels = {pk: panel(opened, reports[pk]) for pk, opened in rounds.items()}
    whole = None if halt is None else panels.get(halt.round_id)
    return whole, {name: panels[each.round_id] for name, each in markets.items() if each.round_id in panels}


def control() -> dict[str, object]:
    """The control state as the console shows it: JSON values only; the consumer adds what its user may do.

    ``recorded`` is false while a halt of everything is in force that the database has not taken yet.
    """
    halt, markets = halt_in_force(), market_halts()
    whole, by_market = halt_panels()
    waiting = not_recorded(kept_halts())
    unwritten = next((kept for kept in waiting if kept.market_id is None), None) if halt is None else None
    stopped = [
        _stopped(each, by_market[name].as_json() if name in by_market else None)
        for name, each in markets.items()
    ]
    stopped += [
        _stopped(kept, _unwritten(kept)) for kept in waiting if kept.market_id not in (None, *markets)
    ]
    state: dict[str, object] = {"recorded": unwritten is None, "halt": None, "report": None}
    state["arming"] = armings.state(at=now_ms())
    if halt is not None:
        state["halt"] = {"id": halt.halt_id, "pressed": halt.pressed, **_told(halt)}
        state["report"] = None if whole is None else {"halt_id": halt.halt_id, **whole.as_json()}
    elif unwritten is not None:
        state["halt"] = {"id": None, "pressed": 0, **_told(unwritten)}
        state["report"] = {"halt_id": None, **_unwritten(unwritten)}
    return {**state, "market_halts": stopped}


def _told(halt: HaltInForce | KeptHalt) -> dict[str, object]:
    began_ms = halt.began_ms if isinstance(halt, HaltInForce) else halt.at_ms
    return {"reason": halt.code, "detail": halt.detail, "by": halt.by, "began_ms": began_ms}


def _stopped(halt: HaltInForce | KeptHalt, report: dict[str, object] | None) -> dict[str, object]:
    return {"market_id": halt.market_id, **_told(halt), "report": report}


def _unwritten(kept: KeptHalt) -> dict[str, object]:
    """The report of a halt without a row: nothing is proven before there is one."""
    words = "not recorded yet: the database has not taken it; the runners obey it all the same"
    unproven = [words, *obeyed.sentences(kept.wish_id)]
    return {"round": 0, "asked_ms": kept.at_ms, "steps": [], "proven_ms": None, "unproven": unproven}


def day_starts(account_id: int) -> QuerySet[DayStart]:
    """The first valuation of each day there was, the oldest first."""
    return DayStart.objects.filter(account_id=account_id).order_by("day")


def day_start(account_id: int, *, at: Ms) -> DayStart | None:
    """The first valuation of the UTC day of ``at``, ``None`` before it was made."""
    return DayStart.objects.filter(account_id=account_id, day=to_datetime(at).date()).first()


def latest_valuation(account_id: int) -> Valuation | None:
    return Valuation.objects.filter(account_id=account_id).order_by("-at_ms", "-pk").first()


def account_valued_last() -> int | None:
    """The account the running trader values; ``None`` before any was valued."""
    return Valuation.objects.order_by("-pk").values_list("account_id", flat=True).first()


def valued_accounts(*, since: Ms) -> list[int]:
    """Accounts that were valued since ``since``: those a runner is working on."""
    ids = Valuation.objects.filter(at_ms__gte=since).order_by("account_id")
    return list(ids.values_list("account_id", flat=True).distinct())


def profits(account_id: int) -> Profits | None:
    """P&L of today, this week and this month as of the newest valuation; ``None`` without one."""
    newest = latest_valuation(account_id)
    if newest is None:
        return None
    today = to_datetime(newest.at_ms).date()
    monday = today - timedelta(days=today.weekday())
    since = [_profit(newest, first, today) for first in (today, monday, today.replace(day=1))]
    return Profits(Ms(newest.at_ms), Usdc(newest.equity), *since)


def _profit(newest: Valuation, first: date, last: date) -> Profit | None:
    starts = DayStart.objects.filter(account_id=newest.account_id, day__gte=first, day__lte=last)
    start = starts.order_by("day").first()
    if start is None:
        return None
    total = (newest.equity - newest.deposited) - (start.equity - start.deposited)
    return Profit(
        since_ms=Ms(start.at_ms),
        total=Usdc(total),
        realized=Usdc(newest.realized - start.realized),
        unrealized=Usdc(newest.unrealized - start.unrealized),
    )


def equity_curve(account_id: int, *, since: Ms, until: Ms, points: int) -> list[EquityPoint]:
    """The account's equity from ``since`` to ``until`` in at most ``points`` + 1 points, oldest first."""
    assert points > 0, "a curve has points"
    span = max(1, -(-(until - since) // points))
    within = Valuation.objects.filter(account_id=account_id, at_ms__gte=since, at_ms__lte=until)
    buckets = (
        within.annotate(bucket=F("at_ms") / span)
        .values("bucket")
        .annotate(last=Max("pk"), low=Min("equity"))
        .order_by("bucket")
    )
    found = {row["last"]: row["low"] for row in buckets}
    rows = Valuation.objects.filter(pk__in=list(found)).order_by("at_ms", "pk")
    return [
        EquityPoint(
            Ms(row.at_ms), Usdc(row.equity), Usdc(row.equity - row.deposited), Usdc(found[row.pk]), row.marked
        )
        for row in rows
    ]


def risk_admins() -> list[str]:
    """Whom to ask for a role: the names of those who may log in as risk admin."""
    return list(holders(Role.RISK_ADMIN).order_by("username").values_list("username", flat=True))


def names_by_role() -> dict[Role, list[str]]:
    """The names of those who may log in with each role or a higher one. One query."""
    found: dict[Role, set[str]] = {role: set() for role in Role}
    people = holders(Role.VIEWER).values_list("username", "is_superuser", "groups__name")
    for name, is_superuser, group in people:
        for role in Role:
            if is_superuser or (group in RANK and RANK[Role(group)] >= RANK[role]):
                found[role].add(name)
    return {role: sorted(names) for role, names in found.items()}


def audit_rows() -> QuerySet[Audit]:
    """The record, newest first."""
    return Audit.objects.order_by("-pk")


def controls_used() -> list[str]:
    """Every control the record names, by its word, in alphabetical order."""
    return list(Audit.objects.order_by("what").values_list("what", flat=True).distinct())


def halt_rows() -> QuerySet[Halt]:
    """Every halt of everything there was, newest first, each with when its last round was proven (or not)."""
    return Halt.objects.order_by("-pk").annotate(proven=_proven("round__halt"))


def market_halt_rows() -> QuerySet[MarketHalt]:
    """The same for single markets."""
    return MarketHalt.objects.order_by("-pk").annotate(proven=_proven("round__market_halt"))


def _proven(owner: str) -> Subquery:
    newest = HaltReport.objects.filter(**{owner: OuterRef("pk")}).order_by(
        "-round__number", F("proven").desc(nulls_first=True)
    )
    return Subquery(newest.values("proven")[:1])


def alerts_in_force() -> list[Alert]:
    """What needs a person, the gravest first."""
    return list(Alert.objects.filter(ended__isnull=True).order_by("severity", "-began")[:ALERTS_MAX])
