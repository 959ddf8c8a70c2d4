"""The venue's clock beside ours. Signed requests carry its seconds; ours may be off (polymarket.md 2)."""

from core.units import Ms


class VenueTime:
    """The smallest correction of our clock that agrees with what the venue last said.

    It says whole seconds and its answer takes time, so one answer only bounds the difference. A clock of ours that
    is within the bounds is left alone.
    """

    __slots__ = ("offset_ms",)

    def __init__(self) -> None:
        self.offset_ms = 0

    def learn(self, said_s: int, *, asked_ms: Ms, heard_ms: Ms) -> None:
        """Take in a ``GET /time``, asked and heard at these times of our clock."""
        least = said_s * 1000 - heard_ms
        most = said_s * 1000 + 999 - asked_ms
        self.offset_ms = min(max(0, least), most)

    def seconds(self, now: Ms) -> int:
        """Unix seconds as the venue counts them."""
        return (now + self.offset_ms) // 1000
