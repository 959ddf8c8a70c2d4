"""A whole series played out: every moment of it with the true probabilities, before anybody watches.

Playing it ahead costs a few milliseconds and lets the world start in the middle of a match, or find the
same match again after a restart. Nobody but ``evening`` may look ahead in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from core.units import Ms, Prob
from simulator.matches.games import SHAPES, Game
from simulator.matches.probability import as_prob, series_win
from simulator.matches.walk import MINUTE_MS, MapMoment, Turn, play_map


class Word(StrEnum):
    """What the match feed may say: a map's moments, the end of the series, and where it stands meanwhile."""

    STARTED = "started"
    SCORE = "score"
    LEAD = "lead"
    PAUSED = "paused"
    RESUMED = "resumed"
    MAP_ENDED = "map_ended"
    ENDED = "ended"
    STATE = "state"  # nothing new; said again and again


@dataclass(frozen=True, slots=True)
class Moment:
    """The series as it is from ``at_ms`` after its start on.

    Units:
        map_chance:    true probability that team 0 wins map ``map_number``; certain once that has ended.
        series_chance: the same for the series.
        winner:        team index, for MAP_ENDED and ENDED only.
    """

    at_ms: Ms
    word: Word
    map_number: int
    maps: tuple[int, int]
    kills: tuple[int, int]
    towers: tuple[int, int]
    lead: int
    clock_ms: Ms
    winner: int | None
    map_chance: Prob
    series_chance: Prob


@dataclass(frozen=True, slots=True)
class Series:
    """All moments in order. ``even`` is team 0's probability for each map before it starts."""

    best_of: int
    even: Prob
    opening: Prob  # team 0's probability for the series before it starts
    moments: tuple[Moment, ...]

    @property
    def length_ms(self) -> Ms:
        return self.moments[-1].at_ms


def play_series(game: Game, best_of: int, even: float, dice: Random) -> Series:
    """Play a series to its end."""
    return Series(
        best_of=best_of,
        even=as_prob(even),
        opening=as_prob(series_win(best_of, (0, 0), even, even)),
        moments=tuple(_moments(game, best_of, even, dice)),
    )


def _moments(game: Game, best_of: int, even: float, dice: Random) -> Iterator[Moment]:
    need = best_of // 2 + 1
    maps, began_ms = (0, 0), 0
    while max(maps) < need:
        number = sum(maps) + 1
        last: MapMoment | None = None
        for last in play_map(game, even, dice):
            if last.turn is not Turn.MAP_ENDED:
                chance = series_win(best_of, maps, last.chance, even)
                yield _moment(last, began_ms, Word(last.turn), number, maps, None, chance)
        assert last is not None
        winner = 0 if last.chance == 1 else 1
        maps = (maps[0] + 1, maps[1]) if winner == 0 else (maps[0], maps[1] + 1)
        chance = series_win(best_of, maps, even, even)
        yield _moment(last, began_ms, Word.MAP_ENDED, number, maps, winner, chance)
        if max(maps) == need:
            yield _moment(last, began_ms, Word.ENDED, number, maps, winner, chance)
        break_ms = dice.uniform(*SHAPES[game].draft_min) * MINUTE_MS
        began_ms = round(began_ms + last.real_ms + break_ms)


def _moment(
    seen: MapMoment,
    began_ms: int,
    word: Word,
    number: int,
    maps: tuple[int, int],
    winner: int | None,
    chance: float,
) -> Moment:
    return Moment(
        at_ms=Ms(began_ms + seen.real_ms),
        word=word,
        map_number=number,
        maps=maps,
        kills=seen.kills,
        towers=seen.towers,
        lead=seen.lead,
        clock_ms=seen.clock_ms,
        winner=winner,
        map_chance=as_prob(seen.chance),
        series_chance=as_prob(chance),
    )
