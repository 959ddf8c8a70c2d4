"""``make prove-halt``: halts under load and while something is broken; the simulated venue's own log is the witness.

The default takes some six minutes; ``FULL=1`` plays 200 halts and more pairs of operators.
"""

import os
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from statistics import median
from typing import Final

from bench.claims import Proof
from bench.halts import loss, operators, outages, rounds
from bench.halts.loss import LIMIT, Loss
from bench.halts.operators import SLOW_MS, Operators
from bench.halts.outages import LATEST_MS, Outage
from bench.halts.rounds import STOPPED_MS, Rounds, percentile
from bench.halts.stand import standing
from bench.timing import machine
from tests.servers import postgres_server

FULL: Final = os.environ.get("FULL") == "1"
HALTS: Final = 200 if FULL else 25
PAIRS: Final = 40 if FULL else 4
MARKETS_MIN: Final = 40  # of fifty listed, those that decided something meanwhile
LAST_ORDER_MS: Final = 100
PROVEN_MS: Final = 4_000
ENDED_WITHIN_MS: Final = 10_000  # of the clock, which runs fast: the watchdog looks each real second


def prove(proof: Proof) -> None:
    with ThreadPoolExecutor(1) as beside:
        with standing() as stand:
            say_rounds(proof, rounds.play(stand, HALTS))
            # Nothing is timed to the millisecond from here on: the day's loss is played beside.
            losing: Future[Loss] = beside.submit(loss.lose)
            say_outage(proof, "Redis hangs", outages.redis_hangs(stand), proves_itself=True)
            say_outage(proof, "SQLite locked by another process", outages.sqlite_locked(stand), kept=True)
            say_outage(proof, "the venue answers 5xx", outages.venue_fails(stand))
            say_outage(proof, "the trader hangs (SIGSTOP)", outages.trader_hangs(stand), by_ops=True)
            hung = outages.trader_hangs_with_the_lock(stand)
            say_outage(proof, "the trader hangs in the middle of a write to SQLite", hung, kept=True)
            say_operators(proof, "SQLite", operators.press(stand, PAIRS))
        with postgres_server() as server, standing(DATABASE_URL=server.url) as stand:
            say_outage(proof, "PostgreSQL stopped", outages.database_stopped(stand, server), kept=True)
            say_operators(proof, "PostgreSQL", operators.press(stand, PAIRS, server.url))
        say_loss(proof, losing.result())


def say_rounds(proof: Proof, found: Rounds) -> None:
    told = f"{found.markets} markets, {median(found.open_before):.0f} orders open at the median"
    loaded = found.markets >= MARKETS_MIN and median(found.open_before) > 0
    last, proven = found.last_order_ms, found.proven_ms
    proof.say(f"{HALTS} halts under load: from request to last order on the wire",
              f"p50 {percentile(last, 50)} ms, p99 {percentile(last, 99)} ms, {sum(map(bool, last))} had one ({told})",
              f"p99 below {LAST_ORDER_MS} ms",
              holds=percentile(last, 99) < LAST_ORDER_MS if loaded else None)  # fmt: skip
    sound = bool(proven) and percentile(proven, 99) < PROVEN_MS and not found.unproven and not found.left_open
    figures = "none" if not proven else f"p50 {percentile(proven, 50)} ms, p99 {percentile(proven, 99)} ms"
    proof.say(f"{HALTS} halts under load: to proven zero open orders",
              f"{figures}, {found.unproven} unproven, {found.left_open} orders open at a proof",
              f"p99 below {PROVEN_MS} ms, none unproven, none open", holds=sound)  # fmt: skip
    late = f" (ms after the press, and after its answer: {found.late_ms})" if found.late_ms else ""
    proof.say(f"orders sent while halted, by the venue's log ({STOPPED_MS} ms after the press until the reset)",
              f"{len(found.late_ms)} in {HALTS} halts{late}, {found.stuck} times no trading afterwards", "0, 0",
              holds=not found.late_ms and not found.stuck)  # fmt: skip


