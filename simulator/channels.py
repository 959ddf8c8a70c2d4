"""Two of the websockets: ``/ws/market`` in the venue's format and ``/ws/matches``, our own feed of the matches.

Each client has a bounded queue and one task that sends. A client that does not read fills its queue and is
cut off; nobody else waits for it. ``users`` and ``sports`` build their channels out of the same parts.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, TypeVar

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from core.ids import TokenId
from simulator import wire
from simulator.announcer import Audience, Frame
from simulator.world import World

QUEUE_MAX: Final = 10_000  # frames: two minutes of an evening, five seconds of it at speed 20
MESSAGE_MAX: Final = 1 << 20

WORLD: Final = web.AppKey("world", World)

_encode = msgspec.json.Encoder().encode

Messages = tuple[wire.MarketMessage, ...]


class Request(msgspec.Struct):
    """The first message of a client, or a later change of what it wants (polymarket.md 5)."""

    assets_ids: list[TokenId] = msgspec.field(default_factory=list)
    type: str | None = None
    operation: str | None = None
    custom_feature_enabled: bool | None = None
    initial_dump: bool = True


_requests = msgspec.json.Decoder(Request)


class Client:
    """One connection and what waits to be sent to it.

    ``frozen`` is a fault: data is lost on its way while the heartbeat is still answered (polymarket.md 5).
    ``lost`` counts the frames that went that way.
    """

    def __init__(self, connection: web.Request) -> None:
        self.socket = web.WebSocketResponse(max_msg_size=MESSAGE_MAX, compress=False)
        self.frozen = False
        self.lost = 0
        self._connection = connection
        self._waiting: asyncio.Queue[str] = asyncio.Queue(QUEUE_MAX)

    def offer(self, text: str) -> bool:
        """Queue a frame of data. False, and the connection is cut, when the client reads too slowly."""
        if self.frozen:
            self.lost += 1
            return True
        return self.answer(text)

    def answer(self, text: str) -> bool:
        """Queue a word that says that the connection lives."""
        try:
            self._waiting.put_nowait(text)
        except asyncio.QueueFull:
            self.cut()
            return False
        return True

    def cut(self) -> None:
        """End the connection without a word."""
        if self._connection.transport is not None:
            self._connection.transport.abort()

    async def send_waiting(self) -> None:
        """Send what is queued, in order, until the connection is gone."""
        while True:
            try:
                await self.socket.send_str(await self._waiting.get())
            except ConnectionResetError:
                return


class MarketClient(Client):
    """A client of the market channel. ``held`` is a fault too: messages of a torn token that come later."""

    def __init__(self, connection: web.Request) -> None:
        super().__init__(connection)
        self.wants: set[TokenId] = set()
        self.custom = False
        self.held: dict[TokenId, list[Messages]] = {}


# Whom a frame goes to, the frame, and what of it that client asked for; returns what it gets at once.
Hold = Callable[[MarketClient, Frame, Messages], Messages]
ClientT = TypeVar("ClientT", bound=Client)


class Hub(Generic[ClientT]):
    """All clients of one channel, in the order in which they came."""

    def __init__(self) -> None:
        self._clients: dict[ClientT, None] = {}

    @property
    def clients(self) -> Sequence[ClientT]:
        return tuple(self._clients)

    def join(self, client: ClientT) -> None:
        self._clients[client] = None

    def leave(self, client: ClientT) -> None:
        self._clients.pop(client, None)

    def tell_all(self, text: str) -> None:
        for client in self.clients:
            self.tell(client, text)

    def tell(self, client: ClientT, text: str) -> None:
        """Offer a frame; who cannot take it is out."""
        if not client.offer(text):
            self.leave(client)

    async def close(self) -> None:
        """Say good-bye to everybody: the server stops."""
        going = WSCloseCode.GOING_AWAY
        await asyncio.gather(*(client.socket.close(code=going) for client in self.clients))


class MarketHub(Hub[MarketClient]):
    def __init__(self) -> None:
        super().__init__()
        self.hold: Hold = _hold_nothing

    def publish(self, frames: Iterable[Frame]) -> None:
        """Send each client the messages it asked for. A frame is encoded once for all who get all of it."""
        for frame in frames:
            whole: str | None = None
            for client in self.clients:
                messages = self.hold(client, frame, _wanted(frame, client))
                if not messages:
                    continue
                if messages is not frame.messages:
                    text = frame_text(messages)
                else:
                    text = whole = whole or frame_text(messages)
                self.tell(client, text)


MARKET_HUB: Final = web.AppKey("market_hub", MarketHub)
MATCH_HUB: Final = web.AppKey("match_hub", Hub[Client])


def install(app: web.Application) -> None:
    app[MARKET_HUB] = MarketHub()
    app[MATCH_HUB] = Hub()
    app.add_routes([web.get("/ws/market", market_channel), web.get("/ws/matches", match_channel)])


def frame_text(messages: Messages) -> str:
    """A frame as sent: one message by itself, several as an array."""
    return _encode(messages if len(messages) > 1 else messages[0]).decode()


async def market_channel(connection: web.Request) -> web.WebSocketResponse:
    """``/ws/market``: subscribe with a first message, change with ``operation``, ``PING`` every 10 s."""
    client, hub = MarketClient(connection), connection.app[MARKET_HUB]
    world = connection.app[WORLD]

    def answer(text: str) -> bool:
        try:
            request = _requests.decode(text)
        except msgspec.DecodeError:
            return False
        return _change_wants(client, request, world)

    return await serve(connection, client, hub, answer_to=answer)


async def match_channel(connection: web.Request) -> web.WebSocketResponse:
    """``/ws/matches``: where each running match stands, then every change. Nothing but ``PING`` is understood."""
    client, hub = Client(connection), connection.app[MATCH_HUB]
    for word in connection.app[WORLD].match_words():
        client.offer(_encode(word).decode())
    return await serve(connection, client, hub, answer_to=lambda _: False)


def publish_matches(hub: Hub[Client], words: Iterable[wire.MatchMessage]) -> None:
    for word in words:
        hub.tell_all(_encode(word).decode())


async def serve(
    connection: web.Request, client: ClientT, hub: Hub[ClientT], *, answer_to: Callable[[str], bool]
) -> web.WebSocketResponse:
    """Read a client until it goes, while its own task sends to it. A text that is not understood ends it."""
    await client.socket.prepare(connection)
    hub.join(client)
    try:
        async with asyncio.TaskGroup() as tasks:
            sender = tasks.create_task(client.send_waiting())
            async for message in client.socket:
                if message.type is not WSMsgType.TEXT:
                    break
                if message.data == "PING":
                    client.answer("PONG")
                elif not answer_to(message.data):
                    await client.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"not understood")
            sender.cancel()
    finally:
        hub.leave(client)
    return client.socket


def _change_wants(client: MarketClient, request: Request, world: World) -> bool:
    """Subscribe or unsubscribe. Unknown tokens are taken without a word, as the venue does."""
    if request.custom_feature_enabled is not None:
        client.custom = request.custom_feature_enabled
    for token in request.assets_ids:  # a book is newer than what was kept back
        client.held.pop(token, None)
    if request.operation == "unsubscribe":
        client.wants.difference_update(request.assets_ids)
        return True
    if request.operation != "subscribe" and (request.type or "").lower() != "market":
        return False
    client.wants.update(request.assets_ids)
    books = world.snapshots(request.assets_ids) if request.initial_dump else []
    if books:
        client.offer(_encode(books).decode())
    return True


def _hold_nothing(_client: MarketClient, _frame: Frame, messages: Messages) -> Messages:
    return messages


def _wanted(frame: Frame, client: MarketClient) -> Messages:
    """The messages of a frame that this client asked for."""
    if frame.audience is Audience.CUSTOM_ALL:
        return frame.messages if client.custom else ()
    custom_only = frame.audience in (Audience.CUSTOM_TOKEN, Audience.CUSTOM_MARKET)
    if (custom_only and not client.custom) or client.wants.isdisjoint(frame.tokens):
        return ()
    if frame.audience in (Audience.MARKET, Audience.CUSTOM_MARKET) or client.wants.issuperset(frame.tokens):
        return frame.messages
    return tuple(message for message in frame.messages if getattr(message, "asset_id", None) in client.wants)
