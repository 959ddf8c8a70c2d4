"""What time it is at the venue. A fault may set the venue's clock apart from everybody else's."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from core.units import Ms


class VenueClock:
    """``now_ms`` is what things happen at; ``told_ms`` what ``/time`` says and timestamps are judged by.

    ``skew_ms`` is the difference between the two, zero unless a fault sets it. ``read`` is where the time comes
    from; a test that steps the world by hand puts its own there.
    """

    def __init__(self, read: Callable[[], Ms]) -> None:
        self.read = read
        self.skew_ms = Ms(0)

    def now_ms(self) -> Ms:
        return self.read()

    def told_ms(self) -> Ms:
        return Ms(self.read() + self.skew_ms)


CLOCK: Final = web.AppKey("venue_clock", VenueClock)
