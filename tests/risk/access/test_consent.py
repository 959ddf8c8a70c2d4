"""The second person: who may be one, how long it holds, and that it is good for one thing once."""

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from infra import checks
from risk import selectors, services
from risk.access import colleagues, consent
from risk.access.consent import STRANGERS_FOR, WAITS_MS
from risk.access.people import ADMIN_TOKEN, Actor, Role
from risk.access.powers import Control
from risk.audit import check as audit_check
from risk.errors import (
    ConsentOver,
    Contended,
    NotAllowed,
    NotInPerson,
    NotOneself,
    SecondPersonNeeded,
    UnknownConsent,
)
from risk.models import Audit, Consent
from tests.risk.conftest import after, halt, with_role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("healthy")]

DAY_MS = int(STRANGERS_FOR.total_seconds() * 1000)


@pytest.fixture(autouse=True)
def two_are_asked_for(settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"second_person": True})


@pytest.fixture
def remy(db: None) -> User:
    return with_role(User.objects.create_user("remy", password="another long passphrase"), Role.RISK_ADMIN)


def acting(user: User, role: Role = Role.RISK_ADMIN) -> Actor:
    return Actor(user.get_username(), role, "127.0.0.1", user)


def reset(by: User, *, at: int = 1000, override: bool = False) -> None:
    services.reset_trading(reason="feed was restarted", by=acting(by), at=after(at), override=override)


def asked(by: User, *, at: int = 1000, override: bool = False) -> int:
    with pytest.raises(SecondPersonNeeded) as waits:
        reset(by, at=at, override=override)
    return waits.value.consent_id


def is_halted() -> bool:
    return selectors.halt_in_force() is not None


def test_a_reset_waits_for_another_risk_admin_and_says_for_whom(rita: User, remy: User) -> None:
    halt()

    with pytest.raises(SecondPersonNeeded, match=r"until 12:10:01 UTC \(remy\)"):
        reset(rita)

    assert is_halted()
    (row,) = consent.waiting(after(2000))
    assert (row.what, row.asked_by, list(consent.who_may_agree(row))) == ("reset", rita, ["remy"])


def test_once_another_agreed_who_asked_resets(rita: User, remy: User) -> None:
    halt()
    consent.agree(consent_id=asked(rita), by=acting(remy), at=after(5000))

    reset(rita, at=6000)

    assert not is_halted()
    assert not consent.waiting(after(6001))
    said = {row.what: row for row in Audit.objects.exclude(what="halt")}
    assert list(said) == ["ask-consent", "consent", "reset"]
    assert (said["consent"].who, said["consent"].after["asked_by"]) == ("remy", "rita")
    assert (said["reset"].who, said["reset"].after["agreed_by"]) == ("rita", "remy")
    assert audit_check.verify().broken is None


def test_asking_again_waits_under_the_same_number(rita: User, remy: User) -> None:
    halt()

    assert asked(rita) == asked(rita, at=2000)
    assert Audit.objects.filter(what="ask-consent").count() == 1


def test_who_asked_cannot_agree(rita: User, remy: User) -> None:
    halt()

    with pytest.raises(NotOneself, match="rita asked for it"):
        consent.agree(consent_id=asked(rita), by=acting(rita), at=after(2000))

    assert Audit.objects.filter(what="consent", outcome="refused", who="rita").count() == 1
    asked(rita, at=3000)
    assert is_halted()


def test_the_agreement_is_for_who_asked(rita: User, remy: User) -> None:
    """Otherwise somebody agrees to their own reset by way of another's."""
    halt()
    consent.agree(consent_id=asked(rita), by=acting(remy), at=after(2000))

    asked(remy, at=3000)

    assert is_halted()


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
def test_a_lower_role_cannot_agree(rita: User, olga: User, role: Role) -> None:
    halt()

    with pytest.raises(NotAllowed, match="consent needs the role risk-admin"):
        consent.agree(consent_id=asked(rita), by=acting(olga, role), at=after(2000))


@pytest.mark.parametrize("by", [Actor(ADMIN_TOKEN, Role.RISK_ADMIN, "10.1.2.3", None), services.shell()])
def test_the_machines_tokens_and_shells_are_nobody(rita: User, by: Actor) -> None:
    halt()

    with pytest.raises(NotInPerson, match="SECOND_PERSON=false"):
        services.reset_trading(reason="all fine", by=by, at=after(1000))
    with pytest.raises(NotInPerson):
        consent.agree(consent_id=asked(rita), by=by, at=after(2000))

    assert is_halted()


def test_a_persons_token_is_not_the_person(rita: User, remy: User) -> None:
    """A risk admin makes tokens for others too, and would hold both voices."""
    halt()
    by = Actor("remy by token robot", Role.RISK_ADMIN, "10.1.2.3", remy)

    with pytest.raises(NotInPerson):
        consent.agree(consent_id=asked(rita), by=by, at=after(2000))


def test_whoever_was_let_in_by_the_other_just_now_is_no_second_person(rita: User, remy: User) -> None:
    halt()
    made = colleagues.make_user(name="sock", role=Role.RISK_ADMIN, by=acting(rita), at=after(0))
    number = asked(rita)

    with pytest.raises(NotOneself, match=r"rita let sock in within the last day \(make-user, audit \d+\)"):
        consent.agree(consent_id=number, by=acting(made), at=after(2000))

    assert consent.agree(consent_id=number, by=acting(remy), at=after(3000)).given_by == remy


