"""What time it is at the venue. A fault may set the venue's clock apart from everybody else's."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from core.units import Ms


class VenueClock:
    """``now_ms`` is what things happen at; ``told_ms`` what ``/time`` says and timestamps are judged by.

    ``skew_ms`` is the difference between the two, zero unless a fault sets it. ``read`` is where the time comes
    from; a test that steps the world by hand puts its own there. ``machine`` is the computer's own clock in an
    evening that runs faster than it, else ``None``.
    """

    def __init__(self, read: Callable[[], Ms], machine: Callable[[], Ms] | None = None) -> None:
        self.read = read
        self.machine = machine
        self.skew_ms = Ms(0)

    def now_ms(self) -> Ms:
        return self.read()

    def told_ms(self) -> Ms:
        return Ms(self.read() + self.skew_ms)

    def is_near(self, stamp_ms: int, window_ms: Ms) -> bool:
        """Whether a request's timestamp is of about now.

        In an evening with a speed the machine's own time counts as well: the official SDKs know no other.
        """
        nows = (
            [self.told_ms()] if self.machine is None else [self.told_ms(), Ms(self.machine() + self.skew_ms)]
        )
        return any(abs(stamp_ms - now_ms) <= window_ms for now_ms in nows)


CLOCK: Final = web.AppKey("venue_clock", VenueClock)
