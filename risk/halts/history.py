"""The halts there were: of everything and of single markets in one line of time, with every round and its proof."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import CharField, QuerySet, Value

from risk.halts.panel import Panel, panel
from risk.models import Halt, HaltReport, HaltRound, MarketHalt

TRADING: Final = "trading"
MARKET: Final = "market"

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class PastHalt:
    """One halt, ended or in force.

    Units:
        market_id: ``None`` when everything was halted.
        ended:     ``None`` while it is in force.
        rounds:    one for each time it was pressed, oldest first.
    """

    market_id: str | None
    code: str
    detail: str
    by: str
    began: datetime
    ended: datetime | None
    ended_by: str | None
    ended_reason: str | None
    rounds: tuple[Panel, ...]

    @property
    def proof_ms(self) -> int | None:
        """From the last press to its proof; ``None`` while it is not proven."""
        last = self.rounds[-1] if self.rounds else None
        return None if last is None or last.proven_ms is None else last.proven_ms - last.asked_ms


def halt_keys() -> QuerySet[Halt, Key]:
    """Which halts there are, newest first, as kind and primary key. Slice it: ``past_halts`` reads the rest."""
    whole = Halt.objects.order_by().values_list(Value(TRADING, CharField()), "pk", "began")
    single = MarketHalt.objects.order_by().values_list(Value(MARKET, CharField()), "pk", "began")
    return whole.union(single).order_by("-began", "-pk")


def past_halts(keys: Iterable[Key]) -> list[PastHalt]:
    """The halts of these keys, in their order."""
    wanted = [(kind, pk) for kind, pk, *_ in keys]
    halts = Halt.objects.in_bulk([pk for kind, pk in wanted if kind == TRADING])
    market_halts = MarketHalt.objects.in_bulk([pk for kind, pk in wanted if kind == MARKET])
    rounds = _rounds(list(halts), list(market_halts))
    found: list[PastHalt] = []
    for key in wanted:
        kind, pk = key
        halt = halts.get(pk) if kind == TRADING else market_halts.get(pk)
        if halt is not None:
            found.append(_past(halt, tuple(rounds.get(key, ()))))
    return found


def _past(halt: Halt | MarketHalt, rounds: tuple[Panel, ...]) -> PastHalt:
    return PastHalt(
        market_id=halt.market_id if isinstance(halt, MarketHalt) else None,
        code=halt.code,
        detail=halt.detail,
        by=halt.by_name,
        began=halt.began,
        ended=halt.ended,
        ended_by=halt.ended_by_name,
        ended_reason=halt.ended_reason,
        rounds=rounds,
    )


def _rounds(halts: list[int], market_halts: list[int]) -> dict[Key, list[Panel]]:
    """The rounds of these halts as panels. Three queries, however many there are."""
    of_all = HaltRound.objects.filter(halt_id__in=halts)
    of_one = HaltRound.objects.filter(market_halt_id__in=market_halts)
    opened = sorted([*of_all, *of_one], key=lambda each: each.number)
    reports: dict[int, list[HaltReport]] = {}
    for report in HaltReport.objects.filter(round__in=opened).order_by("runner"):
        reports.setdefault(report.round_id, []).append(report)
    found: dict[Key, list[Panel]] = {}
    for each in opened:
        found.setdefault(_key(each), []).append(panel(each, reports.get(each.pk, [])))
    return found


def _key(opened: HaltRound) -> Key:
    if opened.halt_id is not None:
        return TRADING, opened.halt_id
    assert opened.market_halt_id is not None, "a round is of one halt, the database sees to it"
    return MARKET, opened.market_halt_id
