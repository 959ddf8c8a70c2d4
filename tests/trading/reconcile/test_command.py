"""``manage.py reconcile`` on paper: the trader's statement is the other side, and the exit says whether it differs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import CommandError, call_command

from core.units import shares, text, usdc
from infra import redis
from tests.trading.conftest import MARKET
from tests.trading.reconcile.conftest import ADJUSTMENT, LEG, Books
from trading import selectors
from trading.models import Entry, Order
from trading.reconcile import rebuild
from trading.reconcile.statement import KEPT_MS, Statement, key_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]
Made = Callable[..., Books]


def leave(here: Books, *, less: str = "0") -> None:
    """The paper venue's word, as the trader leaves it."""
    held = [
        (str(MARKET), leg[1].value, size - shares(less)) for leg, size in here.held.items() if leg is not None
    ]
    said = Statement(here.now, here.cash, held, [])
    redis.client(redis.Db.BUS).set(key_of(here.account.pk), msgspec.json.encode(said), px=KEPT_MS)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """The exit status, and what was said for programs."""
    capsys.readouterr()
    status = 0
    try:
        call_command("reconcile", "--json", *words)
    except SystemExit as ended:
        status = int(str(ended.code))
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, found


def test_nothing_differs_and_the_exit_is_0(books: Made, capsys: pytest.CaptureFixture[str]) -> None:
    here = books()
    leave(here)

    status, said = run(capsys, "--fetch-actual")

    assert (status, said["clean"], said["differences"]) == (0, True, [])
    assert said["figures"] == [
        {"market_id": None, "outcome": None, "ours": text(here.cash, 6), "theirs": text(here.cash, 6)},
        {"market_id": MARKET, "outcome": "yes", "ours": "10", "theirs": "10"},
    ]


def test_a_trader_that_is_silent_is_said_and_is_not_clean(
    books: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    books()

    status, said = run(capsys)

    assert (status, said["clean"], said["differences"]) == (1, False, [])
    assert "start the stack" in said["silent"][0]


def test_what_differs_is_named_and_taken_over_with_a_reason(
    books: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    here = books()
    leave(here, less="4")

    first, seen_once = run(capsys, "--market", MARKET)
    here.pass_minute()
    leave(here, less="4")
    second, seen = run(capsys)
    with pytest.raises(CommandError, match="needs --reason"):
        call_command("reconcile", "--reset-to-actual")
    third, put_right = run(capsys, "--reset-to-actual", "--reason", "counted the chain")

    assert (first, second, third) == (1, 1, 0)
    assert [each["mismatch"] for each in seen_once["differences"] + seen["differences"]] == [False, True]
    assert seen["differences"][0]["kind"] == "wrong_balance"
    assert put_right["differences"] == []
    line = Entry.objects.get(kind=ADJUSTMENT)
    assert (line.shares, line.usdc, line.note) == (-shares("4"), 0, "counted the chain")


def test_people_read_lines(books: Made, capsys: pytest.CaptureFixture[str]) -> None:
    here = books()
    leave(here, less="4")

    with pytest.raises(SystemExit):
        call_command("reconcile", "--verbose")

    said = capsys.readouterr().out
    assert f"seen once: wrong_balance {MARKET} yes" in said
    assert "chain: 6 yes" in said
    assert "it counts when a run at least 30 s later sees it too" in said


def test_a_market_nobody_knows_is_named(db: None) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        call_command("reconcile", "--market", "nowhere")


def test_files_are_written_anew_and_rows_that_are_there_are_left(
    books: Made, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = books(open_order=True)
    leave(here)
    monkeypatch.setattr(rebuild, "_files", [lambda: (tmp_path / "state.json").write_text("{}")])
    entries = list(Entry.objects.order_by("pk").values())

    with pytest.raises(SystemExit):  # the statement knows of no open order; that is for the next run
        call_command("reconcile", "--rebuild-state")

    assert (tmp_path / "state.json").exists()
    assert list(Entry.objects.order_by("pk").values()) == entries
    assert Order.objects.count() == 1
    assert "position: 10 yes, 0 no" in capsys.readouterr().err


def test_on_paper_a_lost_database_is_said_to_be_lost(
    db: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "_files", [])

    call_command("reconcile", "--rebuild-state")

    assert "nothing outlives the database" in capsys.readouterr().err
    assert not selectors.accounts().exists()


def test_the_other_side_of_a_leg_that_is_empty_is_nothing(books: Made) -> None:
    here = books()
    leave(here, less="10")

    found = here.run()

    assert here.held[LEG] == shares("10")
    assert usdc("4.8") == 10_000_000_000 - here.cash
    assert here.kinds(found) == []
