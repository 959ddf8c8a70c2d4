"""``manage.py reconcile``: our books against the venue and the chain, now. Exit 0 when nothing differs, else 1.

What it found is kept like every other run. ``--reset-to-actual`` and ``--rebuild-state`` write; both ask first.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from core.units import text
from infra import clock
from risk import services as risk
from risk.errors import RiskError, UnknownMarket
from trading import selectors, services
from trading.models import Difference, Trigger
from trading.reconcile.run import Run

DIFFERS: Final = 1
SHOWN: Final = {True: "MISMATCH", False: "seen once"}


class Command(BaseCommand):
    help = "Compare our books with the venue and the chain. Exit 0: nothing differs; 1: something does."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--verbose", action="store_true", help="every figure compared, and all evidence")
        parser.add_argument("--market", metavar="ID", help="only this market (id or slug)")
        parser.add_argument("--fetch-actual", action="store_true", help="show what venue and chain say, too")
        parser.add_argument(
            "--reset-to-actual", action="store_true", help="take over their word, as adjustment entries"
        )
        parser.add_argument(
            "--rebuild-state", action="store_true", help="make rows and data/ anew from what is known"
        )
        parser.add_argument("--reason", default="", help="why; for the record, needed with --reset-to-actual")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="one JSON object, for programs")

    def handle(self, *_: Any, **asked: Any) -> None:
        if asked["reset_to_actual"] and not asked["reason"].strip():
            raise CommandError("--reset-to-actual needs --reason: it is kept with every entry")
        market = _market(asked["market"])
        try:
            if asked["rebuild_state"]:
                self._rebuild(asked)
            run = self._run(stated=asked["fetch_actual"] or asked["verbose"])
            if run is None:
                self._say(asked, {"account": None}, ["no account was ever opened here: nothing to compare"])
                return
            found = [row for row in run.differences if market is None or row.market_id == market]
            if asked["reset_to_actual"]:
                self._resolve(run, found, asked)
                run = self._run(stated=False) or run
                found = [row for row in run.differences if market is None or row.market_id == market]
        except DatabaseError as error:
            raise CommandError(f"the database does not answer: {error}") from error
        self._say(asked, _facts(run, found, market), _lines(run, found, market, asked))
        if found and any(row.kind != "dust" for row in found):
            sys.exit(DIFFERS)
        if not run.row.is_clean and market is None:
            sys.exit(DIFFERS)

    def _run(self, *, stated: bool) -> Run | None:
        self.stderr.write("asking the venue and the chain (45 s at most)...")
        return services.reconcile(Trigger.COMMAND, stated=stated)

    def _resolve(self, run: Run, found: Sequence[Difference], asked: dict[str, Any]) -> None:
        open_rows = set(selectors.unresolved(run.row).values_list("pk", flat=True))
        wanted = [row for row in found if row.pk in open_rows and row.kind != "dust"]
        for row in wanted:
            self.stderr.write(f"{row.kind} {row.market_id or 'cash'}: {_change(row)}")
        if not wanted or not self._agreed(f"take over the other side's word for {len(wanted)}", asked):
            return
        for row in wanted:
            try:
                made = services.resolve_difference(
                    row.pk, reason=asked["reason"], by=risk.shell(), at=clock.now_ms()
                )
            except RiskError as refused:
                self.stderr.write(f"  not resolved, {row.kind}: {refused}")
                continue
            self.stderr.write(f"  {made.how}: {row.kind}, before {made.before}, after {made.after}")

    def _rebuild(self, asked: dict[str, Any]) -> None:
        if not self._agreed("make rows and files anew where they are missing", asked):
            raise CommandError("nothing was rebuilt")
        try:
            for line in services.rebuild_state(
                by=risk.shell(), reason=asked["reason"] or "rebuild", say=self.stderr.write
            ):
                self.stderr.write(line)
        except (RiskError, OSError) as refused:
            raise CommandError(f"not rebuilt: {refused}") from refused

    def _agreed(self, what: str, asked: dict[str, Any]) -> bool:
        """A person at a terminal is asked; a program has given its reason."""
        if asked["yes"] or not sys.stdin.isatty():
            return True
        return input(f"{what}? [y/N] ").strip().lower() in {"y", "yes"}

    def _say(self, asked: dict[str, Any], facts: dict[str, Any], lines: Sequence[str]) -> None:
        if asked["json"]:
            self.stdout.write(json.dumps(facts))
        else:
            self.stdout.write("\n".join(lines))


def _market(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        return risk.resolve_market(name)
    except UnknownMarket as error:
        if selectors.entries().filter(market_id=name).exists():
            return name  # discovery forgot it, or never read it; our books know it
        raise CommandError(str(error)) from error


def _lines(run: Run, found: Sequence[Difference], market: str | None, asked: dict[str, Any]) -> list[str]:
    row = run.row
    lines = [
        f"{settings.POLYLOLY.mode.value}: {row}; {', '.join(f'{n} {name}' for name, n in row.counts.items())}"
    ]
    lines += [f"  not answered: {words}" for words in (*row.silent, *row.unjudged)]
    for each in found:
        standing = "dust" if each.kind == "dust" else SHOWN[each.mismatch]
        lines.append(f"  {standing}: {each.kind} {each.market_id or 'cash'} {each.outcome or ''}".rstrip())
        lines += [f"      {name}: {words}" for name, words in each.evidence]
    if asked["verbose"] or asked["fetch_actual"]:
        lines += _figures(run, market)
    if any(each.mismatch for each in found):
        lines.append("next: --reset-to-actual --reason WHY takes over their word; then resume the market")
    elif any(each.kind != "dust" for each in found):
        lines.append("next: it counts when a run at least 30 s later sees it too")
    return lines


def _figures(run: Run, market: str | None) -> list[str]:
    """Every figure of both sides, ours first."""
    theirs = run.theirs.figures or {}
    lines = [f"  {'':46} {'ours':>16} {'chain':>16} {'venue':>16} {'data api':>16}"]
    for name in dict.fromkeys([*run.ours, *theirs]):
        if market is not None and (name is None or name[0] != market):
            continue
        label = "cash" if name is None else f"{name[0][:40]} {name[1]}"
        columns = (run.ours, theirs, run.theirs.stated, run.theirs.listed)
        shown = [text(side[name], 6) if name in side else "-" for side in columns]
        lines.append(f"  {label:46} " + " ".join(f"{each:>16}" for each in shown))
    return lines


def _facts(run: Run, found: Sequence[Difference], market: str | None) -> dict[str, Any]:
    row, theirs = run.row, run.theirs.figures or {}
    names = list(dict.fromkeys([*run.ours, *theirs]))
    return {
        "account": row.account.key,
        "run": row.pk,
        "at_ms": row.at_ms,
        "clean": row.is_clean,
        "judged": row.judged,
        "silent": row.silent,
        "counts": row.counts,
        "differences": [
            {
                "id": each.pk,
                "kind": each.kind,
                "mismatch": each.mismatch,
                "market_id": each.market_id,
                "outcome": each.outcome,
                "order_id": each.order_id,
                "fill_id": each.fill_id,
                "evidence": dict(each.evidence),
            }
            for each in found
        ],
        "figures": [
            {
                "market_id": None if name is None else name[0],
                "outcome": None if name is None else str(name[1]),
                "ours": text(run.ours.get(name, 0), 6),
                "theirs": text(theirs[name], 6) if name in theirs else None,
            }
            for name in names
            if market is None or (name is not None and name[0] == market)
        ],
    }


def _change(row: Difference) -> str:
    parts = [
        f"{text(amount, 6)} {'USDC' if market_id is None else outcome}"
        for market_id, outcome, amount in row.effect
    ]
    return f"books change by {', '.join(parts)}" if parts else "no figure changes"
