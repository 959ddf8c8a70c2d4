"""When the venue takes orders: restarts, post-only and cancel-only windows, trading off (polymarket.md 10).

Somebody from outside switches: the fault ``restart``, or a test.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from aiohttp import web

from core.units import Ms
from simulator.clob.refusals import Refused

POST_ONLY_MS: Final = Ms(120_000)  # after a restart


class Mode(StrEnum):
    OPEN = "open"
    RESTARTING = "restarting"
    POST_ONLY = "post_only"
    CANCEL_ONLY = "cancel_only"
    DISABLED = "disabled"


TOO_EARLY: Final = "Too Early"
POST_ONLY_WORDS: Final = "post-only mode: only post-only orders and cancels are allowed"
POST_ONLY_CODE: Final = "post_only_mode"
WORDS: Final = {
    Mode.CANCEL_ONLY: (
        "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed."
    ),
    Mode.DISABLED: "Trading is currently disabled. Check polymarket.com for updates",
}


@dataclass(frozen=True, slots=True)
class Window:
    mode: Mode
    until_ms: Ms


@dataclass(slots=True)
class Windows:
    """What lies ahead, in the order of time; after the last window trading is open."""

    ahead: list[Window] = field(default_factory=list)

    def restart(self, now_ms: Ms, *, down_ms: Ms, post_only_ms: Ms = POST_ONLY_MS) -> None:
        """Go away for ``down_ms`` of the venue's clock, then take only post-only orders for a while."""
        back_ms = Ms(now_ms + down_ms)
        self.ahead = [
            Window(Mode.RESTARTING, back_ms),
            Window(Mode.POST_ONLY, Ms(back_ms + post_only_ms)),
        ]

    def hold(self, mode: Mode, until_ms: Ms) -> None:
        """Stay in one mode until then, whatever was ahead."""
        self.ahead = [Window(mode, until_ms)]

    def reopen(self) -> None:
        self.ahead = []

    def current(self, now_ms: Ms) -> Window:
        return next((window for window in self.ahead if now_ms < window.until_ms), Window(Mode.OPEN, now_ms))

    def admit_orders(self, now_ms: Ms) -> bool:
        """Whether any order is taken, or post-only ones alone (False). Raises ``Refused`` when none is."""
        window = self.current(now_ms)
        if window.mode is Mode.RESTARTING:
            raise Refused(425, TOO_EARLY, headers={"Retry-After": "1"})
        if window.mode in (Mode.CANCEL_ONLY, Mode.DISABLED):
            raise Refused(503, WORDS[window.mode])
        return window.mode is Mode.OPEN

    def admit_cancels(self, now_ms: Ms) -> None:
        """Raises ``Refused`` while not even cancels work."""
        window = self.current(now_ms)
        if window.mode is Mode.RESTARTING:
            raise Refused(425, TOO_EARLY, headers={"Retry-After": "1"})
        if window.mode is Mode.DISABLED:
            raise Refused(503, WORDS[window.mode])

    def post_only(self, now_ms: Ms) -> Refused:
        """How an order that is not post-only is refused in the post-only window."""
        left_s = max(1, -(-(self.current(now_ms).until_ms - now_ms) // 1_000))
        return Refused(
            503,
            POST_ONLY_WORDS,
            beside={"code": POST_ONLY_CODE, "retry_after_seconds": left_s},
            headers={"Retry-After": str(left_s)},
        )


@dataclass(slots=True)
class Standings:
    """EOAs the venue does not serve, or lets close their positions only. Checksummed addresses."""

    banned: set[str] = field(default_factory=set)
    closed_only: set[str] = field(default_factory=set)


WINDOWS: Final = web.AppKey("windows", Windows)
STANDINGS: Final = web.AppKey("standings", Standings)
