"""Who is told what, and when: the cases one by one."""

from dataclasses import replace

import pytest

from core.units import Ms
from risk.alerts.decision import Kind, Message, Policy, Standing, Telling, Tried, due
from risk.alerts.quiet import QuietHours
from tests.risk.conftest import NOON

S, MIN = 1_000, 60_000
POLICY = Policy(
    quiet=QuietHours(22 * 60, 7 * 60),
    repeat=(5 * MIN, 15 * MIN, 60 * MIN, 720 * MIN),
    retry=(5 * S, 30 * S),
    minute=MIN,
    late=10 * MIN,
    messages_a_minute=10,
)
MIDNIGHT = Ms(NOON + 12 * 60 * MIN)


def after(ms: int, *, since: Ms = NOON) -> Ms:
    return Ms(since + ms)


def an_alert(alert_id: int = 1, *, severity: int = 1, began: Ms = NOON) -> Standing:
    return Standing(
        alert_id, severity, repeats=True, began=began, acknowledged=None, ended=None, except_on=None
    )


def tried(
    at: Ms = NOON,
    *,
    kind: Kind = Kind.FIRST,
    number: int = 1,
    failed: bool = False,
    over: bool | None = None,
) -> Tried:
    said = kind is Kind.ENDED if over is None else over
    return Tried(1, kind, at, number, succeeded=not failed, over=said)


def owed(alert: Standing, *tries: Tried, now: Ms) -> list[tuple[Kind, int]]:
    """What one alert owes a channel: each message's kind and the number of the try."""
    found = due([alert], tries, channel="json", now=now, policy=POLICY)
    return [(message.kind, telling.number) for message in found for telling in message.tells]


def test_a_new_alert_is_told_at_once() -> None:
    assert owed(an_alert(), now=NOON) == [(Kind.FIRST, 1)]


def test_it_is_told_once() -> None:
    assert owed(an_alert(), tried(), now=after(14 * MIN)) == []


@pytest.mark.parametrize(("severity", "minutes"), [(0, 5), (1, 15), (2, 60)])
def test_it_is_told_again_as_often_as_it_is_grave(severity: int, minutes: int) -> None:
    alert = an_alert(severity=severity)

    assert owed(alert, tried(), now=after(minutes * MIN - 1)) == []
    assert owed(alert, tried(), now=after(minutes * MIN)) == [(Kind.AGAIN, 1)]


def test_one_that_does_not_repeat_is_told_once_and_no_more() -> None:
    assert owed(replace(an_alert(), repeats=False), tried(), now=after(600 * MIN)) == []


def test_nobody_is_told_again_once_somebody_acknowledged_it() -> None:
    seen = replace(an_alert(), acknowledged=after(MIN))

    assert owed(seen, tried(), now=after(60 * MIN)) == []
    assert owed(seen, now=after(2 * MIN)) == [], "nor the first time: somebody knows"


def test_the_end_is_told_to_whom_the_beginning_was() -> None:
    over = replace(an_alert(), ended=after(3 * MIN))

    assert owed(over, tried(), now=after(3 * MIN)) == [(Kind.ENDED, 1)]
    assert owed(over, tried(), tried(after(3 * MIN), kind=Kind.ENDED), now=after(4 * MIN)) == []


def test_the_end_of_an_acknowledged_one_is_told_too() -> None:
    over = replace(an_alert(), acknowledged=after(MIN), ended=after(3 * MIN))

    assert owed(over, tried(), now=after(3 * MIN)) == [(Kind.ENDED, 1)]


def test_what_ended_by_being_acknowledged_needs_no_end() -> None:
    over = replace(an_alert(), acknowledged=after(MIN), ended=after(MIN))

    assert owed(over, tried(), now=after(MIN)) == []


def test_one_that_was_over_before_anybody_was_told_is_told_all_the_same() -> None:
    over = replace(an_alert(), ended=after(2 * S))

    assert owed(over, now=after(3 * S)) == [(Kind.FIRST, 1)]
    assert owed(over, tried(after(3 * S), over=True), now=after(4 * S)) == [], "the message said so"


@pytest.mark.parametrize("told", [after(2 * S), after(12 * S)])
def test_an_end_while_the_message_was_on_its_way_is_told(told: Ms) -> None:
    over = replace(an_alert(), ended=after(2 * S))

    assert owed(over, tried(told), now=after(13 * S)) == [(Kind.ENDED, 1)]


def test_old_news_is_no_news() -> None:
    over = replace(an_alert(), ended=after(2 * S))

    assert owed(over, now=after(11 * MIN)) == []


def test_a_failed_try_is_repeated_twice_with_growing_pauses() -> None:
    alert, first = an_alert(), tried(failed=True)
    second = tried(after(5 * S), number=2, failed=True)
    third = tried(after(35 * S), number=3, failed=True)

    assert owed(alert, first, now=after(5 * S - 1)) == []
    assert owed(alert, first, now=after(5 * S)) == [(Kind.FIRST, 2)]
    assert owed(alert, first, second, now=after(35 * S - 1)) == []
    assert owed(alert, first, second, now=after(35 * S)) == [(Kind.FIRST, 3)]
    assert owed(alert, first, second, third, now=after(5 * MIN)) == []
    assert owed(alert, first, second, third, now=after(15 * MIN + 35 * S)) == [(Kind.FIRST, 1)]


