"""Whatever happens and whatever fails: nobody is flooded, woken for nothing, left untold, or told twice.

Method: a seeded evening of alerts that begin, are acknowledged and end; a channel that fails now and then; the
decision is asked every second or so and what it says is done. What was said is then held against the rules.
"""

import itertools
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from core.units import Ms
from risk.alerts.decision import TRIES_MAX, Kind, Standing, Tried, due
from tests.examples import FULL, examples
from tests.risk.alerts.test_decision import MIN, POLICY, S, an_alert
from tests.risk.conftest import NOON

EVENING_MS = 10 * 60 * MIN  # from noon to 22:00
NIGHT_MS = 24 * 60 * MIN
SEEDS = range(examples(40))


class Evening:
    """One channel's history with some alerts. ``failing`` is how many of a hundred tries fail; a try takes less than
    ``takes_ms``."""

    def __init__(
        self,
        seed: int,
        *,
        alerts: int,
        failing: int,
        lasts_ms: int,
        step_ms: int = 15_000,
        takes_ms: int = 1,
    ) -> None:
        self.chance = Random(seed)
        self.failing, self.takes_ms = failing, takes_ms
        self.tries: list[Tried] = []
        self.messages: list[tuple[Ms, Kind]] = []
        self.facts = [self._an_alert(n, lasts_ms) for n in range(1, alerts + 1)]
        for now in range(NOON, NOON + lasts_ms, step_ms):
            self._tell(Ms(now))

    def _an_alert(self, alert_id: int, lasts_ms: int) -> Standing:
        chance = self.chance
        # Troubles come together: half of them begin within the same minutes.
        began = NOON + (chance.randrange(5 * MIN) if chance.random() < 0.5 else chance.randrange(lasts_ms))
        alert = an_alert(alert_id, severity=chance.randrange(4), began=Ms(began))
        acknowledged = Ms(began + chance.randrange(90 * MIN)) if chance.random() < 0.3 else None
        ended = Ms(began + chance.randrange(120 * MIN)) if chance.random() < 0.6 else None
        if acknowledged is not None and ended is not None and ended < acknowledged:
            acknowledged = None
        return replace(alert, acknowledged=acknowledged, ended=ended)

    def standing(self, now: Ms) -> list[Standing]:
        """The alerts as their rows are at ``now``."""
        return [
            replace(
                fact,
                acknowledged=fact.acknowledged if (fact.acknowledged or now + 1) <= now else None,
                ended=fact.ended if (fact.ended or now + 1) <= now else None,
            )
            for fact in self.facts
            if fact.began <= now
        ]

    def _tell(self, now: Ms) -> None:
        at, known = now, self.standing(now)
        over = {alert.alert_id for alert in known if alert.ended is not None}
        while messages := due(known, self.tries, channel="json", now=at, policy=POLICY):
            first = messages[0]
            failed = self.chance.randrange(100) < self.failing
            at = Ms(at + self.chance.randrange(self.takes_ms))
            self.messages.append((at, first.kind))
            self.tries += [
                Tried(
                    each.alert_id,
                    first.kind,
                    at,
                    each.number,
                    succeeded=not failed,
                    over=each.alert_id in over,
                )
                for each in first.tells
            ]
            at = Ms(at + 1)

    def of(self, alert: Standing) -> list[Tried]:
        return [each for each in self.tries if each.alert_id == alert.alert_id]

    def told(self, alert: Standing) -> list[Tried]:
        return [each for each in self.of(alert) if each.succeeded]


@pytest.fixture(scope="module", params=SEEDS)
def evening(request: pytest.FixtureRequest) -> Evening:
    failing = (0, 20, 60, 100)[request.param % 4]
    return Evening(request.param, alerts=60, failing=failing, lasts_ms=3 * 60 * MIN)


def test_nobody_gets_more_messages_a_minute_than_agreed(evening: Evening) -> None:
    moments = [at for at, _ in evening.messages]

    for at in moments:
        assert sum(at - MIN < other <= at for other in moments) <= POLICY.messages_a_minute


