"""Arming and what ends it: the rows, who may, what stands in the way, and two who are at it at once."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from django.db import transaction
from pytest_django import Settings

from core.arming import UNUSED_MS
from core.units import Ms
from infra import checks, clock, heartbeat, redis
from risk import services
from risk.access.people import Actor
from risk.alerts.own import arming as found_of_arming
from risk.arming import arming, armings, preflight
from risk.arming.arming import Expiry
from risk.errors import ArmRefused, Contended, NotAllowed, NothingToArm, ReasonMissing
from risk.models import Arming, Audit, Preflight
from tests.risk.conftest import NOON, OPERATOR, RISK_ADMIN, VIEWER, after, halt, together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("armable", "healthy")]
WALLET: Final = "0x" + "ab" * 17 + "9f31c2"
PHRASE: Final = "trade simulated money from 9f31c2"


@pytest.fixture
def armable(settings: Settings, redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal that must be armed, whose trader beats, and whose preflight has nothing to fail."""
    monkeypatch.setattr(checks, "_for_money", {})
    monkeypatch.setattr(checks, "_askings", [])
    chosen = {"paper_trading": False, "arming_required": True, "wallet_address": WALLET}
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=chosen)
    heartbeat.beat("trader", NOON)


def arm(
    *, at: int = 1_000, by: Actor = RISK_ADMIN, typed: str = PHRASE, reason: str = "a quiet evening"
) -> int:
    return arming.arm(typed=typed, reason=reason, by=by, at=after(at)).arming_id


def passed(at: int = 0) -> Preflight:
    return preflight.run(by=OPERATOR, at=after(at))


def armed(at: int = 0) -> bool:
    return armings.is_armed(after(at))


def expire(at: int) -> None:
    Expiry().look(at=after(at))


def test_a_risk_admin_arms_after_a_preflight_and_it_is_on_record() -> None:
    passed()

    number = arm()

    assert armed(1_000)
    row = Arming.objects.get()
    assert (row.pk, row.mode, row.wallet, row.by_name, row.reason) == (
        number,
        "rehearsal",
        WALLET,
        "rita",
        "a quiet evening",
    )
    assert (row.process, row.used, row.ended) == (heartbeat.LIFE, None, None)
    link = Audit.objects.order_by("-number")[0]
    assert (link.what, link.target, link.who, link.outcome) == ("arm", WALLET, "rita", "done")


def test_a_preflight_keeps_what_every_check_said() -> None:
    checks.register("clock", lambda: checks.passed("clock", "on time"))
    checks.register_for_money("key", lambda: checks.failed("key", "held by web too", "take it out"))

    row = passed()

    assert not row.passed
    assert [(c["name"], c["verdict"], c["next_step"]) for c in row.checks] == [
        ("clock", "pass", ""),
        ("key", "fail", "take it out"),
    ]
    assert (row.mode, row.wallet, row.by_name) == ("rehearsal", WALLET, "olga")
    with pytest.raises(ArmRefused, match=r"the newest preflight failed \(key\)"):
        arm()


def test_a_warning_that_real_money_does_not_forgive_fails_the_preflight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "_unforgiven", {"alerts"})
    for name in ("alerts", "limits"):
        checks.register(name, lambda name=name: checks.warned(name, "hm", "look"))  # type: ignore[misc]

    row = passed()

    assert {c["name"]: c["verdict"] for c in row.checks} == {"alerts": "fail", "limits": "warn"}
    assert [check.verdict for check in checks.run_all()] == ["warn", "warn"], "readiness forgives it"


def test_a_later_preflight_that_fails_voids_an_earlier_one() -> None:
    passed()
    checks.register("balance", lambda: checks.failed("balance", "0 pUSD", "send some"))
    passed(at=500)

    with pytest.raises(ArmRefused, match="balance"):
        arm()


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"at": 600_001}, "600 s old"),
        ({"typed": "yes"}, f"type exactly: {PHRASE}"),
    ],
)
def test_what_stands_in_the_way_is_said_and_recorded(how: dict[str, Any], why: str) -> None:
    passed()

    with pytest.raises(ArmRefused, match=why):
        arm(**how)

    assert not Arming.objects.exists()
    assert Audit.objects.order_by("-number")[0].outcome == "refused"


def test_without_a_preflight_nobody_arms() -> None:
    with pytest.raises(ArmRefused, match="no preflight was run for this wallet"):
        arm()


def test_without_a_trader_nobody_arms() -> None:
    passed()
    redis.client(redis.Db.BUS).flushdb()

    with pytest.raises(ArmRefused, match="no trader runs"):
        arm()


def test_a_preflight_of_another_wallet_counts_for_nothing(settings: Settings) -> None:
    passed()
    other = "0x" + "cd" * 20
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"wallet_address": other})

    with pytest.raises(ArmRefused, match="no preflight was run for this wallet"):
        arm(typed="trade simulated money from cdcdcd")


@pytest.mark.parametrize("by", [VIEWER, OPERATOR])
def test_only_a_risk_admin_arms(by: Actor) -> None:
    passed()

    with pytest.raises(NotAllowed):
        arm(by=by)

    assert not armed(1_000)


def test_arming_needs_a_reason() -> None:
    passed()

    with pytest.raises(ReasonMissing):
        arm(reason=" ")


def test_nobody_arms_what_is_halted_and_a_halt_disarms_nobody() -> None:
    passed()
    halt()
    with pytest.raises(ArmRefused, match="trading is halted: reset first, then arm"):
        arm()
    services.reset_trading(reason="fine", by=RISK_ADMIN, at=after(500))
    arm()

    halt(at=after(2_000))

    assert armed(2_000), "a halt stops orders; the arming is a person's word and stays"