def test_a_link_made_with_the_admin_token_may_have_been_made_by_the_other(rita: User, remy: User) -> None:
    halt()
    number = asked(rita)
    by = Actor(ADMIN_TOKEN, Role.RISK_ADMIN, "10.1.2.3", None)
    colleagues.set_role(name="remy", role=Role.RISK_ADMIN, reason="back again", by=by, at=after(0))

    with pytest.raises(NotOneself, match="token admin let remy in"):
        consent.agree(consent_id=number, by=acting(remy), at=after(2000))


def test_a_colleague_of_long_standing_is_a_second_person(rita: User) -> None:
    halt()
    made = colleagues.make_user(name="mate", role=Role.RISK_ADMIN, by=acting(rita), at=after(0))
    later = DAY_MS + 1000

    given = consent.agree(consent_id=asked(rita, at=later), by=acting(made), at=after(later + 1))

    assert given.given_by == made


def test_nobody_agrees_after_its_time(rita: User, remy: User) -> None:
    halt()
    number = asked(rita)

    with pytest.raises(ConsentOver, match="could be agreed to until 12:10:01 UTC"):
        consent.agree(consent_id=number, by=acting(remy), at=after(1000 + WAITS_MS))

    assert asked(rita, at=1000 + WAITS_MS) != number


def test_an_agreement_runs_out(rita: User, remy: User) -> None:
    halt()
    number = asked(rita)
    consent.agree(consent_id=number, by=acting(remy), at=after(2000))

    assert asked(rita, at=1000 + WAITS_MS) != number
    assert is_halted()


def test_an_agreement_is_used_once(rita: User, remy: User) -> None:
    halt()
    number = asked(rita)
    row = consent.agree(consent_id=number, by=acting(remy), at=after(2000))
    reset(rita, at=3000)

    with pytest.raises(ConsentOver, match="was used already"):
        consent.use(row, at=after(4000))
    with pytest.raises(ConsentOver, match="was carried out at 12:00:03 UTC"):
        consent.agree(consent_id=number, by=acting(remy), at=after(4000))
    halt("again", at=after(5000))
    assert asked(rita, at=6000) != number


def test_a_halt_pressed_meanwhile_needs_a_word_of_its_own(rita: User, remy: User) -> None:
    halt()
    number = asked(rita)
    consent.agree(consent_id=number, by=acting(remy), at=after(2000))
    halt("no, wait", at=after(2500))

    assert asked(rita, at=3000) != number
    assert is_halted()


def test_an_agreement_unused_because_halt_was_pressed_in_the_same_moment_stays(
    rita: User, remy: User
) -> None:
    halt()
    row = consent.agree(consent_id=asked(rita), by=acting(remy), at=after(2000))

    def pressed_meanwhile() -> checks.Check:
        halt("no, wait", at=after(2500))
        return checks.passed("slow", "took a while")

    checks.register("slow", pressed_meanwhile)
    with pytest.raises(Contended):
        reset(rita, at=3000)

    row.refresh_from_db()
    assert row.used is None
    assert is_halted()


def test_who_lost_the_role_since_has_not_agreed(rita: User, remy: User) -> None:
    halt()
    consent.agree(consent_id=asked(rita), by=acting(remy), at=after(2000))
    remy.groups.clear()

    with pytest.raises(SecondPersonNeeded, match="let a second risk admin in first"):
        reset(rita, at=3000)


def test_declining_ends_it(rita: User, remy: User) -> None:
    halt()
    number = asked(rita)
    consent.end(consent_id=number, reason="the feed is still torn", by=acting(remy), at=after(2000))

    with pytest.raises(ConsentOver, match="remy ended it: the feed is still torn"):
        consent.agree(consent_id=number, by=acting(remy), at=after(3000))
    assert asked(rita, at=4000) != number
    assert Audit.objects.get(what="decline-consent").who == "remy"


def test_an_agreement_can_be_taken_back_before_use(rita: User, remy: User) -> None:
    halt()
    number = asked(rita)
    consent.agree(consent_id=number, by=acting(remy), at=after(2000))
    consent.end(consent_id=number, reason="I was wrong", by=acting(remy), at=after(2500))

    asked(rita, at=3000)

    assert is_halted()


def test_what_is_passed_over_must_have_been_agreed_to(rita: User, remy: User) -> None:
    halt()
    failing = {"feeds"}

    def check(name: str) -> checks.Check:
        return checks.failed(name, "bad", "mend it") if name in failing else checks.passed(name, "fine")

    checks.register("feeds", lambda: check("feeds"))
    checks.register("redis", lambda: check("redis"))
    number = asked(rita, override=True)
    consent.agree(consent_id=number, by=acting(remy), at=after(2000))
    failing.add("redis")

    assert asked(rita, at=3000, override=True) != number

    failing.clear()
    reset(rita, at=4000, override=True)
    assert Consent.objects.get(pk=number).used is not None


def test_without_the_setting_one_is_enough(rita: User, settings: Settings) -> None:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"second_person": False})
    halt()

    reset(rita)

    assert not is_halted()
    assert consent.second(Control.ARM, about={}, reason="", by=services.shell(), at=after(0)) is None


def test_a_number_nothing_waits_under_is_said(remy: User) -> None:
    with pytest.raises(UnknownConsent, match="nothing waits under the number 77"):
        consent.agree(consent_id=77, by=acting(remy), at=after(0))


def test_the_doctor_says_when_nobody_could_agree(rita: User) -> None:
    from risk.checks import somebody_can_agree

    assert somebody_can_agree().detail == "asked for, and 1 risk admin: nobody could agree to a reset"
