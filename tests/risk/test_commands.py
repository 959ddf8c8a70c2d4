"""``manage.py halt``, ``reset``, ``halt_market``, ``resume_market``."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from infra import checks
from risk import selectors
from risk.models import Audit
from tests.risk.conftest import halt
from tests.risk.limits.test_breakers import opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("healthy")]


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue().strip()


def test_halting_says_what_happened() -> None:
    assert run("halt", "books look torn") == "halted, round 1: manual_halt, books look torn"
    assert run("halt", "still") == "halted, round 2: manual_halt, books look torn"
    assert Audit.objects.filter(who__startswith="shell of ").count() == 2


def test_a_halt_needs_no_words() -> None:
    assert run("halt", "") == "halted, round 1: manual_halt"


def test_reset_ends_the_halt() -> None:
    halt()

    assert run("reset", "looked at everything") == "trading goes on"
    assert selectors.halt_in_force() is None


def test_reset_fails_with_the_reason() -> None:
    halt()
    checks.register("redis", lambda: checks.failed("redis", "no answer", "start it"))

    with pytest.raises(CommandError, match=r"redis: no answer \(start it\)"):
        run("reset", "hope")


def test_reset_goes_on_in_spite_of_a_failing_check_when_told_to() -> None:
    halt()
    checks.register("redis", lambda: checks.failed("redis", "no answer", "start it"))
    with pytest.raises(CommandError, match="--override, which is recorded"):
        run("reset", "hope")

    assert run("reset", "Redis is being moved tonight", "--override") == "trading goes on"

    assert Audit.objects.get(what="reset", outcome="done").after["override"][0]["check"] == "redis"


def test_a_market_is_halted_and_resumed_by_slug(market: str) -> None:
    assert run("halt_market", "t1-hle-game1", "odd") == f"market {market} halted, round 1"
    assert run("resume_market", "t1-hle-game1", "fine") == f"market {market} resumed"

    with pytest.raises(CommandError, match="is not halted"):
        run("resume_market", "t1-hle-game1", "fine")
    opened()
    assert run("resume_market", "t1-hle-game1", "fine") == f"market {market} resumed"
    assert selectors.breakers_in_force() == ()

    with pytest.raises(CommandError, match="no market has the id or slug 'nowhere'"):
        run("halt_market", "nowhere", "odd")
