"""What a message says: mode, severity, market, time, and where to read on. Plain text; services escape it."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings

from infra.channels import Note, Tone
from risk.alerts.decision import Kind, Message
from risk.models import Alert

TONES: Final = (Tone.BAD, Tone.BAD, Tone.SOON, Tone.CALM)
LINES_MAX: Final = 20


def note_of(message: Message, alerts: Mapping[int, Alert]) -> Note:
    """The message in words. Every alert it tells is in ``alerts``."""
    told = [alerts[telling.alert_id] for telling in message.tells]
    mode = settings.POLYLOLY.mode.value.upper()
    first = told[0]
    match message.kind:
        case Kind.ENDED:
            return Note(f"[{mode}] over: {_line(first)}", _over(first), Tone.GOOD)
        case Kind.DIGEST:
            return Note(f"[{mode}] {len(told)} from the quiet hours", _lines(told), Tone.CALM)
        case Kind.MORE:
            return Note(
                f"[{mode}] and {len(told)} more", _lines(told), TONES[min(each.severity for each in told)]
            )
        case _:
            return Note(
                f"[{mode}] P{first.severity}{_aside(first, again=message.kind is Kind.AGAIN)}: {_line(first)}",
                _body(first),
                TONES[first.severity],
            )


def _aside(alert: Alert, *, again: bool = False) -> str:
    if alert.ended is not None:
        return ", over"
    return ", still" if again else ""


def _line(alert: Alert) -> str:
    return " ".join(alert.text.split())


def _lines(alerts: Sequence[Alert]) -> str:
    shown = [
        f"P{each.severity}{_aside(each)} {each.began:%H:%M:%S} {_line(each)}" for each in alerts[:LINES_MAX]
    ]
    more = len(alerts) - LINES_MAX
    return "\n".join([*shown, *([f"and {more} more in the console"] if more > 0 else []), console()])


def _body(alert: Alert) -> str:
    where = [] if alert.market_id is None else [f"market {alert.market_id}"]
    times = [] if alert.times == 1 else [f"{alert.times} times"]
    began = f"{alert.began:%Y-%m-%d %H:%M:%S}"
    span = f"since {began} UTC" if alert.ended is None else f"from {began} to {alert.ended:%H:%M:%S} UTC"
    head = ", ".join([span, *where, *times])
    what = [] if alert.runbook is None else [f"what to do: {runbook(alert.runbook)}"]
    return "\n".join([head, *what, f"console: {console()}"])


def _over(alert: Alert) -> str:
    assert alert.ended is not None, "only one that is over is told so"
    seconds = int((alert.ended - alert.began).total_seconds())
    return f"it lasted {seconds // 60} min {seconds % 60} s\nconsole: {console()}"


def console() -> str:
    chosen = settings.POLYLOLY
    return f"{chosen.public_origin or f'http://127.0.0.1:{chosen.port}'}/alerts/"


def runbook(section: str) -> str:
    """Where a section of ``docs/runbook.md`` can be read."""
    return f"{settings.POLYLOLY.runbook_url or 'docs/runbook.md'}#{section}"