def test_where_nothing_is_armed_it_says_so(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"arming_required": None})

    with pytest.raises(NothingToArm, match="nothing is armed in rehearsal"):
        arm()
    assert armings.state(at=NOON) == {"needed": False}


def test_an_operator_disarms_at_any_time_and_gives_no_reason() -> None:
    passed()
    arm()

    assert arming.disarm(reason="", by=OPERATOR, at=after(2_000))

    assert not armed(2_000)
    row = Arming.objects.get()
    assert (row.ended_by_name, row.ended_reason) == ("olga", "by olga")
    assert not arming.disarm(reason="", by=OPERATOR, at=after(3_000)), "again is fine"
    with pytest.raises(NotAllowed):
        arming.disarm(reason="", by=VIEWER, at=after(3_000))


def test_unused_for_fifteen_minutes_it_expires_by_itself() -> None:
    passed()
    arm(at=0)

    expire(UNUSED_MS - 1)
    assert Arming.objects.get().ended is None
    expire(UNUSED_MS)

    row = Arming.objects.get()
    assert (row.ended_by_name, row.ended_reason) == ("watchdog", "unused: no order left for 15 minutes")
    assert Audit.objects.order_by("-number")[0].what == "expire-arming"


def test_each_order_begins_the_fifteen_minutes_anew() -> None:
    passed()
    number = arm(at=0)

    assert arming.use_arming(number, at=after(UNUSED_MS - 1))
    expire(UNUSED_MS + 1)

    assert Arming.objects.get().ended is None
    assert not arming.use_arming(number, at=after(2 * UNUSED_MS)), "expired is over, ended on record or not"


def test_nothing_leaves_under_one_that_was_ended() -> None:
    passed()
    number = arm()
    arming.disarm(reason="", by=OPERATOR, at=after(2_000))

    assert not arming.use_arming(number, at=after(2_001))
    assert not arming.use_arming(number + 1, at=after(2_001))
    assert Arming.objects.get().used is None


def test_it_ends_with_its_trader_once_that_is_silent_for_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    passed()
    arm(at=0)
    expiry, real = Expiry(), 1_000_000
    monkeypatch.setattr(clock, "monotonic_ms", lambda: real)
    redis.client(redis.Db.BUS).flushdb()

    assert not armed(1_000), "who may trade asks at once"
    expiry.look(at=after(1_000))
    assert Arming.objects.get().ended is None, "a light may flicker"
    real += 10_000
    expiry.look(at=after(11_000))

    assert str(Arming.objects.get().ended_reason).startswith("the trader it was given for has ended")


def test_one_that_stays_outlives_its_trader_and_expires_all_the_same(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"live_stays_armed": True})
    passed()
    arm(at=0)
    redis.client(redis.Db.BUS).flushdb()

    assert armed(1_000)
    assert armings.armed_here("a later life", after(1_000)) is not None
    assert armings.armed_here("a later life", after(UNUSED_MS)) is None


def test_a_trader_of_another_life_is_not_armed() -> None:
    passed()
    arm()

    assert armings.armed_here(heartbeat.LIFE, after(2_000)) is not None
    assert armings.armed_here("a later life", after(2_000)) is None


def test_what_was_left_by_another_wallet_is_ended_by_the_next_who_arms(settings: Settings) -> None:
    passed()
    arm()
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"wallet_address": "0x" + "cd" * 20})
    assert not armed(2_000)
    passed(at=2_000)

    arm(at=3_000, typed="trade simulated money from cdcdcd")

    first, second = Arming.objects.order_by("pk")
    assert (first.ended_reason, second.ended) == ("it was given for another mode or wallet", None)


@pytest.mark.django_db(transaction=True)
def test_of_several_who_arm_at_once_one_does() -> None:
    passed()
    refused: list[Exception] = []

    def try_it() -> None:
        try:
            arm()
        except (ArmRefused, Contended) as error:
            refused.append(error)

    together(4, try_it)

    assert (Arming.objects.count(), len(refused)) == (1, 3)


@pytest.mark.django_db(transaction=True)
def test_however_arm_disarm_halt_and_use_meet_nothing_is_used_after_its_end() -> None:
    passed()
    number = arm()
    used_after_end: list[int] = []

    def use() -> None:
        with transaction.atomic():
            taken = arming.use_arming(number, at=after(3_000))
            if taken and Arming.objects.get(pk=number).ended is not None:
                used_after_end.append(number)

    together(
        2,
        use,
        lambda: arming.disarm(reason="", by=OPERATOR, at=after(2_000)),
        lambda: halt(at=after(2_000)),
    )

    assert used_after_end == []
    assert Arming.objects.get().ended is not None
    assert not armed(3_000)
    assert not arming.use_arming(number, at=after(4_000))


def test_arming_and_its_end_are_told(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"live_stays_armed": True})
    passed()
    arm(at=0)
    (told,) = found_of_arming(after(1_000))
    assert told.text == f"Armed by rita: simulated money of {WALLET} may be spent (a quiet evening)"

    expire(UNUSED_MS)

    codes = [found.code.value for found in found_of_arming(after(UNUSED_MS))]
    assert "disarmed" in codes
    assert list(found_of_arming(after(3 * UNUSED_MS))) == []


def test_who_trades_hears_of_both(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    heard: list[tuple[str, str | None, Ms]] = []
    monkeypatch.setattr(
        "risk.notices.tell_runners",
        lambda event: heard.append((type(event).__name__, event.reason, event.heard_ms)),
    )
    with django_capture_on_commit_callbacks(execute=True):
        passed()
        arm()
        arming.disarm(reason="", by=OPERATOR, at=after(2_000))

    assert heard == [("Resumed", "armed", after(1_000)), ("Halted", "not_armed", after(2_000))]
