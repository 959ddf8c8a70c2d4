"""Two operators who press at once, again and again: halt and halt, halt and reset, reset and reset.

``python -m bench.halts.operators`` in a stack's environment checks the chain of what they left behind.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from bench.halts.stand import Pressed, Stand
from bench.rehearsal.runs import ROOT, environment

SLOW_MS: Final = 5_000  # longer than this is a lock that somebody waited for
CHECK_S: Final = 60.0


@dataclass(slots=True)
class Operators:
    """Units:
    halts_made: of two who halted at once, how many halts there were; one each time.
    resets_won: of two who reset at once, how many were let; one each time.
    wrong:      in words, what must not be.
    """

    pairs: int = 0
    slowest_ms: int = 0
    halts_made: list[int] = field(default_factory=list)
    resets_won: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    chain: dict[str, Any] = field(default_factory=dict)


def press(stand: Stand, pairs: int, database_url: str | None = None) -> Operators:
    found = Operators(pairs=pairs)
    for number in range(pairs):
        _one_pair(stand, found, number)
    if stand.halted():
        _goes_on(stand, found)
    found.chain = chain(stand, database_url)
    return found


def _one_pair(stand: Stand, found: Operators, number: int) -> None:
    before = _halts(stand)
    two = at_once(lambda: stand.halt(f"{number} one"), lambda: stand.halt(f"{number} two"))
    _note(found, two, {200})
    found.halts_made.append(_halts(stand) - before)
    both = at_once(lambda: stand.reset(f"{number} one"), lambda: stand.reset(f"{number} two"))
    _note(found, both, {200, 409})
    found.resets_won.append(sum(each.status == 200 for each in both))
    if stand.halted():
        _goes_on(stand, found)
    stand.halt(f"{number} before")
    mixed = at_once(lambda: stand.halt(f"{number} halt"), lambda: stand.reset(f"{number} reset"))
    _note(found, mixed, {200, 409})
    # Whoever was later has the last word, and the rows say the same as the answers.
    if mixed[0].status != 200:
        found.wrong.append(f"a halt was refused: {mixed[0].status} {mixed[0].body}")
    if stand.halted():
        _goes_on(stand, found)


def _goes_on(stand: Stand, found: Operators) -> None:
    if not stand.goes_on():
        found.wrong.append("no trading after a reset")


def _halts(stand: Stand) -> int:
    return int(stand.ask("SELECT count(*) FROM risk_halt")[0][0])


def _note(found: Operators, answers: list[Pressed], allowed: set[int]) -> None:
    for each in answers:
        found.slowest_ms = max(found.slowest_ms, each.answered_ms - each.at_ms)
        if each.status not in allowed:
            found.wrong.append(f"{each.status}: {each.body.get('detail')}")


def at_once(*acts: Callable[[], Pressed]) -> list[Pressed]:
    """Each on a thread of its own, begun together."""
    start = threading.Barrier(len(acts))
    answers: dict[int, Pressed] = {}

    def run(number: int, act: Callable[[], Pressed]) -> None:
        start.wait()
        answers[number] = act()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answers[number] for number in range(len(acts))]


def chain(stand: Stand, database_url: str | None) -> dict[str, Any]:
    """Every link of the audit, checked by a process of its own."""
    told = environment(stand.stack.state, **({} if database_url is None else {"DATABASE_URL": database_url}))
    command = [sys.executable, "-m", "bench.halts.operators"]
    checked = subprocess.run(
        command, cwd=ROOT, env=told, capture_output=True, text=True, timeout=CHECK_S, check=False
    )
    if checked.returncode:
        return {"rows": 0, "wrong": [checked.stderr[-300:]]}
    return dict(json.loads(checked.stdout))


def main() -> None:
    import django

    django.setup()
    from infra.clock import to_ms
    from risk.audit.chain import FIELDS, GENESIS, digest
    from risk.models import Audit

    wrong, before, rows = [], GENESIS, 0
    for rows, row in enumerate(Audit.objects.order_by("number").iterator(), 1):
        link = {name: getattr(row, name) for name in FIELDS} | {"at": to_ms(row.at)}
        if row.number != rows:
            wrong.append(f"number {row.number} is in place {rows}")
        if row.before_digest != before or digest(link) != row.digest:
            wrong.append(f"link {row.number} does not follow")
        before = row.digest
    sys.stdout.write(json.dumps({"rows": rows, "wrong": wrong}) + "\n")


if __name__ == "__main__":
    main()
