"""Ops withdraws everything by its own hand when no runner answers a halt within two seconds (trading.md 12).

A trader may be killed, or hang and know nothing of it. What ops does is told in a report of its own, under the name
``ops``, with its own proof: it says what rests at the venue, not that a runner which hangs has stopped. Whoever owes an
answer still owes it.

A trader that hangs may hold the database's lock: then the press is no row, and there is no report to write. Ops acts
all the same, and says in Redis what it did.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from django.db import close_old_connections
from redis import RedisError

from infra import clock, logs, loops
from infra.redis import Db, quick_client
from risk import selectors, venue
from risk.halts import obeyed, proof, wishes
from risk.halts.panel import ANSWER_WITHIN_MS, OPS, waited_ms
from risk.halts.wishes import Wish
from risk.models import HaltReport, HaltRound
from risk.venue import Withdrawn

ROUNDS_AT_ONCE: Final = 20

log = logs.get("watchdog")


class Rescue:
    """One a process. ``look`` each second; the venue is asked on a thread of its own, one question at a time."""

    def __init__(self) -> None:
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="withdrawing")
        self._acting: Future[None] | None = None
        self._found: dict[int, int] = {}  # by round: how many orders were open when we first looked
        self._found_of_kept: dict[str, int] = {}  # the same by wish

    def look(self) -> None:
        """Act where nobody answered and we have not proven it yet. Returns at once."""
        if self._acting is not None:
            if not self._acting.done():
                return
            acted, self._acting = self._acting, None
            acted.result()
        kept = unheeded(wishes.kept())
        if kept:
            self._acting = self._hand.submit(self._act_on_kept, kept)
            return
        waiting = unanswered()
        if waiting:
            self._acting = self._hand.submit(self._act, waiting[:ROUNDS_AT_ONCE])

    def _act_on_kept(self, kept: list[Wish]) -> None:
        """Withdraw what rests at the venue, as often as is looked, until somebody obeys or there is a row."""
        if venue.links.withdraw is None:
            return
        for wanted in kept:
            done = venue.links.withdraw(wanted.market_id)
            found = self._found_of_kept.setdefault(wanted.wish_id, done.found)
            left = "it does not answer" if done.still_open is None else f"{len(done.still_open)} open"
            words = done.note or f"withdrew by itself at the venue, {found} found, then {left}"
            if obeyed.said(wanted.wish_id).get(OPS) != words:
                log.error("no runner obeys a kept halt", event_type="error", wish=wanted.wish_id, words=words)
                obeyed.say(wanted.wish_id, OPS, words)

    def _act(self, rounds: list[HaltRound]) -> None:
        close_old_connections()
        # What stops everything withdraws what a market's halt would.
        for opened in sorted(rounds, key=lambda each: each.market_halt_id is not None):
            self._withdraw(opened)

    def _withdraw(self, opened: HaltRound) -> None:
        if venue.links.withdraw is None:
            return
        market_id = None if opened.market_halt is None else opened.market_halt.market_id
        done = venue.links.withdraw(market_id)
        at = clock.now_ms()
        if opened.pk not in self._found:
            self._found[opened.pk] = done.found
            proof.acknowledge_halt(
                round_id=opened.pk,
                runner=OPS,
                at=at,
                orders_open=done.found,
                last_sent_at=done.last_sent,
                provable_from=done.provable_from,
            )
            log.error(
                "no runner answered a halt, orders withdrawn",
                event_type="error",
                market_id=market_id,
                found=done.found,
                round=opened.pk,
            )
        proof.step_halt_report(
            round_id=opened.pk,
            runner=OPS,
            at=at,
            cancelled=self._cancelled(opened, done),
            still_open=done.still_open,
            unknown=done.unknown,
            note=done.note,
        )
        proof.prove_halt(round_id=opened.pk, runner=OPS, at=at)

    def _cancelled(self, opened: HaltRound, done: Withdrawn) -> int:
        left = self._found[opened.pk] if done.still_open is None else len(done.still_open)
        return max(0, self._found[opened.pk] - left)


def unheeded(kept: Sequence[Wish]) -> list[Wish]:
    """Kept halts that no runner has said it obeys within two real seconds. All of them while Redis does not say."""
    now = clock.now_ms()
    old = [wanted for wanted in kept if (now - wanted.at_ms) / clock.speed() >= ANSWER_WITHIN_MS]
    return [wanted for wanted in old if not obeyed.said(wanted.wish_id).keys() - {OPS}]


def unanswered() -> list[HaltRound]:
    """Rounds in force that some runner owes an answer to for two real seconds, and that ops has not proven.

    A runner that answered and then fell silent before its proof owes one again. One market is one runner's: of its
    halt any answer is the answer.
    """
    halts = [selectors.halt_in_force(), *selectors.market_halts().values()]
    rounds = HaltRound.objects.filter(pk__in=[halt.round_id for halt in halts if halt is not None])
    late = [
        opened for opened in rounds.select_related("market_halt") if waited_ms(opened) >= ANSWER_WITHIN_MS
    ]
    if not late:
        return []
    reports: dict[int, list[HaltReport]] = {opened.pk: [] for opened in late}
    for report in HaltReport.objects.filter(round__in=late):
        reports[report.round_id].append(report)
    dark = _dark({each.runner for found in reports.values() for each in found if each.proven is None} - {OPS})
    return [opened for opened in late if _needs_us(opened, reports[opened.pk], dark)]


def _needs_us(opened: HaltRound, reports: list[HaltReport], dark: set[str]) -> bool:
    if any(report.runner == OPS and report.proven is not None for report in reports):
        return False
    answered = {report.runner for report in reports if report.proven is not None or report.runner not in dark}
    if opened.market_halt_id is not None:
        return not answered - {OPS} and bool(opened.expected)
    return bool(set(opened.expected) - answered)


def _dark(runners: set[str]) -> set[str]:
    """Those whose loop does not turn any more; none while Redis does not say."""
    names = sorted(runners)
    if not names:
        return set()
    try:
        lit = quick_client(Db.BUS).mget([loops.pulse_key(name) for name in names])
    except (RedisError, OSError) as error:
        log.warning("lights of the runners not read", error=str(error))
        return set()
    return {name for name, light in zip(names, lit, strict=True) if light is None}
