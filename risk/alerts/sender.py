"""Tells one channel what it is owed, each try a row. One sender and one thread a channel: none waits for another."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from core.units import Ms
from infra import channels, clock, logs, metrics
from infra.channels import Channel, Note, Tone, Verdict
from infra.clock import to_datetime, to_ms
from infra.vigil import Vigil
from risk.alerts import rows, words
from risk.alerts.catalogue import CATALOGUE, AlertCode
from risk.alerts.decision import Kind, Message, Policy, Standing, Tried, due
from risk.alerts.own import except_on
from risk.alerts.quiet import QuietHours
from risk.models import Alert, Delivery

LATE_MS: Final = 3_600_000  # real: over for longer and never told is old news
RETRY_MS: Final = (15_000, 60_000)  # real
MINUTE_MS: Final = 60_000

log = logs.get("alerts")


def opened() -> list[Channel]:
    """The channels of ``ALERT_URLS``, none where this process may not read it."""
    urls = settings.POLYLOLY.alert_urls
    return [] if urls is None else channels.opened(channels.split(urls.get_secret_value()))


def start_all() -> list[Vigil]:
    """A thread for each channel. Only ops does it: two that send would tell everything twice."""
    return [Vigil(f"channel {each.name}", Sender(each).look).start() for each in opened()]


def policy(chosen: Any, speed: Fraction) -> Policy:  # noqa: ANN401 polyloly_site's, which apps do not import
    """The agreed policy in ms of the clock."""

    def real(ms: int) -> int:
        return int(ms * speed)

    minutes = (chosen.repeat_p0_min, chosen.repeat_p1_min, chosen.repeat_p2_min, chosen.repeat_p3_min)
    p0, p1, p2, p3 = (real(each * MINUTE_MS) for each in minutes)
    return Policy(
        quiet=QuietHours(chosen.quiet_from, chosen.quiet_until),
        repeat=(p0, p1, p2, p3),
        retry=(real(RETRY_MS[0]), real(RETRY_MS[1])),
        minute=real(MINUTE_MS),
        late=real(LATE_MS),
        messages_a_minute=chosen.messages_a_minute,
    )


class Sender:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def look(self) -> None:
        """Send everything that is owed now, the gravest first; each try waits at most ``channels.SEND_MS``."""
        now = clock.now_ms()
        agreed = policy(settings.POLYLOLY.alerts, clock.speed())
        alerts = {each.pk: each for each in rows.to_tell(Ms(now - agreed.late))}
        standing = [_standing(each) for each in alerts.values()]
        tries = self._tries(list(alerts), Ms(now - agreed.minute))
        for message in due(standing, tries, channel=self._channel.name, now=now, policy=agreed):
            self._tell(message, alerts)

    def _tries(self, alert_ids: Sequence[int], since: Ms) -> list[Tried]:
        wanted = Q(alert_id__in=alert_ids) | Q(at__gte=to_datetime(since))
        found = Delivery.objects.filter(wanted, channel=self._channel.name, alert__isnull=False)
        return [
            Tried(
                int(each.alert_id or 0),
                Kind(each.kind),
                to_ms(each.at),
                each.number,
                each.succeeded,
                each.over,
            )
            for each in found
        ]

    def _tell(self, message: Message, alerts: dict[int, Alert]) -> None:
        verdict = self._channel.send(words.note_of(message, alerts))
        at = clock.now_ms()
        for telling in message.tells:
            _keep(
                self._channel,
                message.kind,
                verdict,
                at=at,
                number=telling.number,
                alert=alerts[telling.alert_id],
            )
        if verdict.succeeded:
            told = [telling.alert_id for telling in message.tells]
            Alert.objects.filter(pk__in=told).update(told=to_datetime(at))


def _standing(alert: Alert) -> Standing:
    return Standing(
        alert_id=alert.pk,
        severity=alert.severity,
        repeats=CATALOGUE[AlertCode(alert.code)].repeats,
        began=to_ms(alert.began),
        acknowledged=None if alert.acknowledged is None else to_ms(alert.acknowledged),
        ended=None if alert.ended is None else to_ms(alert.ended),
        except_on=except_on(alert),
    )


def _keep(
    channel: Channel, kind: Kind, verdict: Verdict, *, at: Ms, number: int = 1, alert: Alert | None = None
) -> None:
    """``alert`` is as it was read for the message: whether it was over is what the message said."""
    Delivery.objects.create(
        alert=alert,
        kind=kind.value,
        channel=channel.name,
        at=to_datetime(at),
        number=number,
        succeeded=verdict.succeeded,
        over=alert is not None and alert.ended is not None,
        detail=verdict.detail,
    )
    if not verdict.succeeded:
        metrics.ALERTS_NOT_TOLD.labels(channel=channel.name).inc()
        log.error(
            "alert not told", event_type="error", channel=channel.name, why=verdict.detail, number=number
        )


def send_test(by_name: str) -> dict[str, Verdict]:
    """A test message to every channel, one after the other; what became of each. Empty without channels."""
    mode = settings.POLYLOLY.mode.value.upper()
    note = Note(f"[{mode}] test", f"{by_name} tests this channel.\nconsole: {words.console()}", Tone.CALM)
    return {each.name: _test(each, note) for each in opened()}


def _test(channel: Channel, note: Note) -> Verdict:
    verdict = channel.send(note)
    _keep(channel, Kind.TEST, verdict, at=clock.now_ms())
    return verdict