def test_nobody_is_told_again_before_its_time(evening: Evening) -> None:
    for alert in evening.facts:
        told = [each for each in evening.told(alert) if alert.ended is None or each.at < alert.ended]
        for before, after in itertools.pairwise(told):
            assert after.at - before.at >= POLICY.repeat[alert.severity]


def test_nobody_is_told_of_what_somebody_sees_to(evening: Evening) -> None:
    for alert in evening.facts:
        if alert.acknowledged is None:
            continue
        late = [each for each in evening.of(alert) if each.at >= alert.acknowledged]
        assert all(alert.ended is not None and each.at >= alert.ended for each in late)


def test_an_end_is_told_once_and_only_to_who_heard_of_the_beginning(evening: Evening) -> None:
    for alert in evening.facts:
        told = evening.told(alert)
        of_end = [each for each in told if each.over]
        assert len(of_end) <= 1
        if Kind.ENDED in {each.kind for each in told}:
            assert len(told) > len(of_end)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_end_is_told_however_long_each_message_takes(seed: int) -> None:
    evening = Evening(seed, alerts=30, failing=0, lasts_ms=3 * 60 * MIN, takes_ms=10 * S)
    until = NOON + 3 * 60 * MIN - 10 * MIN

    heard = [alert for alert in evening.facts if evening.told(alert) and (alert.ended or until) < until]
    needless = [alert for alert in heard if alert.acknowledged == alert.ended]

    assert heard
    assert [
        alert
        for alert in heard
        if alert not in needless and [each.over for each in evening.told(alert)].count(True) != 1
    ] == []


def test_tries_are_few_counted_and_spaced(evening: Evening) -> None:
    for alert in evening.facts:
        tries = evening.of(alert)
        for before, after in itertools.pairwise(tries):
            assert after.number in {1, before.number + 1}
            assert after.number <= TRIES_MAX
            if after.number > 1:
                assert not before.succeeded
                assert after.at - before.at >= POLICY.retry[before.number - 1]


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_in_force_is_told_by_a_channel_that_works(seed: int) -> None:
    evening = Evening(seed, alerts=80, failing=0, lasts_ms=3 * 60 * MIN)
    until = NOON + 3 * 60 * MIN - 10 * MIN

    untold = [
        alert
        for alert in evening.facts
        if alert.began < until and alert.acknowledged is None and not evening.told(alert)
    ]

    assert untold == []


@pytest.mark.parametrize("seed", range(10 if FULL else 3))  # asked each second, an evening takes some
def test_a_p0_never_waits_longer_than_a_minute(seed: int) -> None:
    evening = Evening(seed, alerts=80, failing=0, lasts_ms=3 * 60 * MIN, step_ms=1_000)

    for alert in evening.facts:
        first = evening.of(alert)[:1]
        if alert.severity == 0 and first:
            assert first[0].at - alert.began <= MIN + 2 * S


@pytest.mark.parametrize("seed", range(10))
def test_the_night_is_quiet_for_p3_and_nothing_of_it_is_lost(seed: int) -> None:
    evening = Evening(seed, alerts=40, failing=0, lasts_ms=NIGHT_MS, step_ms=60_000)
    of_p3 = {alert.alert_id: alert for alert in evening.facts if alert.severity == 3}

    assert [each for each in evening.tries if each.alert_id in of_p3 and POLICY.quiet.holds(each.at)] == []
    began_at_night = [
        alert
        for alert in of_p3.values()
        if POLICY.quiet.holds(alert.began)
        and alert.acknowledged is None
        and alert.began < NOON + 18 * 60 * MIN
    ]
    kinds = Counter(evening.told(alert)[0].kind for alert in began_at_night)
    assert set(kinds) <= {Kind.DIGEST}
    assert sum(kinds.values()) == len(began_at_night)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_channel_that_fails_changes_nothing_for_another(seed: int) -> None:
    """The decision on a channel sees its own tries alone: there is nothing that could leak."""
    alone = Evening(seed, alerts=30, failing=0, lasts_ms=60 * MIN)
    beside_a_failing_one = Evening(seed, alerts=30, failing=0, lasts_ms=60 * MIN)
    Evening(seed, alerts=30, failing=100, lasts_ms=60 * MIN)

    assert alone.tries == beside_a_failing_one.tries
