"""The one place from which risk tells people what they should know and need not stop for."""

from collections.abc import Callable
from typing import Final

from infra import logs

Teller = Callable[[str, str, str], None]
tellers: Final[list[Teller]] = []

log = logs.get("risk")


def warn(code: str, text: str, *, about: str) -> None:
    """Say ``text`` about ``about``. ``code`` is the alert's word (product.md 7); the log has it as the event's type.

    Whoever passes warnings on is in ``tellers``: called with code, text and about, on the watchdog's thread.
    """
    log.warning(text, event_type=code, about=about)
    for tell in tellers:
        tell(code, text, about)