def test_an_end_that_could_not_be_told_is_given_up_after_three_tries() -> None:
    over = replace(an_alert(), ended=after(MIN))
    tries = [tried()] + [
        tried(after(MIN + n * 30 * S), kind=Kind.ENDED, number=n, failed=True) for n in (1, 2, 3)
    ]

    assert owed(over, *tries[:2], now=after(5 * MIN)) == [(Kind.ENDED, 2)]
    assert owed(over, *tries, now=after(600 * MIN)) == []


def test_the_end_is_told_at_once_though_the_last_repetition_failed() -> None:
    over = replace(an_alert(), ended=after(16 * MIN))
    failed = tried(after(15 * MIN), kind=Kind.AGAIN, number=1, failed=True)

    assert owed(over, tried(), failed, now=after(16 * MIN)) == [(Kind.ENDED, 1)]


def test_what_never_got_through_has_no_end_to_tell() -> None:
    over = replace(an_alert(), ended=after(5 * MIN))
    gave_up = tried(after(MIN), number=3, failed=True)

    assert owed(over, gave_up, now=after(5 * MIN)) == []


def test_a_failing_channel_is_not_told_of_itself() -> None:
    about = replace(an_alert(), except_on="json")

    assert due([about], [], channel="json", now=NOON, policy=POLICY) == []
    assert len(due([about], [], channel="tgram", now=NOON, policy=POLICY)) == 1


class TestAtNight:
    def test_p3_waits_for_the_morning_and_comes_as_one_message(self) -> None:
        night = [an_alert(n, severity=3, began=after(n * MIN, since=MIDNIGHT)) for n in (1, 2, 3)]
        morning = after(7 * 60 * MIN, since=MIDNIGHT)

        assert due(night, [], channel="json", now=Ms(morning - 1), policy=POLICY) == []
        assert due(night, [], channel="json", now=morning, policy=POLICY) == [
            Message(Kind.DIGEST, (Telling(1, 1), Telling(2, 1), Telling(3, 1)))
        ]

    def test_what_was_over_by_then_is_in_it(self) -> None:
        over = replace(an_alert(severity=3, began=MIDNIGHT), ended=after(MIN, since=MIDNIGHT))

        assert owed(over, now=after(7 * 60 * MIN, since=MIDNIGHT)) == [(Kind.DIGEST, 1)]

    def test_a_digest_that_failed_is_tried_again_as_one(self) -> None:
        night = [an_alert(n, severity=3, began=MIDNIGHT) for n in (1, 2)]
        morning = after(7 * 60 * MIN, since=MIDNIGHT)
        tries = [Tried(n, Kind.DIGEST, morning, 1, succeeded=False, over=False) for n in (1, 2)]

        found = due(night, tries, channel="json", now=after(5 * S, since=morning), policy=POLICY)

        assert found == [Message(Kind.DIGEST, (Telling(1, 2), Telling(2, 2)))]

    @pytest.mark.parametrize("severity", [0, 1, 2])
    def test_anything_graver_wakes_people(self, severity: int) -> None:
        assert owed(an_alert(severity=severity, began=MIDNIGHT), now=MIDNIGHT) == [(Kind.FIRST, 1)]

    def test_p3_of_the_day_is_told_by_day(self) -> None:
        assert owed(an_alert(severity=3), now=NOON) == [(Kind.FIRST, 1)]


class TestAFlood:
    def test_the_gravest_come_one_by_one_and_the_rest_as_one(self) -> None:
        flood = [an_alert(n, severity=1) for n in range(1, 22)]

        found = due(flood, [], channel="json", now=NOON, policy=POLICY)

        assert [message.kind for message in found] == [Kind.FIRST] * 9 + [Kind.MORE]
        assert [telling.alert_id for telling in found[-1].tells] == list(range(10, 22)), "and 12 more"

    def test_what_is_not_urgent_may_use_half_and_keeps_no_p0_waiting(self) -> None:
        calm = [an_alert(n, severity=2) for n in range(1, 30)]
        found = due(calm, [], channel="json", now=NOON, policy=POLICY)
        assert [message.kind for message in found] == [Kind.FIRST] * 4 + [Kind.MORE]

        tries = [
            Tried(telling.alert_id, message.kind, after(n), 1, succeeded=True, over=False)
            for n, message in enumerate(found)
            for telling in message.tells
        ]
        late = an_alert(99, severity=0, began=after(S))
        more = an_alert(98, severity=2, began=after(S))

        now = due([*calm, late, more], tries, channel="json", now=after(2 * S), policy=POLICY)

        assert now == [Message(Kind.FIRST, (Telling(99, 1),))]

    def test_nothing_leaves_until_the_minute_is_over(self) -> None:
        tries = [Tried(n, Kind.FIRST, after(n), 1, succeeded=True, over=False) for n in range(1, 11)]
        alerts = [an_alert(n) for n in range(1, 11)] + [an_alert(11, severity=0)]

        assert due(alerts, tries, channel="json", now=after(MIN), policy=POLICY) == []
        assert len(due(alerts, tries, channel="json", now=after(MIN + 1), policy=POLICY)) == 1

    def test_a_rest_that_failed_is_tried_again_as_one(self) -> None:
        tries = [Tried(n, Kind.MORE, NOON, 1, succeeded=False, over=False) for n in (1, 2)]

        found = due([an_alert(1), an_alert(2)], tries, channel="json", now=after(5 * S), policy=POLICY)

        assert found == [Message(Kind.MORE, (Telling(1, 2), Telling(2, 2)))]
