"""What a trader can know about a market's true price: as much as it was, some time ago."""

from collections import deque

from core.units import ONE, Ms, Price, Prob

MEMORY_MS = 6_000  # longer than the slowest trader looks back


class Sight:
    """The recent course of one market's true price. ``live`` while the match it is about is played."""

    def __init__(self, now_ms: Ms, chance: Prob) -> None:
        self.live = False
        self._course: deque[tuple[Ms, Price]] = deque([(now_ms, fair_price(chance))])

    def __len__(self) -> int:
        """How many changes are remembered."""
        return len(self._course)

    def see(self, now_ms: Ms, chance: Prob) -> None:
        """Note the true chance from ``now_ms`` on. Times only grow."""
        self._course.append((now_ms, fair_price(chance)))
        while len(self._course) > 1 and self._course[1][0] < now_ms - MEMORY_MS:
            self._course.popleft()

    def at(self, when_ms: Ms) -> Price:
        """The true price at ``when_ms``, or the oldest one remembered."""
        for since_ms, price in reversed(self._course):
            if since_ms <= when_ms:
                return price
        return self._course[0][1]


def fair_price(chance: Prob) -> Price:
    """What a YES share is worth to somebody who knows ``chance``. Prices count in 1/10,000."""
    return Price(chance * ONE // 1_000_000)
