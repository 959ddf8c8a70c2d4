"""Which matches are on: the schedule of an evening that never ends.

It depends on the seed and the calendar alone. Each quarter of a day every stage starts a chain of matches
that follow one another until the quarter is over; the last one plays on while the next chain begins. So any
moment can be computed from the start of its quarter, without the evening before it: a world that starts
now is in the middle of its matches, and one that is started again finds the same matches with the same ids.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from random import Random
from typing import Final

from core.units import Ms
from simulator.chance import dice, pick
from simulator.matches.games import Game
from simulator.matches.series import Series, play_series
from simulator.matches.teams import TOURNAMENTS, Team, even_chance, pairings

SHIFT_MS: Final = 6 * 3_600_000
SHIFTS_A_DAY: Final = 4
MATCHES_A_SHIFT: Final = 7  # more than a stage can play in one
MINUTE_MS: Final = 60_000
# What is played on each stage, and by which pool of teams. The last one plays either, by dice.
# A larger evening has further leagues, each on five stages like these, with teams of its own.
STAGES: Final = (((Game.LOL,), 0), ((Game.DOTA2,), 0), ((Game.LOL,), 1), ((Game.DOTA2,), 1), (tuple(Game), 2))
STAGES_MAX: Final = 50
BEST_OF: Final = {3: 3, 5: 1}
OPENS_AFTER_MS: Final = (0, 12 * MINUTE_MS)  # of a shift, when a stage lists its first match
AHEAD_MS: Final = (6 * MINUTE_MS, 10 * MINUTE_MS)  # between listing and start
RESOLVES_MS: Final = (60_000, 150_000)  # between an end and its resolution
BREAK_MS: Final = (20_000, 60_000)  # between the end of a series and the next listing


@dataclass(frozen=True, slots=True)
class Booking:
    """One match of the evening and everything that will happen in it.

    Units:
        number:      unique for the seed; grows with the shift.
        listed_ms:   when its event and first markets appear.
        starts_ms:   when the first map starts; the book is wiped then.
        resolves_ms: between the end of a map or of the series and the resolution of its market.
    """

    number: int
    game: Game
    teams: tuple[Team, Team]
    tournament: str
    series: Series
    listed_ms: Ms
    starts_ms: Ms
    resolves_ms: Ms

    @property
    def ends_ms(self) -> Ms:
        return Ms(self.starts_ms + self.series.length_ms)

    @property
    def closed_ms(self) -> Ms:
        """When its last market is resolved."""
        return Ms(self.ends_ms + self.resolves_ms)


class Evening:
    """The chains of all stages, asked for in the order of time."""

    def __init__(self, seed: int, from_ms: Ms, *, stages: int = len(STAGES)) -> None:
        """Begin at ``from_ms``: the first call of ``opened`` returns the matches that are on then."""
        assert 0 < stages <= STAGES_MAX, "the numbers of bookings have room for so many"
        self._seed = seed
        self._stages = stages
        self._shift = from_ms // SHIFT_MS
        self._chains = [*self._open_shift(self._shift - 1), *self._open_shift(self._shift)]
        self._from_ms = from_ms

    def opened(self, now_ms: Ms) -> list[Booking]:
        """Matches listed since the last call, earliest first; those already over by ``from_ms`` are left out."""
        while self._shift < now_ms // SHIFT_MS:
            self._shift += 1
            self._chains += self._open_shift(self._shift)
        found = [
            booking
            for chain in self._chains
            for booking in chain.until(now_ms)
            if booking.closed_ms > self._from_ms
        ]
        self._chains = [chain for chain in self._chains if not chain.done]
        return sorted(found, key=lambda booking: (booking.listed_ms, booking.number))

    def _open_shift(self, shift: int) -> list["Chain"]:
        return [Chain(bookings(self._seed, shift, stage)) for stage in range(self._stages)]


class Chain:
    """The matches of one stage in one shift, handed out as they are listed."""

    def __init__(self, rest: Iterator[Booking]) -> None:
        self._rest = rest
        self._next = next(rest, None)

    @property
    def done(self) -> bool:
        return self._next is None

    def until(self, now_ms: Ms) -> Iterator[Booking]:
        while self._next is not None and self._next.listed_ms <= now_ms:
            yield self._next
            self._next = next(self._rest, None)


def bookings(seed: int, shift: int, stage: int) -> Iterator[Booking]:
    """The matches of one stage in one shift, one after the other."""
    rolls = dice(seed, "stage", shift, stage)
    league, slot = divmod(stage, len(STAGES))
    games, pool = STAGES[slot]
    pairs = {game: cycle(_pairs_of_shift(seed, shift, stage, game, pool)) for game in games}
    listed_ms = shift * SHIFT_MS + rolls.randint(*OPENS_AFTER_MS)
    for place in count():
        if listed_ms >= (shift + 1) * SHIFT_MS:
            return
        game = rolls.choice(games)
        # Ten places for each league: a stage plays fewer matches in a shift.
        number = (shift * len(STAGES) + slot) * 100 + league * 10 + place
        booking = _book(seed, number, Ms(listed_ms), game, next(pairs[game]), rolls)
        yield booking
        listed_ms = booking.ends_ms + rolls.randint(*BREAK_MS)


def _pairs_of_shift(seed: int, shift: int, stage: int, game: Game, pool: int) -> list[tuple[Team, Team]]:
    """This shift's part of a day's pairs, so that no pair is listed twice in the same order on one day."""
    day, part = divmod(shift, SHIFTS_A_DAY)
    drawn = pairings(game, pool, dice(seed, "pairs", day, stage, game), league=stage // len(STAGES))
    return drawn[part * MATCHES_A_SHIFT : (part + 1) * MATCHES_A_SHIFT]


def _book(
    seed: int, number: int, listed_ms: Ms, game: Game, teams: tuple[Team, Team], rolls: Random
) -> Booking:
    best_of, even = pick(rolls, BEST_OF), even_chance(teams)
    return Booking(
        number=number,
        game=game,
        teams=teams,
        tournament=rolls.choice(TOURNAMENTS[game]),
        series=play_series(game, best_of, even, dice(seed, "series", number)),
        listed_ms=listed_ms,
        starts_ms=Ms(listed_ms + rolls.randint(*AHEAD_MS)),
        resolves_ms=Ms(rolls.randint(*RESOLVES_MS)),
    )
