"""When the venue takes orders: one small state for the account, moved by what answers say and by time. Read ``AFTER``.

The venue does not announce its windows to a program; it is the answer to an order or a cancel that tells of one
(polymarket.md 10). A restart is followed by two minutes of post-only mode whether or not anybody says so. After any
other window the venue is simply asked again, by the next order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core.answers import RejectCode, WindowMode, WindowTold
from core.intents import OrderKind
from core.units import Ms

# The refusals that tell of a window; other answers do not.
MODE_OF: Final[Mapping[RejectCode, WindowMode]] = {
    RejectCode.RESTARTING: WindowMode.RESTARTING,
    RejectCode.POST_ONLY_MODE: WindowMode.POST_ONLY,
    RejectCode.CANCEL_ONLY: WindowMode.CANCEL_ONLY,
    RejectCode.TRADING_OFF: WindowMode.OFF,
}

# How long a mode lasts where the venue does not say. A restart takes longer than the one second its Retry-After
# names; each one more that we ask into doubles the rest, as the venue's own advice does (1 s to 30 s).
LASTS_MS: Final[Mapping[WindowMode, Ms]] = {
    WindowMode.RESTARTING: Ms(5_000),
    WindowMode.POST_ONLY: Ms(120_000),
    WindowMode.CANCEL_ONLY: Ms(60_000),
    WindowMode.OFF: Ms(60_000),
}
RESTART_MS_MAX: Final = Ms(30_000)
DOUBLINGS_MAX: Final = 3
TOLD_MS_MAX: Final = Ms(600_000)  # nobody is believed to be away for longer without being asked again

# What a mode is followed by when its time is over; ``None``: everything is taken again.
AFTER: Final[Mapping[WindowMode, WindowMode | None]] = {
    WindowMode.RESTARTING: WindowMode.POST_ONLY,
    WindowMode.POST_ONLY: None,
    WindowMode.CANCEL_ONLY: None,
    WindowMode.OFF: None,
}

# Which kinds of order a mode lets through.
TAKEN: Final[Mapping[WindowMode, frozenset[OrderKind]]] = {
    WindowMode.RESTARTING: frozenset(),
    WindowMode.POST_ONLY: frozenset({OrderKind.QUOTE}),
    WindowMode.CANCEL_ONLY: frozenset(),
    WindowMode.OFF: frozenset(),
}
# In these a cancel fails too, and that says nothing about a market.
NO_CANCELS: Final = frozenset({WindowMode.RESTARTING, WindowMode.OFF})


@dataclass(frozen=True, slots=True)
class Window:
    """A window in force. ``until_ms``: when it is over, as far as anybody has said."""

    mode: WindowMode
    since_ms: Ms
    until_ms: Ms
    detail: str

    def takes(self, kind: OrderKind) -> bool:
        return kind in TAKEN[self.mode]

    @property
    def is_shut(self) -> bool:
        """No order at all is taken: no book is worth following for quotes until it is over."""
        return not TAKEN[self.mode]


class Windows:
    """The account's window; ``current`` is ``None`` while the venue takes everything."""

    __slots__ = ("_restarts", "current")

    def __init__(self) -> None:
        self.current: Window | None = None
        self._restarts = 0  # told again when we thought it was over

    def takes(self, kind: OrderKind) -> bool:
        return self.current is None or self.current.takes(kind)

    def takes_cancels(self) -> bool:
        return self.current is None or self.current.mode not in NO_CANCELS

    @property
    def is_shut(self) -> bool:
        return self.current is not None and self.current.is_shut

    def tell(self, told: WindowTold) -> bool:
        """Take in what an answer said. True when the mode or its end moved.

        Several orders may be on their way when a window begins: the second answer moves nothing, unless it names a
        later end.
        """
        now, was = told.heard_ms, self.current
        same = was is not None and was.mode is told.mode and now < was.until_ms
        if told.mode is WindowMode.RESTARTING and not same:
            self._restarts += 1
        until = Ms(now + self._lasts_ms(told, said_only=same))
        if was is not None and same:
            if until <= was.until_ms:
                return False
            self.current = Window(told.mode, was.since_ms, until, told.detail)
        else:
            self.current = Window(told.mode, now, until, told.detail)
        return True

    def _lasts_ms(self, told: WindowTold, *, said_only: bool) -> Ms:
        said = Ms(min(told.wait_ms or 0, TOLD_MS_MAX))
        if said_only:
            return said
        if told.mode is WindowMode.RESTARTING:
            doubled = LASTS_MS[told.mode] << min(self._restarts - 1, DOUBLINGS_MAX)
            return Ms(max(said, min(doubled, RESTART_MS_MAX)))
        return said or LASTS_MS[told.mode]

    def pass_time(self, now: Ms) -> bool:
        """Let windows end whose time is over. True when the mode moved."""
        window = self.current
        if window is None or now < window.until_ms:
            return False
        after = AFTER[window.mode]
        if after is None:
            self.current, self._restarts = None, 0
        else:
            ended, until = window.until_ms, Ms(window.until_ms + LASTS_MS[after])
            self.current = Window(after, ended, until, f"after {window.detail}")
            self.pass_time(now)
        return True
