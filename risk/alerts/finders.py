"""Who finds what somebody must be told: every app registers its own, since risk may import none of the others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from core.units import Ms
from risk.alerts.catalogue import AlertCode, key_of
from risk.models import Severity


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is so at this moment. ``about`` tells two of one code apart."""

    code: AlertCode
    text: str
    about: str | None = None
    severity: Severity | None = None
    market_id: str | None = None

    @property
    def key(self) -> str:
        return key_of(self.code, self.about)


Finder = Callable[[Ms], Iterable[Found]]
_finders: Final[dict[str, Finder]] = {}


def register_finder(name: str, find: Finder) -> None:
    """Add one; the last one of a name counts. Called in ``AppConfig.ready``. It reads only, each second."""
    _finders[name] = find


def finders() -> dict[str, Finder]:
    return dict(_finders)
