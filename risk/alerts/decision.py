"""What one channel is to be told now. Pure: rows go in, messages come out; nothing is remembered in between.

Each channel is decided on alone, from the tries on it: one that fails stops no other. Per alert and channel:

    never tried                     tell it at once
    last try failed, fewer than 3   try again after a pause
    told, or given up               tell it again after its repeat, while it is neither over nor acknowledged
    told, and over by now           say that it is over, unless a message said so

P3 waits while it is quiet and then comes as one digest. Of more than ``messages_a_minute`` the rest comes as one;
P2 and P3 may use half of them, so that a flood of those keeps no P0 waiting.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.units import Ms
from risk.alerts.quiet import QuietHours

TRIES_MAX: Final = 3
URGENT: Final = 1  # P0 and P1
WAITS: Final = 3  # P3


class Kind(StrEnum):
    """What a message says. The last two concern no alert."""

    FIRST = "first"
    AGAIN = "again"
    ENDED = "ended"
    DIGEST = "digest"  # what was held back while it was quiet
    MORE = "more"  # the rest, when there was too much to say
    TEST = "test"
    SILENCE = "silence"


TOGETHER: Final = frozenset({Kind.DIGEST, Kind.MORE})


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert as far as telling goes. ``except_on``: the channel that must not carry it, being what it is about."""

    alert_id: int
    severity: int
    repeats: bool
    began: Ms
    acknowledged: Ms | None
    ended: Ms | None
    except_on: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """One try to tell an alert on the channel that is decided on.

    ``at`` is when it was done, ``number`` counts from 1. ``over``: it said that the alert is over. That cannot be told
    from the times: an alert may end while the message is on its way.
    """

    alert_id: int
    kind: Kind
    at: Ms
    number: int
    succeeded: bool
    over: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """What was agreed with the people.

    Units (ms of the clock):
        repeat:  until it is told again, by severity.
        retry:   pause after the first failed try, and after the second.
        minute:  a real minute.
        late:    over for longer than this and never told is old news, such as what a first channel would find.
    """

    quiet: QuietHours
    repeat: tuple[int, int, int, int]
    retry: tuple[int, int]
    minute: int
    late: int
    messages_a_minute: int


@dataclass(frozen=True, slots=True)
class Telling:
    """One alert in a message, and which try of telling it this is."""

    alert_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Message:
    kind: Kind
    tells: tuple[Telling, ...]


@dataclass(frozen=True, slots=True)
class _History:
    """What one alert's tries on the channel come to: the newest, when one last succeeded, whether its end was told."""

    last: Tried | None
    told_at: Ms | None
    told_over: bool


@dataclass(frozen=True, slots=True)
class _Owed:
    """``since``: from when on it is owed. ``kind`` may be one that is told together with others."""

    severity: int
    since: Ms
    kind: Kind
    telling: Telling


def due(
    alerts: Sequence[Standing], tries: Sequence[Tried], *, channel: str, now: Ms, policy: Policy
) -> list[Message]:
    """The messages that ``channel`` is to be given now, the gravest first.

    ``tries`` are those on this channel, of these alerts and of all alerts within the last minute, in any order.
    """
    histories = _histories(tries)
    nothing = _History(None, None, told_over=False)
    owed = [
        found
        for alert in alerts
        if alert.except_on != channel
        and (found := _owed(alert, histories.get(alert.alert_id, nothing), now, policy)) is not None
    ]
    owed.sort(key=lambda each: (each.severity, each.since, each.telling.alert_id))
    room = policy.messages_a_minute - _messages_since(tries, Ms(now - policy.minute))
    messages = _within(owed, room, policy.messages_a_minute)
    held = [each for each in owed if each.kind is Kind.DIGEST]
    return [*messages, _together(Kind.DIGEST, held)] if held and len(messages) < room else messages


