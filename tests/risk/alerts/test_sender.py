"""Messages reach a real receiver, each try a row; what fails is tried again; nothing of an address gets out."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import Future

import pytest
from django.test import Client
from pydantic import SecretStr
from pytest_django import Settings

from core.units import Ms
from infra import channels, clock
from polyloly_site.deadman import SILENT_MS, TRIES_MAX, DeadMan
from risk.alerts import rows, sender
from risk.alerts.catalogue import AlertCode
from risk.alerts.sender import RETRY_MS, Sender
from risk.models import Alert, Delivery
from tests.receivers import Receiver, receiver
from tests.risk.http.test_doors import ADMIN_TOKEN, OPERATOR_TOKEN, post
from tests.servers import wait_until

pytestmark = pytest.mark.django_db
SECRET = "/hook/a-secret-path-0123456789"


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


def told_by(there: Receiver, path: str = SECRET) -> Sender:
    (channel,) = channels.opened([there.url(path)])
    return Sender(channel)


def an_alert(text: str = "Kill switch activated: manual_halt (odd)") -> Alert:
    made = rows.raise_alert(AlertCode.KILL_SWITCH, text, at=clock.now_ms(), about="1")
    assert made is not None
    return made


def test_an_alert_is_told_once_with_everything_a_sleeper_needs(there: Receiver) -> None:
    alert, telling = an_alert(), told_by(there)

    telling.look()
    telling.look()

    (message,) = there.received
    assert message.title == "[DEMO] P0: Kill switch activated: manual_halt (odd)"
    assert "docs/runbook.md#kill-switch-by-reason" in message.body
    assert "/alerts/" in message.body
    assert " UTC" in message.body
    (row,) = Delivery.objects.all()
    assert (row.alert, row.kind, row.channel, row.number, row.succeeded) == (alert, "first", "json", 1, True)
    assert Alert.objects.get().told == row.at


def test_its_end_is_told_too(there: Receiver) -> None:
    alert, telling = an_alert(), told_by(there)
    telling.look()
    rows.clear_alert(alert.key, at=clock.now_ms())

    telling.look()

    assert there.titles()[1:] == ["[DEMO] over: Kill switch activated: manual_halt (odd)"]


def test_an_end_in_the_very_moment_of_the_telling_is_told(
    there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now)
    alert, telling = an_alert(), told_by(there)
    telling.look()
    rows.clear_alert(alert.key, at=now)

    telling.look()
    telling.look()

    assert [row.over for row in Delivery.objects.order_by("pk")] == [False, True]
    assert there.titles()[1:] == ["[DEMO] over: Kill switch activated: manual_halt (odd)"]


class OverMeanwhile(channels.Channel):
    """A channel that takes its time: by the end of the first message the alert is over."""

    def __init__(self, real: channels.Channel, alert: Alert) -> None:
        self.name = real.name
        self._real, self._alert = real, alert

    def send(self, note: channels.Note) -> channels.Verdict:
        rows.clear_alert(self._alert.key, at=clock.now_ms())
        return self._real.send(note)


def test_an_end_while_the_message_was_on_its_way_is_told(there: Receiver) -> None:
    (real,) = channels.opened([there.url(SECRET)])
    telling = Sender(OverMeanwhile(real, an_alert()))

    telling.look()
    telling.look()

    assert there.titles()[1:] == ["[DEMO] over: Kill switch activated: manual_halt (odd)"]


def test_what_was_over_before_it_was_told_is_said_to_be_over(there: Receiver) -> None:
    alert, telling = an_alert(), told_by(there)
    rows.clear_alert(alert.key, at=clock.now_ms())

    telling.look()
    telling.look()

    (message,) = there.received
    assert message.title == "[DEMO] P0, over: Kill switch activated: manual_halt (odd)"
    assert re.search(r"from \S+ \S+ to \S+ UTC", message.body)
    assert Delivery.objects.get().over


def test_a_channel_that_fails_is_tried_again_and_keeps_no_other(
    there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_alert()
    bad, good = map(Sender, channels.opened([there.url("/refuse/me"), there.url(SECRET)]))
    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now)

    bad.look()
    good.look()
    for wait in RETRY_MS:
        now = Ms(now + wait)
        bad.look()

    assert len(there.titles("/hook")) == 1
    failed = Delivery.objects.filter(succeeded=False).order_by("pk")
    assert [row.number for row in failed] == [1, 2, 3]
    assert not any("refuse" in row.detail or row.detail == "me" for row in failed)


def test_what_a_market_is_called_is_no_markup(there: Receiver) -> None:
    an_alert("Kill switch activated: <script>alert(1)</script>\n# big")

    told_by(there).look()

    assert "\n" not in there.received[0].title


@pytest.fixture
def addressed(settings: Settings, there: Receiver) -> None:
    chosen = {
        "alert_urls": SecretStr(there.url(SECRET)),
        "operator_token": SecretStr(OPERATOR_TOKEN),
        "admin_token": SecretStr(ADMIN_TOKEN),
    }
    settings.POLYLOLY = settings.POLYLOLY.model_copy(update=chosen)


@pytest.mark.usefixtures("addressed")
def test_the_test_button_tells_everybody_and_says_so(client: Client, there: Receiver) -> None:
    answer = post(client, "/api/v1/alerts/test", token=OPERATOR_TOKEN)

    assert json.loads(answer.content) == [{"channel": "json", "succeeded": True, "detail": "taken"}]
    assert there.titles() == ["[DEMO] test"]
    assert Delivery.objects.get().kind == "test"


@pytest.mark.usefixtures("addressed")
def test_alerts_over_http_from_their_list_to_somebodys_word(client: Client) -> None:
    alert = an_alert()
    bearer = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}

    listed = json.loads(client.get("/api/v1/alerts?in_force=true", headers=bearer).content)
    seen = post(client, f"/api/v1/alerts/{alert.pk}/acknowledge", token=OPERATOR_TOKEN)

    assert [each["id"] for each in listed["items"]] == [alert.pk]
    assert json.loads(seen.content)["acknowledged_by"] == "token operator"
    assert post(client, "/api/v1/alerts/999/acknowledge", token=OPERATOR_TOKEN).status_code == 404
    assert client.get("/api/v1/deliveries", headers=bearer).status_code == 200


@pytest.mark.usefixtures("addressed")
def test_nothing_of_an_address_is_in_a_row_or_an_answer(client: Client, there: Receiver) -> None:
    there.refusing = True
    an_alert()
    for each in sender.opened():
        Sender(each).look()
    answer = post(client, "/api/v1/alerts/test", token=OPERATOR_TOKEN)

    written = json.dumps(list(Delivery.objects.values("channel", "detail")))
    assert Delivery.objects.filter(succeeded=False).count() == 2
    assert "a-secret-path" not in written + answer.content.decode()


class Silence:
    """A dead man who hears of ops what the test says."""

    def __init__(self, there: Receiver, *paths: str) -> None:
        self.there = there
        self.seen = {"ops"}
        addresses = [there.url(path) for path in paths or ("/hook",)]
        self.man = DeadMan(channels.opened(addresses), "demo", seen=lambda: frozenset(self.seen))
        self.man.look(0)

    def look_until(self, now: int, words: str, path: str = "/hook") -> None:
        """Look at one moment again and again, until a message with these words is there."""

        def told() -> bool:
            self.man.look(now)
            return any(words in title for title in self.there.titles(path))

        wait_until(told, what=f"message {words!r}", timeout_s=30)


def test_a_silence_of_who_tells_everything_is_told_once_and_its_end(there: Receiver) -> None:
    silence = Silence(there)
    silence.seen.clear()
    for now in (1_000, SILENT_MS - 1):
        silence.man.look(now)
    assert there.titles() == []

    silence.look_until(SILENT_MS, "Bot silent")
    silence.man.look(SILENT_MS + 1_000)
    silence.seen.add("ops")
    silence.look_until(SILENT_MS + 2_000, "back")
    silence.man.look(SILENT_MS + 3_000)

    assert there.titles() == ["[DEMO] P0: Bot silent", "[DEMO] back"]


def test_an_end_waits_for_the_word_of_the_silence_to_arrive(there: Receiver) -> None:
    silence = Silence(there, "/hang", "/hook")
    silence.seen.clear()
    silence.look_until(SILENT_MS, "Bot silent")
    silence.seen.add("ops")
    silence.look_until(SILENT_MS + 1_000, "back")
    assert there.titles("/hang") == []

    there.let_go.set()
    silence.look_until(SILENT_MS + 2_000, "back", "/hang")

    assert there.titles("/hang") == ["[DEMO] P0: Bot silent", "[DEMO] back"]


class Moody(channels.Channel):
    """A channel that answers at once, and refuses while it is told to."""

    def __init__(self) -> None:
        self.name = "moody"
        self.refuses = True
        self.said: list[str] = []

    def start(self, note: channels.Note) -> "Future[channels.Verdict]":
        self.said.append(note.title)
        sent: Future[channels.Verdict] = Future()
        sent.set_result(channels.Verdict(succeeded=not self.refuses, detail="moody"))
        return sent


def test_a_silence_that_did_not_get_through_is_told_again_but_not_for_ever() -> None:
    seen = {"ops"}
    moody = Moody()
    man = DeadMan([moody], "demo", seen=lambda: frozenset(seen))
    man.look(0)
    seen.clear()

    for now in range(SILENT_MS, SILENT_MS + 3_600_000, 1_000):
        man.look(now)
    assert moody.said == ["[DEMO] P0: Bot silent"] * TRIES_MAX

    moody.refuses = False
    seen.add("ops")
    man.look(4_000_000)
    seen.clear()
    for now in (4_001_000, 4_000_000 + SILENT_MS, 4_100_000):
        man.look(now)
    assert len(moody.said) == TRIES_MAX + 1, "the next silence is told, and once"


def test_nobody_is_silent_before_being_heard(there: Receiver) -> None:
    man = DeadMan(channels.opened([there.url()]), "demo", seen=frozenset)

    for now in (0, SILENT_MS, 3 * SILENT_MS):
        man.look(now)

    assert there.titles() == []