def say_outage(
    proof: Proof,
    what: str,
    found: Outage,
    *,
    kept: bool = False,
    by_ops: bool = False,
    proves_itself: bool = False,
) -> None:
    """``kept``: the press cannot be a row meanwhile; ``by_ops``: ops must act; ``proves_itself``: in spite of it."""
    gone = "never" if found.gone_ms is None else f"{found.gone_ms / 1000:.1f} s"
    figure = (
        f"{found.late} orders after {LATEST_MS // 1000} s (the last after {found.last_ms} ms), of {found.open_before} "
        f"open none after {gone}; {_reported(found, kept=kept, by_ops=by_ops)}; "
        f"{'trades again' if found.on_again else 'DOES NOT TRADE AGAIN'}"
    )
    sound = not found.late and not found.left_open and found.on_again and found.proven_ms is not None
    report = found.report
    if kept:
        sound = sound and found.pressed.status == 202 and found.rows == (1, 1)
    else:
        ours = report is not None and report.proven_ms is not None
        sound = sound and report is not None and ours is (by_ops or proves_itself)
    bar = "0, none open, the report says what is not proven, trades again"
    proof.say(f"{what}: nothing leaves after 3 s", figure, bar, holds=sound if found.open_before else None)


def _reported(found: Outage, *, kept: bool, by_ops: bool) -> str:
    after = "never" if found.proven_ms is None else f"{found.proven_ms / 1000:.1f} s after the press"
    if kept:
        rows, audits = found.rows
        told = f"answered {found.pressed.status} in {found.pressed.answered_ms - found.pressed.at_ms} ms: "
        told += f"{'; '.join([*found.pressed.words, *found.said])!r}; "
        return told + (
            f"{rows} row and {audits} audit line {found.recorded_ms} ms after the repair, its time {found.shifted_ms} "
            f"ms from the press; proven {after}"
        )
    report = found.report
    if report is None:
        return "nothing reported"
    if by_ops:
        ops = None if report.proven_ms is None else report.proven_ms - found.pressed.at_ms
        did = f"ops cancelled {report.cancelled} of {report.orders_open}, proven by itself after {ops} ms"
        return f"{did}; the runner's proof {after}"
    if report.proven_ms is not None:
        return f"proven all the same {after}"
    return f"unproven, {report.unknown_left} ids named: {report.note!r}; proven {after}"


def say_operators(proof: Proof, database: str, found: Operators) -> None:
    chain = found.chain
    wrong = [*found.wrong, *chain.get("wrong", [])]
    made, won = sorted(set(found.halts_made)), sorted(set(found.resets_won))
    figure = (
        f"{found.pairs} pairs each: halts made {made}, resets let {won}, slowest answer {found.slowest_ms} ms, "
        f"{chain.get('rows')} links, {len(wrong)} wrong"
    )
    figure += f" ({'; '.join(map(str, wrong[:3]))})" if wrong else ""
    one_each = set(found.halts_made) == {1} and set(found.resets_won) == {1}
    proof.say(f"two operators at once on {database}", figure,
              f"one winner each, no answer above {SLOW_MS} ms, a chain without gaps",
              holds=one_each and not wrong and found.slowest_ms < SLOW_MS)  # fmt: skip


def say_loss(proof: Proof, found: Loss) -> None:
    seen = found.phantom_valuations
    proof.say("a phantom of one valuation or two does not trip the switch",
              f"{found.phantom_worst / 1e6:.2f} USDC gone for {seen} valuations, tripped: {found.phantom_tripped}",
              f"at least {LIMIT / 1e6:.0f} USDC, not tripped",
              holds=not found.phantom_tripped if seen in (1, 2) else None)  # fmt: skip
    tripped = found.confirmed >= 3
    proof.say("a daily loss of 200 trips it after three confirmations",
              found.trouble or f"{found.detail} (over {found.confirmed_span_ms} ms of the clock)",
              "3 in a row, 2 s apart", holds=tripped and found.confirmed_span_ms >= 4_000)  # fmt: skip
    proof.say("it survives kill -9 of every process", f"{found.killed} killed, then: {found.after_kill}",
              "daily_loss_exceeded",
              holds=found.after_kill == "daily_loss_exceeded" if found.killed else None)  # fmt: skip
    ended = found.ended_after_ms
    proof.say("it ends at 00:00 UTC by itself",
              f"by {found.ended_by} {ended} ms after midnight, {found.while_halted} orders written meanwhile",
              f"within {ENDED_WITHIN_MS} ms, 0",
              holds=ended is not None and 0 <= ended <= ENDED_WITHIN_MS and not found.while_halted)  # fmt: skip


def main() -> None:
    began = time.monotonic()
    proof = Proof("halt")
    prove(proof)
    facts = {
        "machine": machine(),
        "full": FULL,
        "halts": HALTS,
        "pairs": PAIRS,
        "took_s": round(time.monotonic() - began),
    }
    sys.exit(proof.end(facts))


if __name__ == "__main__":
    main()
