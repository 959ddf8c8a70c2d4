"""``/ws``: the venue's sports channel with the score of every match, for everybody and unasked (polymarket.md 7).

Each client gets where the matches stand when it comes, then every change. The server says ``ping`` every five
real seconds and cuts off who has not said ``pong`` ten seconds later.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from core.units import Ms
from simulator.channels import WORLD, Client, Hub, serve
from simulator.world import Event

PING_EVERY_MS: Final = 5_000
PONG_WITHIN_MS: Final = 10_000
LOOK_EVERY_MS: Final = 1_000  # of the world's clock: how late a change may be told

_encode = msgspec.json.Encoder().encode


class SportResult(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One game. ``score`` of an esports match is its kills, never known, its maps and its format."""

    game_id: int
    league_abbreviation: str
    slug: str
    home_team: str
    away_team: str
    status: str
    score: str
    period: str
    live: bool
    ended: bool
    last_update: str = msgspec.field(name="last_update")
    finished_timestamp: str | None = msgspec.field(default=None, name="finished_timestamp")


class SportsClient(Client):
    """``pinged_ms`` is when it was asked for a sign of life, by the monotonic clock; ``None`` when it gave one."""

    def __init__(self, connection: web.Request) -> None:
        super().__init__(connection)
        self.pinged_ms: int | None = None


class Scores(Hub[SportsClient]):
    """What was told of each game last."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[int, SportResult] = {}
        self._looked_ms = Ms(0)
        self._pinged_ms = 0

    def standing(self) -> Iterable[SportResult]:
        return self._told.values()

    def look(self, events: Iterable[Event], now_ms: Ms) -> None:
        """Tell everybody what has changed since the last look."""
        told = {}
        for event in events:
            result = _result(event.described, now_ms, self._told)
            told[result.game_id] = result
            if result is not self._told.get(result.game_id):
                self.tell_all(_encode(result).decode())
        self._told = told

    def is_due(self, now_ms: Ms) -> bool:
        due = now_ms >= self._looked_ms + LOOK_EVERY_MS
        if due:
            self._looked_ms = now_ms
        return due

    def ping(self, monotonic_ms: int) -> None:
        """Ask everybody for a sign of life, and give up on those who owe one for too long."""
        for client in self.clients:
            if client.pinged_ms is not None and monotonic_ms - client.pinged_ms >= PONG_WITHIN_MS:
                client.cut()
        if monotonic_ms - self._pinged_ms < PING_EVERY_MS:
            return
        self._pinged_ms = monotonic_ms
        for client in self.clients:
            client.pinged_ms = monotonic_ms if client.pinged_ms is None else client.pinged_ms
            client.answer("ping")


SCORES: Final = web.AppKey("scores", Scores)


def install(app: web.Application) -> None:
    scores = app[SCORES] = Scores()
    world = app[WORLD]
    scores.look(world.events(), world.now_ms)
    app.add_routes([web.get("/ws", sports_channel)])


async def sports_channel(connection: web.Request) -> web.WebSocketResponse:
    """All games, whatever is said. ``pong`` answers a ping; the venue ignores other words."""
    client, scores = SportsClient(connection), connection.app[SCORES]

    def answer(text: str) -> bool:
        if text == "pong":
            client.pinged_ms = None
        return True

    for result in scores.standing():
        client.offer(_encode(result).decode())
    return await serve(connection, client, scores, answer_to=answer)


def step(app: web.Application, now_ms: Ms, monotonic_ms: int) -> None:
    """Tell changes by the world's clock, and ask for signs of life by the real one."""
    scores = app[SCORES]
    if scores.is_due(now_ms):
        scores.look(app[WORLD].events(), now_ms)
    scores.ping(monotonic_ms)


def _result(event: Mapping[str, Any], now_ms: Ms, told: Mapping[int, SportResult]) -> SportResult:
    """What an event says of its match; the same object as last time when nothing has changed."""
    home, away = (team["name"] for team in event["teams"])
    before = told.get(event["gameId"])
    finished = None
    if event["ended"]:
        finished = before.finished_timestamp if before is not None else None
        finished = finished or _rfc3339(now_ms)
    result = SportResult(
        game_id=event["gameId"],
        league_abbreviation=event["slug"].partition("-")[0],
        slug=event["slug"],
        home_team=home,
        away_team=away,
        status=_status(event),
        score=event["score"],
        period=event["period"],
        live=event["live"],
        ended=event["ended"],
        last_update=_rfc3339(now_ms) if before is None else before.last_update,
        finished_timestamp=finished,
    )
    if before is None or result == before:
        return before or result
    return msgspec.structs.replace(result, last_update=_rfc3339(now_ms))


def _status(event: Mapping[str, Any]) -> str:
    if event["ended"]:
        return "finished"
    return "running" if event["live"] else "not_started"


def _rfc3339(at_ms: Ms) -> str:
    moment = datetime.fromtimestamp(at_ms / 1_000, tz=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
