"""A runner that is silent: no valuation for twenty seconds while one is enlisted. Found out by another process."""

from typing import Final

from core.units import Ms
from infra import clock
from risk import notify
from risk.models import Runner, Valuation

SILENT_MS: Final = 20_000  # real
CODE: Final = "runner_silent"


class Silence:
    """One a process. ``look`` each second; each silence is told once."""

    def __init__(self) -> None:
        self._told: tuple[str, ...] = ()

    def look(self, *, at: Ms) -> None:
        silent = silent_runners(at=at)
        if silent and silent != self._told:
            notify.warn(CODE, f"no valuation for {SILENT_MS // 1000} s", about=", ".join(silent))
        self._told = silent


def silent_runners(*, at: Ms) -> tuple[str, ...]:
    """The enlisted runners, when none has valued anything within twenty real seconds; else nobody.

    A runner values its account each two seconds. Of two that value the same account the one that lives speaks for both:
    which of them hangs is told by its light (``risk.halts.rescue``).
    """
    since = at - int(SILENT_MS * clock.speed())
    enlisted = Runner.objects.filter(left__isnull=True, enlisted__lt=clock.to_datetime(since))
    names = tuple(enlisted.order_by("name").values_list("name", flat=True))
    if not names or Valuation.objects.filter(at_ms__gte=since).exists():
        return ()
    return names
