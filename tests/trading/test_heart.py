"""The heartbeat's rules, against a chain of ids that answers as the venue's does (polymarket.md 3.9)."""

from dataclasses import dataclass, field

import pytest

from core.units import Ms
from trading.heart import SWEPT_AFTER_MS, WATCH_MS, Answer, Beaten, Heart, Mismatched, Stage, Unheard

NOON = Ms(1_800_000_000_000)
LOST = Unheard("timed out")


@dataclass
class Chain:
    """The venue's side: one expected id for each API key; without one, a beat without an id begins a chain."""

    expected: str | None = None
    beats: list[int] = field(default_factory=list)
    _number: int = 0

    def take(self, heartbeat_id: str | None, now: int) -> Answer:
        if self.expected is not None and heartbeat_id != self.expected:
            return Mismatched(self.expected)
        self._number += 1
        self.expected = f"id-{self._number}"
        self.beats.append(now)
        return Beaten(self.expected)


def live(heart: Heart, chain: Chain, *, until: int, lost: frozenset[int] = frozenset()) -> None:
    """Beat whenever it is due. Beats numbered in ``lost`` are taken, and their answers are not heard."""
    number = 0
    while heart.due_ms <= until and heart.stage is not Stage.TAKEN:
        now = heart.due_ms
        answer = chain.take(heart.beat(), now)
        heart.heard(LOST if number in lost else answer, now)
        number += 1


def test_it_begins_a_chain_and_beats_every_five_seconds() -> None:
    heart, chain = Heart(NOON), Chain()

    live(heart, chain, until=NOON + 20_000)

    assert heart.beats
    assert chain.beats == [NOON + 5_000 * number for number in range(5)]


def test_a_chain_left_by_a_dead_trader_is_adopted_after_it_did_not_move() -> None:
    heart, chain = Heart(NOON), Chain(expected="left behind")

    live(heart, chain, until=NOON + WATCH_MS - 1)
    assert heart.stage is Stage.WATCHING
    assert chain.beats == []
    live(heart, chain, until=NOON + WATCH_MS)

    assert heart.beats
    assert chain.beats == [NOON + WATCH_MS]


def test_a_restarted_trader_goes_on_at_once_with_a_chain_that_nobody_else_moved() -> None:
    before, chain = Heart(NOON), Chain()
    live(before, chain, until=NOON + 5_000)

    after = Heart(Ms(NOON + 6_000), before.next_id)
    live(after, chain, until=NOON + 6_000)
    stranger = Heart(Ms(NOON + 6_000), "id of long ago")
    live(stranger, chain, until=NOON + 6_000)

    assert after.beats
    assert stranger.stage is Stage.WATCHING


def test_a_chain_that_moves_has_a_living_owner() -> None:
    chain = Chain()
    first, second = Heart(NOON), Heart(Ms(NOON + 1))
    for moment in range(NOON, NOON + 30_000, 100):
        live(first, chain, until=moment)
        live(second, chain, until=moment)

    assert first.beats
    assert second.stage is Stage.TAKEN


def test_of_two_that_begin_together_one_goes_on() -> None:
    chain = Chain(expected="left behind")
    hearts = [Heart(NOON), Heart(NOON)]
    for moment in range(NOON, NOON + 30_000, 100):
        for heart in hearts:
            live(heart, chain, until=moment)

    assert sorted(heart.stage for heart in hearts) == sorted([Stage.RUNNING, Stage.TAKEN])


@pytest.mark.parametrize("lost", [{0}, {1}, {1, 2}, {0, 2}, {3}, set(range(0, 12, 2))])
@pytest.mark.parametrize("left", [None, "left behind"])
def test_beats_taken_and_not_answered_are_no_other_trader(lost: set[int], left: str | None) -> None:
    heart, chain = Heart(NOON), Chain(expected=left)

    live(heart, chain, until=NOON + 60_000, lost=frozenset(lost))

    assert heart.beats
    gaps = [after - before for before, after in zip(chain.beats, chain.beats[1:], strict=False)]
    assert max(gaps[3:]) < 10_000, "no orders are lost for want of a beat"


def test_somebody_who_takes_the_chain_over_stops_us() -> None:
    heart, chain = Heart(NOON), Chain()
    live(heart, chain, until=NOON + 10_000)

    chain.take(chain.expected, NOON + 12_000)
    live(heart, chain, until=NOON + 60_000)

    assert heart.stage is Stage.TAKEN
    assert len(chain.beats) == 4


def test_a_chain_that_the_venue_ended_is_begun_anew() -> None:
    heart, chain = Heart(NOON), Chain()
    live(heart, chain, until=NOON + 5_000)
    chain.expected = None

    heart.heard(Mismatched(None), Ms(NOON + 10_000))
    live(heart, chain, until=NOON + 20_000)

    assert heart.beats
    assert len(chain.beats) == 4


def test_a_chain_that_somebody_else_began_after_ours_ended_is_watched_first() -> None:
    heart, chain, other = Heart(NOON), Chain(), Heart(Ms(NOON + 10_000))
    live(heart, chain, until=NOON + 5_000)
    chain.expected = None
    heart.heard(Mismatched(None), Ms(NOON + 10_000))
    for moment in range(NOON + 10_000, NOON + 40_000, 100):
        live(other, chain, until=moment)
        live(heart, chain, until=moment)

    assert other.beats
    assert heart.stage is Stage.TAKEN


def test_a_heart_held_back_knows_when_the_venue_has_swept() -> None:
    heart = Heart(NOON)
    heart.heard(Beaten("one"), NOON)
    now = heart.due_ms
    while now < NOON + SWEPT_AFTER_MS:
        heart.hold_back(now)
        assert heart.swept_ms is None
        now = heart.due_ms

    heart.hold_back(now)

    assert heart.swept_ms == now
    assert heart.beats, "it may beat again for what is written from now on"


def test_a_beat_that_may_have_been_taken_is_no_silence() -> None:
    heart = Heart(NOON)
    heart.heard(Beaten("one"), NOON)
    for second in range(1, 20):
        heart.heard(LOST, Ms(NOON + 1_000 * second))

    heart.hold_back(Ms(NOON + 20_000))

    assert heart.swept_ms is None
