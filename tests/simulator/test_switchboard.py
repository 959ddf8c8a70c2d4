"""Faults by themselves: their dice, their counts, their agenda. No server."""

import pytest

from core.units import Ms
from simulator.faults.catalogue import ALWAYS, MEANING, Fault, Name
from simulator.faults.switchboard import AGENDA_MAX, Faults

START = Ms(1_800_000_000_000)


class Clock:
    def __init__(self) -> None:
        self.now_ms = START

    def __call__(self) -> Ms:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def faults(clock: Clock) -> Faults:
    return Faults(clock)


def test_nothing_strikes_while_everything_is_off(faults: Faults) -> None:
    assert not any(faults.strikes(name) for name in Name)
    assert all(tally.asked == tally.done == 0 for tally in faults.tallies.values())


def test_every_fault_says_what_it_does() -> None:
    assert set(MEANING) == set(Name)


@pytest.mark.parametrize("rate", [1, 50, 500, ALWAYS])
def test_a_fault_strikes_about_as_often_as_its_rate_says_and_counts_it(faults: Faults, rate: int) -> None:
    faults.switch_on(Fault(Name.LATE, rate, seed=3))

    struck = sum(faults.strikes(Name.LATE) for _ in range(10_000))

    assert faults.tallies[Name.LATE].asked == 10_000
    assert faults.tallies[Name.LATE].done == struck
    assert struck == pytest.approx(rate * 10, abs=3 * (rate * 10) ** 0.5)


def test_the_same_seed_strikes_the_same_opportunities_and_another_seed_others(clock: Clock) -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(clock)
        faults.switch_on(Fault(Name.DROP_BEFORE, 300, seed))
        return [faults.strikes(Name.DROP_BEFORE) for _ in range(100)]

    assert struck(1) == struck(1) != struck(2)


def test_a_fault_with_a_target_strikes_nothing_else(faults: Faults) -> None:
    faults.switch_on(Fault(Name.LATE, ALWAYS, seed=1, target="/order"))

    assert faults.strikes(Name.LATE, "/orders")
    assert not faults.strikes(Name.LATE, "/book")
    assert not faults.strikes(Name.LATE)
    assert faults.tallies[Name.LATE].asked == 1


def test_a_fault_ends_by_itself_when_its_time_is_over(faults: Faults, clock: Clock) -> None:
    faults.switch_on(Fault(Name.TEAR, ALWAYS, seed=1, for_ms=Ms(5_000)))

    clock.now_ms = Ms(START + 4_999)
    faults.step(clock.now_ms)
    assert faults.strikes(Name.TEAR)

    clock.now_ms = Ms(START + 5_000)
    faults.step(clock.now_ms)
    assert not faults.strikes(Name.TEAR)
    assert faults.tallies[Name.TEAR].done == 1, "what it did is still known"


def test_switching_off_names_some_or_all(faults: Faults) -> None:
    for name in (Name.LATE, Name.TEAR, Name.SKEW):
        faults.switch_on(Fault(name, ALWAYS, seed=1))

    faults.switch_off(Name.TEAR)
    assert set(faults.on) == {Name.LATE, Name.SKEW}

    faults.switch_off()
    assert not faults.on


def test_what_was_put_off_happens_in_the_order_of_time_also_after_switching_off(faults: Faults) -> None:
    done: list[str] = []
    faults.later(Ms(START + 200), lambda: done.append("second"))
    faults.later(Ms(START + 100), lambda: done.append("first"))
    faults.later(Ms(START + 300), lambda: done.append("third"))

    faults.switch_off()
    faults.step(Ms(START + 200))
    assert done == ["first", "second"]

    faults.finish()
    assert done == ["first", "second", "third"]

    faults.later(Ms(START + 400), lambda: done.append("at once"))
    assert done[-1] == "at once", "a server that stops waits for nothing"


def test_the_agenda_has_an_end(faults: Faults) -> None:
    done: list[int] = []
    for _ in range(AGENDA_MAX):
        faults.later(Ms(START + 1), lambda: None)
    assert faults.full

    faults.later(Ms(START + 1), lambda: done.append(1))

    assert done == [1], "beyond it nothing is put off"


def test_whole_seconds_are_counted_once(faults: Faults) -> None:
    assert faults.step(Ms(START + 900)) == 0
    assert faults.step(Ms(START + 1_100)) == 1
    assert faults.step(Ms(START + 1_900)) == 0
    assert faults.step(Ms(START + 5_000)) == 4


@pytest.mark.parametrize("rate", [0, -1, 1_001])
def test_a_rate_outside_its_thousandths_is_refused(rate: int) -> None:
    with pytest.raises(ValueError, match="thousandths"):
        Fault(Name.LATE, rate, seed=1)


def test_seconds_are_for_the_clock_only() -> None:
    assert Fault(Name.SKEW, ALWAYS, seed=1, seconds=-30).seconds == -30
    with pytest.raises(ValueError, match="takes no seconds"):
        Fault(Name.LATE, ALWAYS, seed=1, seconds=3)
