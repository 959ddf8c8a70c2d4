"""Asks every finder each second and brings the rows to what they say. In ops, on a thread of its own."""

from typing import Final

from core.units import Ms
from infra import clock, logs
from risk.alerts.catalogue import CATALOGUE, AlertCode
from risk.alerts.finders import Found, finders
from risk.alerts.rows import clear_alert, in_force, raise_alert

FOUND_MAX: Final = 500

log = logs.get("alerts")


class Watch:
    """Remembers since when each thing is found, or gone: what flickers is neither raised nor ended. Spans are real."""

    def __init__(self) -> None:
        self._found_ms: dict[str, int] = {}
        self._gone_ms: dict[str, int] = {}

    def look(self) -> None:
        """One look. A finder that fails keeps what it found last in force and the others looking."""
        at, now = clock.now_ms(), clock.monotonic_ms()
        found, failed = _ask_all(at)
        for each in found.values():
            self._gone_ms.pop(each.key, None)
            since = self._found_ms.setdefault(each.key, now)
            if now - since >= CATALOGUE[each.code].after_ms:
                raise_alert(
                    each.code,
                    each.text,
                    at=at,
                    about=each.about,
                    severity=each.severity,
                    market_id=each.market_id,
                )
        self._found_ms = {key: since for key, since in self._found_ms.items() if key in found}
        if failed:
            raise ExceptionGroup("not every finder of alerts could look", failed)
        self._end_gone(found, at=at, now=now)

    def _end_gone(self, found: dict[str, Found], *, at: Ms, now: int) -> None:
        for key, code in in_force().values_list("key", "code"):
            entry = CATALOGUE[AlertCode(code)]
            if not entry.ends or key in found:
                continue
            if now - self._gone_ms.setdefault(key, now) >= entry.gone_ms:
                del self._gone_ms[key]
                clear_alert(key, at=at)


def _ask_all(at: Ms) -> tuple[dict[str, Found], list[Exception]]:
    found: dict[str, Found] = {}
    failed: list[Exception] = []
    for name, find in finders().items():
        try:
            for each in find(at):
                if len(found) < FOUND_MAX:
                    found.setdefault(each.key, each)
        except Exception as error:  # noqa: BLE001 process edge: one that fails must not blind the others
            error.add_note(f"finder {name}")
            failed.append(error)
    return found, failed
