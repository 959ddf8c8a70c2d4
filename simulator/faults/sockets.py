"""The faults of websockets: connections that break or freeze, and the two tokens of a market torn apart."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec

from core.ids import MarketId, TokenId
from core.units import Ms
from simulator.announcer import Frame
from simulator.channels import Client, Hub, MarketClient, MarketHub, Messages, frame_text
from simulator.faults.catalogue import Name
from simulator.faults.switchboard import SECOND_MS, Faults
from simulator.wire import MarketMessage, MarketResolved, PriceChange

CHANNEL: Final = "market"
FROZEN_MS: Final = (5_000, 20_000)
TORN_MS: Final = (1_000, 4_000)

Channels = Mapping[str, Hub[Any]]  # the clients of each hub are of a kind of their own


class Breaker:
    """Breaks and freezes connections of every channel."""

    def __init__(self, faults: Faults, channels: Channels) -> None:
        self._faults = faults
        self._channels = channels

    def step(self, now_ms: Ms, seconds: int) -> None:
        """Roll once for each connection and second that has passed."""
        if not {Name.CLOSE_SOCKETS, Name.FREEZE} & self._faults.on.keys():
            return
        for channel, hub in self._channels.items():
            for client in hub.clients:
                if any(self._faults.strikes(Name.CLOSE_SOCKETS, channel) for _ in range(seconds)):
                    client.cut()
                    hub.leave(client)
                elif not client.frozen and any(
                    self._faults.strikes(Name.FREEZE, channel) for _ in range(seconds)
                ):
                    self._freeze(client, now_ms)

    def _freeze(self, client: Client, now_ms: Ms) -> None:
        """Lose everything for a while. Nothing of it is sent afterwards: there is no replay."""
        client.frozen = True
        thaws_ms = Ms(now_ms + self._faults.between(Name.FREEZE, FROZEN_MS))
        self._faults.later(thaws_ms, lambda: setattr(client, "frozen", False))


class Tearing:
    """Keeps one token's messages of a market back for a while, in order, for one client at a time.

    Each message still says what was true at its own time; the two tokens' words are of different times.
    """

    def __init__(self, faults: Faults, hub: MarketHub) -> None:
        self._faults = faults
        self._hub = hub
        self._rolled: WeakKeyDictionary[MarketClient, dict[MarketId, int]] = WeakKeyDictionary()
        hub.hold = self.hold

    def hold(self, client: MarketClient, frame: Frame, messages: Messages) -> Messages:
        """What of a frame goes out at once."""
        if messages and isinstance(messages[0], MarketResolved):
            return () if self._faults.strikes(Name.MUTE_RESOLVED, CHANNEL) else messages
        torn = next((token for token in frame.tokens if token in client.held), None)
        if torn is None:
            if Name.TEAR not in self._faults.on or not self._tears(client, frame, messages):
                return messages
            torn = self._tear(client, frame)
        now, later = _split(messages, torn)
        if later:
            client.held[torn].append(later)
        return now

    def _tears(self, client: MarketClient, frame: Frame, messages: Messages) -> bool:
        """Roll with the first frame for both tokens in each second: busy markets do not tear more often."""
        if not _of_both(messages, frame) or self._faults.full:
            return False
        rolled, second = self._rolled.setdefault(client, {}), frame.at_ms // SECOND_MS
        if rolled.get(frame.market_id) == second:
            return False
        rolled[frame.market_id] = second
        return self._faults.strikes(Name.TEAR, CHANNEL)

    def _tear(self, client: MarketClient, frame: Frame) -> TokenId:
        torn = frame.tokens[self._faults.one_of(Name.TEAR, len(frame.tokens))]
        kept = client.held[torn] = []
        due_ms = Ms(frame.at_ms + self._faults.between(Name.TEAR, TORN_MS))
        self._faults.later(due_ms, lambda: self._mend(client, torn, kept))
        return torn

    def _mend(self, client: MarketClient, torn: TokenId, kept: list[Messages]) -> None:
        """Send what was kept back, unless a new subscription made it worthless."""
        if client.held.get(torn) is not kept:
            return
        del client.held[torn]
        for messages in kept:
            self._hub.tell(client, frame_text(messages))


def _of_both(messages: Messages, frame: Frame) -> bool:
    """Whether a frame speaks for both tokens, so that it can be torn."""
    return set(frame.tokens) <= {token for message in messages for token in _tokens(message)}


def _split(messages: Messages, torn: TokenId) -> tuple[Messages, Messages]:
    """What is not about a token, and what is."""
    now: list[MarketMessage] = []
    later: list[MarketMessage] = []
    for message in messages:
        if not isinstance(message, PriceChange):
            (later if torn in _tokens(message) else now).append(message)
            continue
        for changes, part in (
            ([change for change in message.price_changes if change.asset_id != torn], now),
            ([change for change in message.price_changes if change.asset_id == torn], later),
        ):
            if changes:
                part.append(msgspec.structs.replace(message, price_changes=changes))
    return tuple(now), tuple(later)


def _tokens(message: MarketMessage) -> Iterator[TokenId]:
    """The tokens whose book a message is about; none for words about the market itself."""
    if isinstance(message, PriceChange):
        yield from (change.asset_id for change in message.price_changes)
    elif (token := getattr(message, "asset_id", None)) is not None:
        yield token
