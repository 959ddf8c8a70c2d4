"""The simulated matches: their probabilities are true, their shape is that of real ones."""

from functools import cache
from itertools import pairwise
from random import Random
from statistics import mean, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.units import CERTAIN
from simulator.matches.games import Game, gold_lead
from simulator.matches.probability import WALL, map_win, series_win, step_ratio
from simulator.matches.series import Series, Word, play_series
from simulator.matches.walk import MINUTE_MS, MapMoment, Turn, play_map

MAPS = 200


@cache
def maps(game: Game, even: float) -> list[list[MapMoment]]:
    return [list(play_map(game, even, Random(f"{game} {number}"))) for number in range(MAPS)]


@given(st.floats(0.05, 0.95), st.integers(-WALL + 1, WALL - 1))
def test_the_chance_is_the_mean_of_the_chances_one_step_on(even: float, position: int) -> None:
    ratio = step_ratio(even)
    up = 1 / (1 + ratio)

    here = map_win(position, ratio)
    next_step = up * map_win(position + 1, ratio) + (1 - up) * map_win(position - 1, ratio)

    assert here == pytest.approx(next_step)


@given(st.floats(0.05, 0.95))
def test_a_map_begins_with_the_chance_it_was_given_and_ends_with_certainty(even: float) -> None:
    ratio = step_ratio(even)

    assert map_win(0, ratio) == pytest.approx(even)
    assert (map_win(WALL, ratio), map_win(-WALL, ratio)) == pytest.approx((1, 0))


@pytest.mark.parametrize(
    ("best_of", "score", "even", "chance"),
    [
        (3, (0, 0), 0.5, 0.5),
        (3, (1, 0), 0.5, 0.75),
        (3, (1, 0), 0.6, 0.84),
        (3, (1, 1), 0.6, 0.6),
        (5, (1, 0), 0.5, 0.6875),
        (5, (2, 0), 0.6, 0.936),
        (5, (2, 1), 0.5, 0.75),
        (3, (2, 1), 0.5, 1.0),
        (3, (0, 2), 0.5, 0.0),
    ],
)
def test_a_series_has_the_published_chances(
    best_of: int, score: tuple[int, int], even: float, chance: float
) -> None:
    assert series_win(best_of, score, even, even) == pytest.approx(chance)


@pytest.mark.parametrize("game", Game)
@pytest.mark.parametrize("minute", [10, 20, 28])
def test_teams_win_as_often_as_their_chance_says(game: Game, minute: int) -> None:
    sure: list[tuple[float, float]] = []
    unsure: list[tuple[float, float]] = []
    for played in maps(game, 0.55):
        then = [moment for moment in played if moment.clock_ms <= minute * MINUTE_MS][-1]
        (sure if then.chance > 0.6 else unsure).append((then.chance, played[-1].chance))

    for group in (sure, unsure):
        said, came = mean(chance for chance, _ in group), mean(won for _, won in group)
        assert came == pytest.approx(said, abs=2.6 * (said * (1 - said) / len(group)) ** 0.5)


@pytest.mark.parametrize(("game", "shortest", "longest"), [(Game.LOL, 19, 44), (Game.DOTA2, 23, 53)])
def test_most_maps_are_as_long_as_real_ones(game: Game, shortest: int, longest: int) -> None:
    minutes = [played[-1].clock_ms / MINUTE_MS for played in maps(game, 0.5)]

    tenths = quantiles(minutes, n=10)

    assert shortest < tenths[0]
    assert tenths[-1] < longest


def test_the_lead_follows_the_published_relation_to_the_chance() -> None:
    # esports.md 10: in League of Legends 2k at minute 15 is a chance of 0.76.
    assert gold_lead(Game.LOL, 0.76, 15) == pytest.approx(2_000, abs=50)
    # And in Dota 2 5k at minute 20 is 0.73.
    assert gold_lead(Game.DOTA2, 0.73, 20) == pytest.approx(5_000, abs=150)


@pytest.mark.parametrize("game", Game)
def test_the_game_clock_stands_still_in_a_pause_and_never_goes_back(game: Game) -> None:
    paused = [played for played in maps(game, 0.5) if any(m.turn is Turn.PAUSED for m in played)]

    for played in paused:
        for one, two in pairwise(played):
            assert one.clock_ms <= two.clock_ms
            assert one.real_ms <= two.real_ms
            assert one.turn is not Turn.PAUSED or (two.turn is Turn.RESUMED and one.clock_ms == two.clock_ms)
    assert MAPS / 8 < len(paused) < MAPS / 2


def a_series(number: int, best_of: int = 3) -> Series:
    return play_series(Game.LOL, best_of, 0.55, Random(number))


@pytest.mark.parametrize("best_of", [3, 5])
def test_a_series_ends_with_the_map_that_decides_it(best_of: int) -> None:
    for number in range(40):
        series = a_series(number, best_of)

        ended = [moment for moment in series.moments if moment.word is Word.MAP_ENDED]
        last = series.moments[-1]

        assert last.word is Word.ENDED
        assert max(last.maps) == best_of // 2 + 1
        assert [sum(moment.maps) for moment in ended] == list(range(1, len(ended) + 1))
        assert last.series_chance == (CERTAIN if last.winner == 0 else 0)
        assert all(0 < moment.series_chance < CERTAIN for moment in ended[:-1])


def test_moments_are_in_the_order_of_time() -> None:
    series = a_series(1)

    times = [moment.at_ms for moment in series.moments]

    assert times == sorted(times)
    assert series.length_ms == times[-1]
