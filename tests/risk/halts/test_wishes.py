"""A halt that the database did not take: kept in two places, written down once by whoever comes first, never lost."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import OperationalError, connections
from pytest_django import Settings

from core.events import Event, Halted
from infra import bus, clock, codec
from infra.redis import Db, client
from risk import selectors, services
from risk.access.people import Actor, Role
from risk.audit import chain
from risk.errors import Contended, HaltKept
from risk.halts import obeyed, pressing, wishes
from risk.models import Audit, Halt, HaltRound
from risk.services import HaltCode, MarketHaltCode
from tests.risk.away import another_writes, the_database_is_away
from tests.risk.conftest import MARKET, NOON, OPERATOR, RISK_ADMIN, after, halt
from tests.servers import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def state(settings: Settings, tmp_path: Path) -> Path:
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update={"state_dir": tmp_path})
    return tmp_path


def halt_kept(detail: str = "feed looks wrong", *, by: Actor = OPERATOR) -> HaltKept:
    """Press while the database is away; what the person is told."""
    with the_database_is_away(), pytest.raises(HaltKept) as raised:
        halt(detail, by=by)
    return raised.value


def halt_market_kept() -> HaltKept:
    with the_database_is_away(), pytest.raises(HaltKept) as raised:
        services.halt_market(market_id=MARKET, code=MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=NOON)
    return raised.value


def said() -> list[Event]:
    kept: Any = client(Db.BUS).xrange(bus.key_of("control"))
    return [codec.load(fields[b"event"]) for _, fields in kept]


@pytest.mark.usefixtures("redis")
def test_a_halt_without_the_database_is_told_and_kept_in_a_file_and_in_redis(state: Path) -> None:
    kept = halt_kept()

    (in_file,) = (state / "var" / "halts").glob("*.json")
    assert client(Db.BUS).hkeys("halt:wishes") == [in_file.stem.encode()]
    assert set(said()) == {Halted(market_id=None, reason="manual_halt", heard_ms=NOON)}
    assert kept.words[0].startswith("not recorded yet: the database does not answer")
    assert "the runners were told by the bus" in kept.words


def test_without_redis_too_the_file_alone_keeps_it_and_the_words_say_so() -> None:
    kept = halt_kept()

    assert [wish.detail for wish in wishes.kept()] == ["feed looks wrong"]
    assert any("only runners on this machine" in words for words in kept.words)


@pytest.mark.usefixtures("redis")
def test_where_no_file_can_be_written_redis_keeps_it_and_the_words_say_so(state: Path) -> None:
    (state / "var").mkdir()
    (state / "var" / "halts").write_text("in the way")

    kept = halt_kept()

    assert [wish.detail for wish in wishes.kept()] == ["feed looks wrong"]
    assert any(words.startswith("it is kept in Redis alone") for words in kept.words)


def test_what_nothing_takes_is_the_databases_own_error(state: Path) -> None:
    (state / "var").mkdir()
    (state / "var" / "halts").write_text("in the way")

    with the_database_is_away(), pytest.raises(OperationalError, match="stopped"):
        halt()


@pytest.mark.usefixtures("redis")
def test_the_words_name_who_has_stopped_and_who_has_not_said_so() -> None:
    for runner in ("shard:0", "shard:1"):
        client(Db.BUS).set(f"loop:{runner}", "1,2")

    def obey() -> None:
        wait_until(lambda: bool(wishes.kept()), what="the halt is kept")
        obeyed.say(wishes.kept()[0].wish_id, "shard:0", "has stopped, with 4 orders open then")

    runner_of_one = threading.Thread(target=obey)
    runner_of_one.start()
    kept = halt_kept()
    runner_of_one.join()

    assert kept.words[-2:] == (
        "shard:0 has stopped, with 4 orders open then",
        "shard:1 has not said that it stopped",
    )


@pytest.mark.usefixtures("redis")
def test_it_becomes_a_row_with_its_own_time_person_and_reason(olga: User) -> None:
    halt_kept("books are odd", by=Actor("olga", Role.OPERATOR, "10.0.0.7", olga))
    assert selectors.halt_in_force() is None

    services.record_wishes(wishes.kept())

    row = Halt.objects.get()
    assert (row.code, row.detail, row.by_name, row.by) == ("manual_halt", "books are odd", "olga", olga)
    assert clock.to_ms(row.began) == NOON
    audit = Audit.objects.get()
    assert (audit.who, audit.from_address, audit.reason) == ("olga", "10.0.0.7", "books are odd")
    assert clock.to_ms(audit.at) == NOON
    assert audit.after["recorded_ms"] > NOON
    assert wishes.kept() == []


@pytest.mark.usefixtures("redis")
def test_several_who_write_it_down_together_make_one_round() -> None:
    halt_kept()
    kept = wishes.kept()

    at_once(4, lambda: services.record_wishes(kept))

    assert HaltRound.objects.count() == 1
    assert Halt.objects.get().pressed == 1
    assert Audit.objects.count() == 1


def at_once(count: int, act: Callable[[], object]) -> None:
    start = threading.Barrier(count)

    def run() -> None:
        start.wait()
        try:
            act()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_file_left_behind_by_a_crash_halts_nothing_again(state: Path) -> None:
    """The row was committed, the process died before it let go of the file, and trading was reset since."""
    halt_kept()
    (path,) = (state / "var" / "halts").glob("*.json")
    text = path.read_bytes()
    services.record_wishes(wishes.kept())
    Halt.objects.update(ended=clock.to_datetime(after(1)))
    path.write_bytes(text)

    services.record_wishes(wishes.kept())

    assert selectors.halt_in_force() is None
    assert wishes.kept() == []


def test_two_presses_without_the_database_are_two_rounds() -> None:
    halt_kept("first")
    halt_kept("second")

    services.record_wishes(wishes.kept())

    assert Halt.objects.get().pressed == 2


def test_a_market_is_halted_without_the_database_too() -> None:
    kept = halt_market_kept()

    services.record_wishes(wishes.kept())

    assert kept.market_id == MARKET
    assert list(selectors.market_halts()) == [MARKET]


@pytest.mark.usefixtures("healthy")
def test_a_reset_writes_down_what_was_pressed_meanwhile_and_is_refused() -> None:
    halt("first")
    halt_kept("second, while the database was away")

    with pytest.raises(Contended, match="written down just now"):
        services.reset_trading(reason="all fine", by=RISK_ADMIN, at=after(1))

    in_force = selectors.halt_in_force()
    assert in_force is not None
    assert in_force.pressed == 2
    services.reset_trading(reason="seen now", by=RISK_ADMIN, at=after(2))
    assert selectors.halt_in_force() is None


def test_nothing_ends_by_itself_over_a_halt_that_is_kept() -> None:
    services.halt_trading(code=HaltCode.VENUE_LOST, detail="no frames", by=OPERATOR, at=NOON)
    halt_kept()

    assert not services.lift_halt(code=HaltCode.VENUE_LOST, reason="well again", by=OPERATOR, at=after(1))

    in_force = selectors.halt_in_force()
    assert in_force is not None
    assert in_force.code == "manual_halt"


def test_a_market_is_not_resumed_over_its_halt_that_is_kept() -> None:
    services.halt_market(market_id=MARKET, code=MarketHaltCode.MANUAL, detail="odd", by=OPERATOR, at=NOON)
    halt_market_kept()

    with pytest.raises(Contended):
        services.resume_market(market_id=MARKET, reason="fine", by=OPERATOR, at=after(1))

    assert selectors.market_halts()[MARKET].pressed == 2


def test_a_halt_that_waits_for_anothers_lock_is_kept_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressing, "PATIENCE_MS", 300)
    with another_writes():
        began = clock.monotonic_ms()
        with pytest.raises(HaltKept):
            halt()
        took = clock.monotonic_ms() - began

    assert took < 3_000
    assert len(wishes.kept()) == 1


@pytest.mark.parametrize("text", [b"", b"{", b'{"wish_id": 7}'])
def test_a_kept_file_that_cannot_be_read_hides_no_other(text: bytes, state: Path) -> None:
    halt_kept()
    (state / "var" / "halts" / "torn.json").write_bytes(text)

    assert len(wishes.kept()) == 1


def test_the_shell_says_what_is_proven_and_what_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with the_database_is_away():
        call_command("halt", "odd books", skip_checks=True)

    said_by_it = capsys.readouterr().out
    assert said_by_it.startswith("halted, not recorded yet: the database does not answer")
    assert [wish.by.startswith("shell of ") for wish in wishes.kept()] == [True]


def test_the_chain_holds_over_a_press_that_was_written_down_late() -> None:
    halt("first")
    halt_kept("second")
    services.record_wishes(wishes.kept())

    first, second = Audit.objects.order_by("number")
    assert second.before_digest == first.digest
    fields = {name: getattr(second, name) for name in chain.FIELDS} | {"at": clock.to_ms(second.at)}
    assert chain.digest(fields) == second.digest
