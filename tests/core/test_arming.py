"""When real money may be spent: the table, cell by cell, and what any history of it can come to."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import arming
from core.arming import (
    PREFLIGHT_FRESH_MS,
    TABLE,
    UNUSED_MS,
    Armed,
    Checked,
    Ending,
    Happening,
    Here,
    Place,
    Standing,
)
from core.units import Ms

NOON: Final = Ms(1_761_998_400_000)
WALLET: Final = "0x" + "ab" * 17 + "9f31c2"
LIVE: Final = Place("live", WALLET)
TRADER: Final = frozenset({"first life"})
HERE: Final = Here(LIVE, TRADER, stays=False)


def given_at(began: int = 0, *, used: int | None = None, place: Place = LIVE) -> Armed:
    return Armed(place, Ms(NOON + began), None if used is None else Ms(NOON + used), TRADER)


def refused(
    now: Standing = Standing.NOT_ARMED,
    checked: Checked | None = Checked(NOON, ()),  # noqa: B008 frozen
    *,
    typed: str = "trade real money from 9f31c2",
    lives: frozenset[str] = TRADER,
    at: int = 0,
) -> list[str]:
    found = arming.refusals(now, LIVE, checked, typed=typed, lives=lives, at=Ms(NOON + at))
    return [each.words for each in found]


def test_the_table_is_total() -> None:
    assert set(TABLE) == set(Standing)
    assert all(set(row) == set(Happening) for row in TABLE.values())


@pytest.mark.parametrize(
    ("now", "happening", "then"),
    [
        (Standing.NOT_ARMED, Happening.ARM, Standing.ARMED),
        (Standing.NOT_ARMED, Happening.DISARM, Standing.NOT_ARMED),
        (Standing.NOT_ARMED, Happening.RESET, None),
        (Standing.NOT_ARMED_HALTED, Happening.ARM, None),
        (Standing.NOT_ARMED_HALTED, Happening.RESET, Standing.NOT_ARMED),
        (Standing.ARMED, Happening.ARM, None),
        (Standing.ARMED, Happening.HALT, Standing.ARMED_HALTED),
        (Standing.ARMED, Happening.DISARM, Standing.NOT_ARMED),
        (Standing.ARMED, Happening.UNUSED, Standing.NOT_ARMED),
        (Standing.ARMED, Happening.PROCESS_ENDED, Standing.NOT_ARMED),
        (Standing.ARMED_HALTED, Happening.RESET, Standing.ARMED),
        (Standing.ARMED_HALTED, Happening.DISARM, Standing.NOT_ARMED_HALTED),
        (Standing.ARMED_HALTED, Happening.UNUSED, Standing.NOT_ARMED_HALTED),
    ],
)
def test_a_cell_of_the_table(now: Standing, happening: Happening, then: Standing | None) -> None:
    assert arming.step(now, happening) is then


@pytest.mark.parametrize("now", Standing)
def test_disarming_is_always_allowed_and_always_ends_it(now: Standing) -> None:
    then = arming.step(now, Happening.DISARM)

    assert then is not None
    assert "not armed" in then


@pytest.mark.parametrize(("now", "happening"), [(now, each) for now in Standing for each in Happening])
def test_nothing_but_a_person_arms(now: Standing, happening: Happening) -> None:
    then = arming.step(now, happening)

    if then in (Standing.ARMED, Standing.ARMED_HALTED) and happening is not Happening.ARM:
        assert now in (Standing.ARMED, Standing.ARMED_HALTED)


@given(st.lists(st.sampled_from(Happening), max_size=40))
def test_after_any_history_orders_leave_only_since_an_arming_nothing_ended(history: list[Happening]) -> None:
    now = Standing.NOT_ARMED
    armed = halted = False  # told anew, without the table
    for happening in history:
        then = arming.step(now, happening)
        match happening:
            case Happening.ARM:
                assert (then is not None) == (not armed and not halted)
                armed = armed or not halted
            case Happening.DISARM | Happening.UNUSED | Happening.PROCESS_ENDED:
                armed = False
            case Happening.HALT:
                halted = True
            case Happening.RESET:
                assert (then is not None) == halted
                halted = False
        now = now if then is None else then

        assert arming.may_send(now) == (armed and not halted)
        assert now is arming.standing(armed=armed, halted=halted)


def test_it_holds_until_nothing_left_for_fifteen_minutes() -> None:
    assert UNUSED_MS == 15 * 60_000
    fresh, used = given_at(), given_at(used=60_000)

    assert arming.ending(fresh, HERE, Ms(NOON + UNUSED_MS - 1)) is None
    assert arming.ending(fresh, HERE, Ms(NOON + UNUSED_MS)) is Ending.UNUSED
    assert arming.ending(used, HERE, Ms(NOON + UNUSED_MS)) is None
    assert arming.ending(used, HERE, Ms(NOON + 60_000 + UNUSED_MS)) is Ending.UNUSED


def test_it_ends_with_its_traders_unless_it_stays() -> None:
    after = Here(LIVE, frozenset({"second life"}), stays=False)
    nobody = Here(LIVE, frozenset(), stays=False)
    stays = Here(LIVE, frozenset({"second life"}), stays=True)

    assert arming.ending(given_at(), after, NOON) is Ending.PROCESS_ENDED
    assert arming.ending(given_at(), nobody, NOON) is Ending.PROCESS_ENDED
    assert arming.ending(given_at(), stays, NOON) is None
    assert arming.ending(given_at(), stays, Ms(NOON + UNUSED_MS)) is Ending.UNUSED


@pytest.mark.parametrize("place", [Place("rehearsal", WALLET), Place("live", "0x" + "00" * 20)])
def test_it_counts_for_no_other_mode_and_no_other_wallet(place: Place) -> None:
    assert arming.ending(given_at(place=place), HERE, NOON) is Ending.ELSEWHERE
    assert arming.ending(given_at(place=place), Here(LIVE, TRADER, stays=True), NOON) is Ending.ELSEWHERE


def test_one_from_the_future_does_not_hold_for_ever() -> None:
    assert arming.ending(given_at(1_000), HERE, NOON) is None
    assert arming.ending(given_at(1_001), HERE, NOON) is Ending.CLOCK_BACK


@given(
    began=st.integers(-2_000_000, 2_000_000),
    used=st.none() | st.integers(-2_000_000, 2_000_000),
    earlier=st.integers(0, 3_000_000),
    later=st.integers(0, 3_000_000),
    stays=st.booleans(),
)
def test_what_has_expired_holds_at_no_later_moment(
    *, began: int, used: int | None, earlier: int, later: int, stays: bool
) -> None:
    earlier, later = sorted((earlier, later))
    here = Here(LIVE, TRADER, stays=stays)

    if arming.ending(given_at(began, used=used), here, Ms(NOON + earlier)) is Ending.UNUSED:
        assert arming.ending(given_at(began, used=used), here, Ms(NOON + later)) is Ending.UNUSED


def test_everything_at_hand_and_nothing_stands_in_the_way() -> None:
    assert refused() == []
    assert refused(at=PREFLIGHT_FRESH_MS) == []
    assert refused(typed=" trade real money from 9f31c2\n") == []


def test_a_preflight_counts_for_ten_minutes() -> None:
    assert PREFLIGHT_FRESH_MS == 10 * 60_000
    (words,) = refused(at=PREFLIGHT_FRESH_MS + 1)
    assert words.startswith("the newest preflight is 600 s old and counts for 10 minutes")
    (words,) = refused(at=-60_000)
    assert "60 s old" in words


def test_what_stands_in_the_way_is_told_all_at_once() -> None:
    told = refused(Standing.NOT_ARMED_HALTED, None, typed="yes", lives=frozenset())

    assert [words.partition(":")[0] for words in told] == [
        "trading is halted",
        "no trader runs",
        "no preflight was run for this wallet",
        "type exactly",
    ]


def test_a_preflight_that_failed_is_named() -> None:
    (words,) = refused(checked=Checked(NOON, ("balance", "alerts")))
    assert words.startswith("the newest preflight failed (balance, alerts)")


@pytest.mark.parametrize("now", [Standing.ARMED, Standing.ARMED_HALTED])
def test_nobody_arms_twice(now: Standing) -> None:
    assert refused(now) == ["it is armed already: nothing to do"]


@pytest.mark.parametrize(
    "typed", ["", "trade real money", "Trade real money from 9f31c2", "trade simulated money from 9f31c2"]
)
def test_another_phrase_arms_nothing(typed: str) -> None:
    assert refused(typed=typed) == ["type exactly: trade real money from 9f31c2"]


def test_a_rehearsal_has_other_words_than_real_money() -> None:
    assert arming.phrase(Place("rehearsal", WALLET)) == "trade simulated money from 9f31c2"


@pytest.mark.parametrize(
    ("limits", "admins", "origins", "missing"),
    [
        (True, 1, ["steam", "pandascore"], []),
        (True, 2, ["steam", "steam"], ["a second independent source of matches (has steam)"]),
        (True, 1, [], ["a second independent source of matches (has none)"]),
        (False, 1, ["a", "b"], ["limits that a person agreed to (manage.py agree_limits --reason R)"]),
        (True, 0, ["a", "b"], ["a risk admin (manage.py make_user NAME --role risk-admin)"]),
    ],
)
def test_what_real_money_must_not_start_without(
    *, limits: bool, admins: int, origins: list[str], missing: list[str]
) -> None:
    found = arming.missing_to_start(limits=limits, admins=admins, origins=origins, origins_needed=2)
    assert found == missing