def _within(owed: Sequence[_Owed], room: int, limit: int) -> list[Message]:
    """As many as may be said one by one, and the rest as one message where there is room for it."""
    single = [each for each in owed if each.kind not in TOGETHER]
    rest = [each for each in owed if each.kind is Kind.MORE]
    urgent = [each for each in single if each.severity <= URGENT]
    if len(urgent) > room:
        return _cut(single, rest, room)
    calm = [each for each in single if each.severity > URGENT]
    share = limit if any(each.severity <= URGENT for each in rest) else limit // 2
    used = limit - room + len(urgent)
    return [*map(_alone, urgent), *_cut(calm, rest, share - used)]


def _cut(single: Sequence[_Owed], rest: Sequence[_Owed], room: int) -> list[Message]:
    """``single`` one by one and ``rest`` as one; the last message takes with it what does not fit."""
    if room <= 0:
        return []
    if len(single) + bool(rest) <= room:
        return [*map(_alone, single), *([_together(Kind.MORE, rest)] if rest else [])]
    return [*map(_alone, single[: room - 1]), _together(Kind.MORE, [*single[room - 1 :], *rest])]


def _alone(owed: _Owed) -> Message:
    return Message(owed.kind, (owed.telling,))


def _together(kind: Kind, owed: Iterable[_Owed]) -> Message:
    return Message(kind, tuple(each.telling for each in owed))


def _histories(tries: Sequence[Tried]) -> Mapping[int, _History]:
    found: dict[int, _History] = {}
    for each in sorted(tries, key=lambda each: (each.at, each.number)):
        before = found.get(each.alert_id)
        told_at, told_over = (None, False) if before is None else (before.told_at, before.told_over)
        if each.succeeded:
            told_at, told_over = each.at, told_over or each.over
        found[each.alert_id] = _History(each, told_at, told_over)
    return found


def _messages_since(tries: Sequence[Tried], since: Ms) -> int:
    """A message that tells several alerts left at one moment, and a channel takes one at a time."""
    return len({each.at for each in tries if each.at > since})


def _owed(alert: Standing, history: _History, now: Ms, policy: Policy) -> _Owed | None:
    """What this alert owes the channel now."""
    found = _next(alert, history, policy)
    if found is None:
        return None
    kind, since, number = found
    waits = alert.severity >= WAITS
    spoken = policy.quiet.release(since) if waits else since
    if spoken > now or (waits and policy.quiet.holds(now)):
        return None
    if history.told_at is None and alert.ended is not None:
        over = policy.quiet.release(alert.ended) if waits else alert.ended
        if now - over > policy.late:
            return None
    if spoken > since:
        kind = Kind.DIGEST
    elif number > 1 and history.last is not None and history.last.kind in TOGETHER:
        # What failed to be told as one is tried again as one.
        kind = history.last.kind
    return _Owed(alert.severity, since, kind, Telling(alert.alert_id, number))


def _next(alert: Standing, history: _History, policy: Policy) -> tuple[Kind, Ms, int] | None:
    """What comes next for this alert on the channel, from when on, and as which try; ``None``: nothing ever."""
    if alert.acknowledged is not None and alert.ended in (None, alert.acknowledged):
        # Somebody sees to it, or said that it is done with.
        return None
    told_at, repeat = history.told_at, policy.repeat[alert.severity]
    kind, since = Kind.FIRST, alert.began
    if told_at is not None and alert.ended is not None:
        if history.told_over:
            return None
        kind, since = Kind.ENDED, alert.ended
    elif told_at is not None:
        if not alert.repeats:
            return None
        kind, since = Kind.AGAIN, Ms(told_at + repeat)
    last = history.last
    if last is None or last.succeeded or last.at < since:
        return kind, since, 1
    if last.number < TRIES_MAX:
        return kind, Ms(last.at + policy.retry[last.number - 1]), last.number + 1
    return (kind, Ms(last.at + repeat), 1) if alert.ended is None else None
