"""What differs between League of Legends and Dota 2: length, gold, kills, towers, drafts."""

from dataclasses import dataclass
from enum import StrEnum
from math import log, sqrt
from typing import Final


class Game(StrEnum):
    LOL = "lol"
    DOTA2 = "dota2"


@dataclass(frozen=True, slots=True)
class GameShape:
    """One game's proportions.

    Units:
        typical_min: minutes after which an even map has used up its room to swing (see ``walk``).
        draft_min:   shortest and longest break before a map, minutes.
        fight_s:     mean seconds between fights.
        towers:      a side's towers.
    """

    title: str
    typical_min: float
    draft_min: tuple[float, float]
    fight_s: float
    kills: tuple[int, ...]
    losses: tuple[int, ...]
    towers: int


SHAPES: Final = {
    Game.LOL: GameShape(
        title="LoL",
        typical_min=31.0,
        draft_min=(5.0, 8.0),
        fight_s=110.0,
        kills=(0, 1, 1, 2),
        losses=(0, 0, 0, 1),
        towers=11,
    ),
    Game.DOTA2: GameShape(
        title="Dota 2",
        typical_min=37.0,
        draft_min=(6.0, 9.0),
        fight_s=90.0,
        kills=(0, 1, 1, 2, 2),
        losses=(0, 0, 0, 1, 1),
        towers=11,
    ),
}


def gold_lead(game: Game, level: float, minute: float) -> int:
    """Gold by which team 0 leads, in tens, when teams of equal strength would win with ``level`` from here.

    The published relations of lead and win rate (esports.md 10), turned round. Both are flat at the ends,
    where a map is about to be over: 2 % and 98 % are as far as they go.
    """
    odds = min(max(level, 0.02), 0.98)
    logit = log(odds / (1 - odds))
    if game is Game.LOL:
        thousands = logit * sqrt(max(minute, 1.0)) / 2.25
    else:
        thousands = logit / (1.15 / sqrt(min(minute, 40.0) + 1) - 0.055)
    return round(thousands * 100) * 10
