"""An incident as a page of markdown: for the people who were asleep."""

import json
from datetime import UTC, datetime
from typing import Final

from infra.clock import to_datetime
from risk.incidents.timeline import Moment, timeline
from risk.models import Incident

# What means something to a reader of markdown means nothing in what people and markets are called.
SPECIAL: Final = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]<>#|!"})


def markdown(of: Incident) -> str:
    """Head, cause, time line, and the snapshots at the end."""
    moments = timeline(of)
    snapshots = [moment for moment in moments if moment.facts is not None and "account" in moment.facts]
    closed = (
        "open" if of.closed is None else f"closed {_minute(of.closed)} by {_plain(of.closed_by_name or '')}"
    )
    lines = [
        f"# P{of.severity} {_plain(of.title)}",
        "",
        f"Incident {of.pk}, {of.mode}. Began {_minute(of.began)}, opened by {_plain(of.opened_by_name)}, {closed}.",
        "",
        "## Cause",
        "",
        _plain(of.cause or "Not known yet."),
        "",
        "## Time line (UTC)",
        "",
        "| time | what | who | |",
        "|---|---|---|---|",
        *(_row(moment) for moment in moments),
    ]
    for moment in snapshots:
        kept = json.dumps(moment.facts, indent=1, sort_keys=True)
        lines += ["", f"## State at {_second(to_datetime(moment.at_ms))}", "", "```json", kept, "```"]
    return "\n".join([*lines, ""])


def _row(moment: Moment) -> str:
    at = _second(to_datetime(moment.at_ms))
    return f"| {at} | {moment.kind} | {_plain(moment.who)} | {_plain(moment.text)} |"


def _plain(text: str) -> str:
    return " ".join(text.split()).translate(SPECIAL)


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
