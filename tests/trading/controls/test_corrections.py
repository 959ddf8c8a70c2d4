"""What was corrected in the rows reaches the engine that runs: each correction once, and no fill twice."""

from collections.abc import Callable

import pytest
from asgiref.sync import async_to_sync

from core import events as ev
from core.engine import Engine
from core.ids import IntentKey, Outcome, Strategy
from core.ledger import Entry, EntryKind
from core.notes import Booked
from core.units import Shares, Usdc, shares, usdc
from risk import services as risk_services
from tests.builders import MARKET, YES, a_deposit, a_fill, a_setup, at
from tests.fakes import RememberingGateway
from tests.trading.conftest import MARKET as BOOKS_MARKET
from tests.trading.reconcile.conftest import LEG, Books
from tests.trading.reconcile.conftest import books as books
from tests.trading.test_runner import Record, a_quoted_stage
from trading import selectors
from trading.controls.corrections import CorrectionWatch, chosen, ledger_with
from trading.reconcile.act import resolve
from trading.runner import Runner, send_at_once


def a_bought_line(fill: ev.FillSeen) -> Entry:
    return Entry(
        EntryKind.BUY,
        MARKET,
        Strategy.PAIR_ARB,
        YES,
        shares("10"),
        Usdc(-usdc("4.8")),
        fill.fill_id,
        at(0),
        None,
    )


def adopted(fill: ev.FillSeen) -> list[ev.Event]:
    """As a resolution tells it: both ways, for the runner to choose."""
    return [fill, ev.Adjusted((a_bought_line(fill),), "adopted", at(0))]


def a_runner(*entries: Entry) -> tuple[Runner, Record]:
    record = Record()
    engine = Engine(a_setup(), entries=[a_deposit(), *entries], sequences={})
    return Runner(engine, RememberingGateway(), record, send=send_at_once, resync=lambda _: None), record


def test_entries_that_are_written_already_are_taken_in_and_not_written_again() -> None:
    runner, record = a_runner()
    line = a_bought_line(a_fill("10", "4.8"))

    runner.take(ev.Adjusted((line,), "counted", at(0)))

    assert runner.engine.ledger.held(MARKET, YES) == shares("10")
    assert runner.engine.ledger.cash == usdc("9995.2")
    assert not [note for step in record.steps for note in step.notes if isinstance(note, Booked)]


def test_an_adopted_fill_of_an_order_that_is_followed_is_told_as_a_fill() -> None:
    stage = a_quoted_stage()
    key: IntentKey = stage.gateway.placed[0].intent.key
    fill = a_fill("10", "4.8", number=int(key.split("|")[3]))

    assert [type(event) for event in chosen(adopted(fill), stage.runner)] == [ev.FillSeen]


def test_an_adopted_fill_of_an_order_that_nobody_follows_is_told_as_its_entries() -> None:
    runner, _ = a_runner()

    assert [type(event) for event in chosen(adopted(a_fill("10", "4.8")), runner)] == [ev.Adjusted]


def test_an_adopted_fill_that_was_booked_here_is_not_booked_again() -> None:
    fill = a_fill("10", "4.8")
    runner, _ = a_runner(a_bought_line(fill))

    for event in chosen(adopted(fill), runner):
        runner.take(event)

    assert runner.engine.ledger.held(MARKET, YES) == shares("10")


@pytest.mark.django_db
def test_each_correction_is_heard_once_or_read_with_the_entries(books: Callable[..., Books]) -> None:
    here = books()
    engine = Engine(a_setup(), entries=selectors.ledger_entries(here.account.pk), sequences={})
    runner = Runner(engine, RememberingGateway(), Record(), send=send_at_once, resync=lambda _: None)
    watch = CorrectionWatch(runner, account_id=here.account.pk, last=0)
    here.held[LEG] -= int(shares("2"))
    (found,) = here.twice().differences

    resolve(found.pk, reason="counted", by=risk_services.shell(), at=here.now)
    for _ in range(2):
        async_to_sync(watch.read)()

    assert held(engine) == shares("8")
    entries, last = ledger_with(here.account.pk)
    started = Engine(a_setup(), entries=entries, sequences={})
    later = Runner(started, RememberingGateway(), Record(), send=send_at_once, resync=lambda _: None)
    async_to_sync(CorrectionWatch(later, account_id=here.account.pk, last=last).read)()
    assert held(started) == shares("8"), "a shard that starts has read it, and hears it no second time"


def held(engine: Engine) -> Shares:
    return engine.ledger.held(BOOKS_MARKET, Outcome.YES)
