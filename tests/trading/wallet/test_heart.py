"""The heartbeat's rules, against a chain of ids that answers as the venue's does (polymarket.md 3.9)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from core.units import Ms
from trading.wallet.heart import SWEPT_AFTER_MS, WATCH_MS, Answer, Beaten, Heart, Mismatched, Stage, Unheard

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

    for moment in range(NOON + 12_000, NOON + 60_000, 5_000):
        chain.take(chain.expected, moment)
        live(heart, chain, until=moment + 4_900)

    assert heart.stage is Stage.TAKEN
    assert heart.beaten_ms == NOON + 10_000, "not one beat into another's chain"


def test_a_chain_that_moved_without_us_and_stands_still_is_taken_up_again() -> None:
    heart, chain = Heart(NOON), Chain()
    live(heart, chain, until=NOON + 10_000)

    chain.take(chain.expected, NOON + 12_000)
    live(heart, chain, until=NOON + 15_000 + WATCH_MS - 1)
    assert heart.stage is Stage.WATCHING
    live(heart, chain, until=NOON + 30_000)

    assert heart.beats


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


@dataclass
class Venue:
    """The venue with its sweep and its backlog: a beat may lie there until the venue, or its process, turns again."""

    chain: Chain = field(default_factory=Chain)
    last_ms: int = 0
    swept_ms: list[int] = field(default_factory=list)
    _sweep_ms: int = NOON
    _backlog: list[str | None] = field(default_factory=list)

    def pass_time(self, now: int) -> None:
        """Sweep each five seconds: a chain that nobody beat for ten is ended."""
        while self._sweep_ms + 5_000 <= now:
            self._sweep_ms += 5_000
            if self.chain.expected is not None and self._sweep_ms - self.last_ms >= 10_000:
                self.chain.expected = None
                self.swept_ms.append(self._sweep_ms)

    def take(self, heartbeat_id: str | None, now: int) -> Answer:
        self.pass_time(now)
        answer = self.chain.take(heartbeat_id, now)
        if isinstance(answer, Beaten):
            self.last_ms = now
        return answer

    def leave(self, heartbeat_id: str | None) -> None:
        """The beat has arrived and nobody reads it yet."""
        self._backlog.append(heartbeat_id)

    def read_late(self, now: int) -> None:
        """The venue turns again and takes what lay there, whoever still waits for an answer."""
        late, self._backlog = self._backlog, []
        for heartbeat_id in late:
            self.take(heartbeat_id, now)


@dataclass
class Trader:
    """A keeper as the heart sees it: it looks often, and may be stopped for a while like a process with SIGSTOP."""

    heart: Heart
    venue: Venue
    stopped_until: int = 0
    fate: Callable[[], str] = lambda: "heard"

    def turn(self, now: int) -> None:
        if now < self.stopped_until or now < self.heart.due_ms or self.heart.stage is Stage.TAKEN:
            return
        sent = self.heart.beat()
        fate = self.fate()
        if fate == "late":  # it is taken when the venue turns again
            self.venue.leave(sent)
            self.heart.heard(LOST, Ms(now))
            return
        answer = self.venue.take(sent, now)
        self.heart.heard(LOST if fate == "unheard" else answer, Ms(now))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("step_ms", [200, 1_000, 2_000], ids=["speed 2", "speed 10", "speed 20"])
def test_stalls_and_lost_and_late_beats_never_make_our_own_chain_somebody_elses(
    seed: int, step_ms: int
) -> None:
    dice, venue = Random(seed), Venue()
    fates = ("heard", "heard", "heard", "unheard", "late")
    trader = Trader(Heart(NOON), venue, fate=lambda: dice.choice(fates))
    for now in range(NOON, NOON + 600_000, step_ms):
        if dice.random() < 0.03:
            trader.stopped_until = now + dice.choice((2_000, 6_000, 11_000, 16_000, 30_000))
        if dice.random() < 0.1:
            venue.read_late(now)
        venue.pass_time(now)
        trader.turn(now)
        assert trader.heart.stage is not Stage.TAKEN, f"after {now - NOON} ms"
    trader.fate, trader.stopped_until = (lambda: "heard"), 0
    venue.read_late(NOON + 600_000)
    for now in range(NOON + 600_000, NOON + 640_000, step_ms):
        trader.turn(now)

    assert trader.heart.beats


def test_a_late_beat_of_ours_that_begins_the_chain_after_a_sweep_is_watched_and_not_taken_for_anothers() -> (
    None
):
    venue = Venue()
    trader = Trader(Heart(NOON), venue)
    fates = iter(["heard", "late", "unheard", "heard", "heard"])
    trader.fate = lambda: next(fates, "heard")
    for now in range(NOON, NOON + 8_000, 100):
        trader.turn(now)
    stalled = NOON + 25_000
    venue.pass_time(stalled)
    assert venue.swept_ms
    venue.read_late(stalled)
    for now in range(stalled, stalled + 20_000, 100):
        trader.turn(now)
        assert trader.heart.stage is not Stage.TAKEN

    assert trader.heart.beats


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("left_ms", [0, 40_000])
def test_of_two_traders_one_goes_on_and_one_is_found_also_when_both_stall(seed: int, left_ms: int) -> None:
    """``left_ms``: how long the first was alone before the second came."""
    dice, venue = Random(seed), Venue()
    fates = ("heard",) * 8 + ("unheard", "late")
    first = Trader(Heart(NOON), venue, fate=lambda: dice.choice(fates))
    second = Trader(Heart(Ms(NOON + left_ms)), venue, fate=lambda: dice.choice(fates))
    stalls_end = NOON + left_ms + 60_000
    for now in range(NOON, stalls_end + 90_000, 250):
        if now < stalls_end and dice.random() < 0.01:
            first.stopped_until = second.stopped_until = now + dice.choice((6_000, 12_000, 20_000))
        if now < stalls_end and dice.random() < 0.02:
            dice.choice((first, second)).stopped_until = now + dice.choice((6_000, 12_000, 20_000))
        if now >= stalls_end:
            first.fate = second.fate = lambda: "heard"
        if dice.random() < 0.1:
            venue.read_late(now)
        venue.pass_time(now)
        for trader in (first, second):
            trader.turn(now)

    stages = sorted(trader.heart.stage for trader in (first, second))
    assert stages == sorted([Stage.RUNNING, Stage.TAKEN])


@pytest.mark.parametrize("gone_ms", [500, 4_000, 9_000, 16_000, 70_000])
@pytest.mark.parametrize("last_was_lost", [False, True])
def test_a_restart_of_our_own_is_never_somebody_else(gone_ms: int, last_was_lost: bool) -> None:
    venue = Venue()
    before = Trader(Heart(NOON), venue)
    for now in range(NOON, NOON + 12_000, 100):
        before.fate = lambda: "late" if last_was_lost and now >= NOON + 10_000 else "heard"  # noqa: B023
        before.turn(now)

    began = NOON + 12_000 + gone_ms
    after = Trader(Heart(Ms(began), before.heart.next_id), venue)
    for now in range(began, began + 40_000, 100):
        if now == began + 3_000:
            venue.read_late(now)
        venue.pass_time(now)
        after.turn(now)
        assert after.heart.stage is not Stage.TAKEN

    assert after.heart.beats


def test_a_naive_trader_that_takes_whatever_id_it_is_told_is_found() -> None:
    venue = Venue()
    trader = Trader(Heart(NOON), venue)
    for now in range(NOON, NOON + 60_000, 100):
        trader.turn(now)
        if now >= NOON + 21_000 and (now - NOON) % 5_000 == 1_000:
            venue.take(venue.chain.expected, now)

    assert trader.heart.stage is Stage.TAKEN


def test_a_heart_that_may_not_beat_from_its_start_learns_of_the_sweep_too() -> None:
    heart = Heart(NOON)
    now = NOON
    while now < NOON + SWEPT_AFTER_MS:
        heart.hold_back(now)
        assert heart.swept_ms is None
        now = heart.due_ms

    heart.hold_back(now)

    assert heart.swept_ms == now, "a dead shard's rows must not hold the wallet back for ever"


def test_a_chain_that_lives_was_not_swept() -> None:
    heart = Heart(NOON)
    heart.heard(Beaten("one"), NOON)

    heart.heard(Mismatched("two"), Ms(NOON + 20_000))
    heart.hold_back(Ms(NOON + 21_000))

    assert heart.swept_ms is None, "a late beat of ours, or another's, has kept the orders alive"
