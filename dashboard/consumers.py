"""The console's websocket: a snapshot, then numbered changes, the control state, and silence made visible.

Push-only but for two words of the browser: ``resync`` when it sees a gap, ``seen`` with the number it has drawn.
A browser that stops drawing gets nothing more until it speaks: what waits for it is bounded.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final, TypedDict

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError
from django.http import HttpRequest
from redis import RedisError

from dashboard import snapshots
from infra import clock, logs
from risk.services import role_of

GROUPS: Final = ("board", "control")
LOGGED_OUT: Final = 4401
TOO_MANY: Final = 4429
NONSENSE: Final = 4400
BROKEN: Final = 1011

CONSOLES_MAX: Final = 100
WORD_BYTES_MAX: Final = 200
UNSEEN_MAX: Final = 120  # changes, half a minute of them
RESYNC_MS_MIN: Final = 500
WATCH_S: Final = 1.0
BEAT_EVERY: Final = 2  # watch rounds
WELCOME_EVERY: Final = 3  # so that who is logged out or has lost the role is let go within 5 s
SILENT_MS_MAX: Final = 5_000

log = logs.get("dashboard")


class BoardChanged(TypedDict):
    """What ``trading.board.board`` sends to the group ``board``."""

    type: str
    epoch: int
    seq: int
    rows: dict[str, dict[str, object] | None]


class ConsoleConsumer(AsyncWebsocketConsumer):
    """One browser. Joins its groups before it reads: a change between the two comes twice, never not at all."""

    consoles = 0
    counted = False

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Give the place back however the connection ends: after an error nobody calls ``disconnect``."""
        try:
            await super().__call__(scope, receive, send)  # type: ignore[arg-type]  # the stubs' own scope
        finally:
            await self.leave()

    async def connect(self) -> None:
        self.user: User | None = person(self.scope.get("user"))
        self.epoch: int | None = None
        self.seq = self.seen = -1
        self.gone = False
        self.stopped = False
        self.joined = False
        self.heard_ms = self.resynced_ms = 0
        self.telling = asyncio.Lock()
        self.watching: asyncio.Task[None] | None = None
        await self.accept()
        self.role = None if self.user is None else await database_sync_to_async(role_of)(self.user)
        if self.role is None:
            await self.close(code=LOGGED_OUT)
        elif ConsoleConsumer.consoles >= CONSOLES_MAX:
            await self.close(code=TOO_MANY)
        else:
            ConsoleConsumer.consoles += 1
            self.counted = True
            await self.join()
            await self.resync()
            self.watching = asyncio.create_task(self.watch_until_closed())

    async def disconnect(self, code: int) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Give the place back, once."""
        if not self.counted:
            return
        self.counted = False
        ConsoleConsumer.consoles -= 1
        if self.watching is not None:
            self.watching.cancel()
            with suppress(asyncio.CancelledError):
                await self.watching
        if self.joined:
            for group in GROUPS:
                await self.channel_layer.group_discard(group, self.channel_name)

    async def join(self) -> None:
        """Hear of changes. While Redis does not answer the console lives on the database alone."""
        try:
            for group in GROUPS:
                await self.channel_layer.group_add(group, self.channel_name)
        except (RedisError, OSError) as error:
            log.warning("console hears no changes, trying again", error=str(error))
        else:
            self.joined = True

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        word = parse(text_data)
        if word is None:
            await self.close(code=NONSENSE)
        elif word["type"] == "resync":
            await self.resync()
        else:
            behind = self.seq - self.seen > UNSEEN_MAX
            self.seen = max(self.seen, min(word["seq"], self.seq))
            if behind:
                await self.resync()

    async def board_changed(self, message: BoardChanged) -> None:
        self.heard_ms = clock.monotonic_ms()
        if self.seq - self.seen > UNSEEN_MAX:
            return
        if not self.follows(message):
            if message["epoch"] == self.epoch and message["seq"] <= self.seq:
                return
            await self.resync()
        if self.follows(message):
            self.seq = message["seq"]
            await self.tell({**message, "type": "change"})

    async def control_changed(self, _message: dict[str, str]) -> None:
        await self.tell_control()

    async def incidents_changed(self, _message: dict[str, str]) -> None:
        """Only that: a page that shows them asks the API."""
        await self.tell({"type": "incidents"})

    def follows(self, message: BoardChanged) -> bool:
        return message["epoch"] == self.epoch and message["seq"] == self.seq + 1

    async def resync(self) -> None:
        """Send everything anew, at most twice a second."""
        now = clock.monotonic_ms()
        if self.user is None or now - self.resynced_ms < RESYNC_MS_MIN:
            return
        self.resynced_ms = now
        async with self.telling:
            picture = await database_sync_to_async(snapshots.take)(self.user)
            self.gone = picture.board is None
            self.stopped = snapshots.stopped(picture.control)
            if picture.board is not None:
                self.epoch, self.seq = picture.board.epoch, picture.board.seq
                self.seen = self.seq
                self.heard_ms = clock.monotonic_ms()
            await self.tell(picture.message())

    async def tell_control(self) -> None:
        """Read and send in one turn: an older reading must not arrive after a newer one."""
        assert self.user is not None, "only a logged-in console joins the group"
        async with self.telling:
            control = await database_sync_to_async(snapshots.control)(self.user)
            self.stopped = snapshots.stopped(control)
            await self.tell({"type": "control", "control": control})

    async def watch_until_closed(self) -> None:
        """When the watch cannot go on, neither does the connection: the browser comes again."""
        try:
            await self.watch()
        except (DatabaseError, RedisError, OSError) as error:
            log.warning("console let go", error=str(error))
            await self.close(code=BROKEN)

    async def watch(self) -> None:
        """Each second: is the trader still publishing, is the session still good; every other one a beat."""
        rounds = 0
        while True:
            await asyncio.sleep(WATCH_S)
            rounds += 1
            if not self.joined:
                await self.join()
            if rounds % WELCOME_EVERY == 0 and not await database_sync_to_async(self.still_welcome)():
                await self.close(code=LOGGED_OUT)
                return
            if self.stopped or not self.joined:
                # The panel names a runner that is late, and time alone makes it late.
                await self.tell_control()
            if clock.monotonic_ms() - self.heard_ms > SILENT_MS_MAX:
                await self.look_for_the_trader()
            if rounds % BEAT_EVERY == 0:
                await self.tell(await database_sync_to_async(snapshots.beat)())

    async def look_for_the_trader(self) -> None:
        """Silence: say so once, and send everything when it speaks again without our having heard."""
        published = await database_sync_to_async(snapshots.board)()
        if published is not None:
            await self.resync()
        elif not self.gone:
            self.gone = True
            lights = await database_sync_to_async(snapshots.workers)()
            workers = [asdict(light) for light in lights]
            await self.tell({"type": "gone", "now_ms": clock.now_ms(), "since_ms": None, "workers": workers})

    def still_welcome(self) -> bool:
        """The same person with the same role, as a page loaded now would find it.

        Ended by a log-out, a new password, deactivation or another role: the browser then loads the page anew.
        """
        asked = HttpRequest()
        asked.session = SessionStore(self.scope["session"].session_key)
        user = get_user(asked)
        return isinstance(user, User) and user == self.user and role_of(user) is self.role

    async def tell(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message, separators=(",", ":")))


def person(user: AbstractBaseUser | AnonymousUser | None) -> User | None:
    """The scope's user as somebody we know."""
    return user if isinstance(user, User) and user.is_active else None


def parse(text: str | None) -> dict[str, Any] | None:
    """One of the two words a browser may say; ``None`` for anything else."""
    if text is None or len(text) > WORD_BYTES_MAX:
        return None
    try:
        word = json.loads(text)
    except ValueError:
        return None
    if not isinstance(word, dict) or word.get("type") not in ("resync", "seen"):
        return None
    if word["type"] == "seen" and not isinstance(word.get("seq"), int):
        return None
    return word
