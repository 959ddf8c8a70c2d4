"""One map as a walk between two walls: farming moves it a little, fights move it at once and bring kills.

The walk gets faster as the map gets longer (its steps grow with the cube of the time), as leads do in both
games; the speed changes when something happens, never who wins, so ``probability.map_win`` stays exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from core.units import Ms
from simulator.matches.games import SHAPES, Game, GameShape, gold_lead
from simulator.matches.probability import WALL, map_win, step_ratio

MINUTE_MS: Final = 60_000
FARM_SHARE: Final = 0.5  # of all steps; the rest happens in fights
FARM_GAP_MS: Final = (3_000, 7_000)
FIGHT_LENGTH_MS: Final = (3_000, 9_000)
PAUSE_CHANCE: Final = 0.25  # of a pause in a map
PAUSE_MS: Final = (60_000, 240_000)
FIRST_FIGHT_MS: Final = 120_000


class Turn(StrEnum):
    """What a moment of a map is. The words are those of the match feed."""

    STARTED = "started"
    SCORE = "score"
    LEAD = "lead"
    PAUSED = "paused"
    RESUMED = "resumed"
    MAP_ENDED = "map_ended"


@dataclass(frozen=True, slots=True)
class MapMoment:
    """The map as it is from ``clock_ms`` on.

    Units:
        clock_ms:  game time, which stands still in a pause; ``real_ms`` does not.
        lead:      gold, signed towards team 0.
        chance:    true probability that team 0 wins the map, 0 to 1.
    """

    turn: Turn
    real_ms: Ms
    clock_ms: Ms
    kills: tuple[int, int]
    towers: tuple[int, int]
    lead: int
    chance: float


def play_map(game: Game, even: float, dice: Random) -> Iterator[MapMoment]:
    """Play one map to its end. ``even`` is team 0's probability of winning it before it starts."""
    walk = _Walk(game, SHAPES[game], even, dice)
    yield walk.moment(Turn.STARTED)
    while not walk.over:
        yield from walk.next_moments()
    yield walk.moment(Turn.MAP_ENDED)


class _Walk:
    """The state of one map while it is played."""

    def __init__(self, game: Game, shape: GameShape, even: float, dice: Random) -> None:
        self._game, self._shape, self._dice = game, shape, dice
        self._ratio = step_ratio(even)
        self._up = 1 / (1 + self._ratio)
        self._position = 0
        self._kills, self._towers = [0, 0], [0, 0]
        self._clock_ms = self._paused_ms = 0
        self._farmed = self._fought = 0.0  # steps due since the start, by cause
        self._farm_ms = dice.randint(*FARM_GAP_MS)
        self._fight_ms = FIRST_FIGHT_MS + self._wait_for_fight()
        pauses = dice.random() < PAUSE_CHANCE
        last_ms = round(shape.typical_min * MINUTE_MS)
        self._pause_ms = dice.randint(MINUTE_MS, last_ms) if pauses else None

    @property
    def over(self) -> bool:
        return abs(self._position) == WALL

    def moment(self, turn: Turn) -> MapMoment:
        level = (self._position + WALL) / (2 * WALL)
        return MapMoment(
            turn=turn,
            real_ms=Ms(self._clock_ms + self._paused_ms),
            clock_ms=Ms(self._clock_ms),
            kills=(self._kills[0], self._kills[1]),
            towers=(self._towers[0], self._towers[1]),
            lead=gold_lead(self._game, level, self._clock_ms / MINUTE_MS),
            chance=map_win(self._position, self._ratio),
        )

    def next_moments(self) -> Iterator[MapMoment]:
        """Whatever comes first: a pause, a fight, or more farming."""
        if self._pause_ms is not None and self._pause_ms <= min(self._fight_ms, self._farm_ms):
            # A fight goes on to its end first: it may have run past the moment.
            self._clock_ms, self._pause_ms = max(self._clock_ms, self._pause_ms), None
            yield self.moment(Turn.PAUSED)
            self._paused_ms += self._dice.randint(*PAUSE_MS)
            yield self.moment(Turn.RESUMED)
        elif self._fight_ms <= self._farm_ms:
            yield from self._fight()
        else:
            self._clock_ms = self._farm_ms
            self._farm_ms += self._dice.randint(*FARM_GAP_MS)
            steps, self._farmed = self._due(FARM_SHARE, self._farmed)
            self._move(steps)
            yield self.moment(Turn.LEAD)

    def _fight(self) -> Iterator[MapMoment]:
        """A few blows within seconds. Who moves ahead in one gets its kills, a clear win takes a tower."""
        self._clock_ms = self._fight_ms
        steps, self._fought = self._due(1 - FARM_SHARE, self._fought)
        blows = self._dice.randint(1, 2)
        length_ms = self._dice.randint(*FIGHT_LENGTH_MS)
        for blow in range(blows):
            scored = self._blow(steps // blows + (blow < steps % blows))
            yield self.moment(Turn.SCORE if scored else Turn.LEAD)
            if self.over:
                return
            self._clock_ms += length_ms // blows
        self._fight_ms = self._clock_ms + self._wait_for_fight()
        self._farm_ms = max(self._farm_ms, self._clock_ms + 1)

    def _blow(self, steps: int) -> bool:
        """One exchange of a fight. True when there was a kill or a tower fell."""
        dice, shape = self._dice, self._shape
        moved = self._move(steps)
        winner = 0 if moved > 0 or (moved == 0 and dice.random() < 0.5) else 1
        kills, losses = dice.choice(shape.kills), dice.choice(shape.losses)
        falls = abs(moved) >= 2 and dice.random() < 0.6 and self._towers[winner] < shape.towers
        self._kills[winner] += kills
        self._kills[1 - winner] += losses
        self._towers[winner] += falls
        return bool(kills or losses or falls)

    def _due(self, share: float, done: float) -> tuple[int, float]:
        """Whole steps that became due by now from one cause, and the new count of its steps done."""
        due = share * WALL**2 * (self._clock_ms / MINUTE_MS / self._shape.typical_min) ** 3
        steps = int(due - done)
        return steps, done + steps

    def _move(self, steps: int) -> int:
        """Walk, one step at a time, until a wall stops it. Returns how far it got."""
        position, up, roll = self._position, self._up, self._dice.random
        for _ in range(steps):
            position += 1 if roll() < up else -1
            if position in (WALL, -WALL):
                break
        moved, self._position = position - self._position, position
        return moved

    def _wait_for_fight(self) -> int:
        return round(self._dice.expovariate(1 / (self._shape.fight_s * 1_000))) + 5_000
