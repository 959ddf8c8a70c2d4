"""Invented teams and tournaments. Nobody real wins or loses here.

The teams of a game are dealt into pools, one for each stage, so that nobody plays two matches at once.
"""

from dataclasses import dataclass, replace
from itertools import permutations
from random import Random
from typing import Final

from simulator.matches.games import Game


@dataclass(frozen=True, slots=True)
class Team:
    """``rating`` is Elo-like: 100 points more win 64 % of the maps."""

    name: str
    short: str
    rating: int


POOLS: Final = {
    Game.LOL: (
        (
            Team("Harbor Lights", "HBL", 1640),
            Team("Copper Foxes", "CFX", 1600),
            Team("Night Ferry", "NFY", 1570),
            Team("Paper Tigers", "PPT", 1540),
            Team("Salt and Iron", "SNI", 1500),
            Team("Sleepy Giants", "SLG", 1460),
        ),
        (
            Team("Tram Line Nine", "TL9", 1630),
            Team("Low Tide", "LTD", 1590),
            Team("Velvet Crows", "VLC", 1560),
            Team("Winter Orchard", "WOR", 1520),
            Team("Chalk Circle", "CHC", 1490),
            Team("Second Breakfast", "2BF", 1440),
        ),
        (
            Team("Green Lantern Club", "GLC", 1620),
            Team("Glass Bridge", "GLB", 1580),
            Team("Kite Runners East", "KRE", 1550),
            Team("Morning Shift", "MSH", 1530),
            Team("Rust and Roses", "RNR", 1480),
            Team("Old Town Five", "OT5", 1450),
        ),
    ),
    Game.DOTA2: (
        (
            Team("Amber Road", "AMB", 1650),
            Team("Hollow Mountain", "HLM", 1610),
            Team("Quiet Storm", "QST", 1575),
            Team("Old Lighthouse", "OLH", 1545),
            Team("Black Kettle", "BKT", 1500),
            Team("Ninth Wave", "N9W", 1455),
        ),
        (
            Team("Silver Birch", "SBR", 1635),
            Team("Border Patrol", "BDP", 1595),
            Team("Long Night", "LNG", 1560),
            Team("River Stones", "RVS", 1525),
            Team("Tin Soldiers", "TIN", 1480),
            Team("Last Bus Home", "LBH", 1440),
        ),
        (
            Team("Broken Compass", "BRC", 1625),
            Team("Stone Soup", "STS", 1585),
            Team("High Meadow", "HMW", 1550),
            Team("Second Wind", "SWD", 1515),
            Team("Iron Pots", "IPT", 1470),
            Team("Blue Hour", "BLH", 1430),
        ),
    ),
}

TOURNAMENTS: Final = {
    Game.LOL: ("Northern League", "Lantern Cup", "Harbor Invitational"),
    Game.DOTA2: ("Summit Series", "River Masters", "Ironwood Open"),
}


def pairings(game: Game, pool: int, rolls: Random, *, league: int = 0) -> list[tuple[Team, Team]]:
    """Every pair of a pool in both orders, as drawn. A further league has teams of its own, as strong as the first."""
    teams = [_of_league(team, league) for team in POOLS[game][pool]]
    drawn = list(permutations(teams, 2))
    rolls.shuffle(drawn)
    return drawn


def _of_league(team: Team, league: int) -> Team:
    """A club's team of that league: the second one is called by the club's name and a 2."""
    if not league:
        return team
    return replace(team, name=f"{team.name} {league + 1}", short=f"{team.short}{league + 1}")


def even_chance(teams: tuple[Team, Team]) -> float:
    """Probability that team 0 wins a map against team 1."""
    return float(1 / (1 + 10 ** ((teams[1].rating - teams[0].rating) / 400)))
