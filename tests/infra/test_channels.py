"""Channels: what arrives, what a failure says, and that an address is never repeated."""

import logging
from collections.abc import Iterator

import pytest

from infra import channels
from infra.channels import Channel, Note, Tone, Unusable
from tests.receivers import Receiver, receiver

TOKEN = "Tok3nOfThisTest-9f8e7d6c5b4a"
NOTE = Note("[DEMO] P1 a title", "a body\nwith two lines", Tone.BAD)


@pytest.fixture
def people() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


def one(url: str) -> Channel:
    return channels.opened([url])[0]


def test_a_note_arrives_as_it_was_written(people: Receiver) -> None:
    verdict = one(people.url()).send(NOTE)

    assert (verdict.succeeded, verdict.detail) == (True, "taken")
    (told,) = people.received
    assert (told.title, told.body, told.type) == (NOTE.title, NOTE.body, "failure")


class Lines(logging.Handler):
    """Everything that would be written, at any level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += f"{record.name}: {record.getMessage()}\n"


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What reaches the root logger, which is where ``infra.logs`` listens. (``caplog`` listens everywhere.)"""
    root, found = logging.getLogger(), Lines()
    level = root.level
    root.addHandler(found)
    root.setLevel(logging.NOTSET)
    yield found
    root.removeHandler(found)
    root.setLevel(level)


def test_a_service_that_refuses_is_quoted_without_the_address(people: Receiver, lines: Lines) -> None:
    verdict = one(people.url(f"/refuse/{TOKEN}?password={TOKEN}")).send(NOTE)

    assert not verdict.succeeded
    assert "error=500" in verdict.detail
    assert TOKEN not in verdict.detail
    assert TOKEN not in lines.text


def test_nobody_at_the_address_is_told_as_such() -> None:
    verdict = one(f"json://127.0.0.1:9/{TOKEN}").send(NOTE)

    assert not verdict.succeeded
    assert "onnection" in verdict.detail
    assert TOKEN not in verdict.detail


def test_a_service_that_hangs_costs_one_thread_and_no_more_than_the_limit(
    people: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "SEND_MS", 100)
    hanging = one(people.url("/hang"))

    first = hanging.send(NOTE)
    second = hanging.send(NOTE)

    assert "it may still arrive" in first.detail
    assert second.detail == "still busy with the message before"


async def test_a_loop_is_not_blocked_by_a_service_that_hangs(
    people: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "SEND_MS", 100)

    assert not (await one(people.url("/hang")).send_from_loop(NOTE)).succeeded
    assert (await one(people.url()).send_from_loop(NOTE)).succeeded


def test_a_channel_is_free_again_when_its_service_answers(people: Receiver) -> None:
    slow = one(people.url("/hang"))
    waiting = slow.start(NOTE)
    people.let_go.set()

    assert waiting.result(10).succeeded
    assert slow.send(NOTE).succeeded


def test_channels_of_one_kind_are_numbered(people: Receiver) -> None:
    found = channels.opened([people.url("/a"), people.url("/b"), "mailto://ada:pw@example.org"])

    assert [channel.name for channel in found] == ["json", "json 2", "mailto"]
    assert repr(found) == "[<Channel json>, <Channel json 2>, <Channel mailto>]"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("json://a/", ["json://a/"]),
        ("json://a/, tgram://b/c\n\n mailto://d@e.org ", ["json://a/", "tgram://b/c", "mailto://d@e.org"]),
        ("mailto://me@a.org?to=b@a.org,c@a.org", ["mailto://me@a.org?to=b@a.org,c@a.org"]),
        ("json://a,json://b", ["json://a", "json://b"]),
    ],
)
def test_addresses_stand_on_lines_or_with_spaces_or_commas_between(text: str, found: list[str]) -> None:
    assert channels.split(text) == found


@pytest.mark.parametrize(
    ("addresses", "says"),
    [
        ([f"nosuch://{TOKEN}/x"], "number 1 (nosuch) is not one that apprise understands"),
        (["json://a/", f"tgram://{TOKEN}"], "number 2 (tgram) is not one that apprise understands"),
        ([TOKEN], "number 1 is no address: it must begin with a scheme such as tgram://"),
        (["json://a/"] * 11, "11 addresses, at most 10 are told"),
    ],
)
def test_a_bad_address_is_named_by_number_and_scheme_only(
    addresses: list[str], says: str, lines: Lines
) -> None:
    with pytest.raises(Unusable) as refused:
        channels.opened(addresses)

    assert str(refused.value) == says
    assert TOKEN not in lines.text
