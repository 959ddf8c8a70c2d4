"""What a stack that must be armed does not even start without (product.md 3). A rule, counted anew at each start."""

from typing import Final

from django.conf import settings

from core import arming
from feeds import selectors as feeds
from risk import selectors as risk
from trading.models import AccountMode

ORIGINS_IN_LIVE: Final = 2
ORIGINS_IN_REHEARSAL: Final = 1  # the simulated world has one


def missing() -> list[str]:
    """What is missing, each with the way out; empty where nothing is, and where nothing needs to be armed."""
    chosen = settings.POLYLOLY
    if not chosen.needs_arming:
        return []
    live = chosen.mode.value == AccountMode.LIVE
    return arming.missing_to_start(
        limits=risk.limits_were_agreed(),
        admins=len(risk.risk_admins()),
        origins=feeds.independent_origins(),
        origins_needed=ORIGINS_IN_LIVE if live else ORIGINS_IN_REHEARSAL,
    )


def told() -> str:
    """What there is of it, for the preflight."""
    return f"matches are told by {', '.join(feeds.independent_origins()) or 'nobody'}"


def refusal() -> str | None:
    """The one line with which a start is refused; ``None`` when it may begin."""
    lacking = missing()
    return f"{settings.POLYLOLY.mode} does not start without {'; '.join(lacking)}" if lacking else None
