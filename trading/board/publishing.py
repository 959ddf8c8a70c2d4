"""Sending the board to whoever watches: a snapshot in Redis and numbered changes over the channel layer."""

import json
from collections.abc import Mapping
from typing import Final

from channels.layers import get_channel_layer
from redis import RedisError

from core.units import Ms
from infra import clock, logs, redis
from trading.board.board import Board, Row
from trading.selectors import BOARD_KEY

GROUP: Final = "board"
TTL_MS: Final = 10_000
PATH_KEY: Final = "path:{market_id}"
SAMPLE_MS: Final = 5_000  # on the venue's clock
SAMPLES_MAX: Final = 1_500
PATH_TTL_S: Final = 6 * 3_600

log = logs.get("trading")


class Paths:
    """Each market's best prices now and then, for a chart that begins before its page was opened: ``PATH_KEY`` lists
    of (when, bid, ask), the oldest first, at most ``SAMPLES_MAX``, gone ``PATH_TTL_S`` after the last.
    """

    def __init__(self) -> None:
        self._sampled: dict[str, tuple[Ms, object, object]] = {}

    def due(self, rows: Mapping[str, Row], now: Ms) -> dict[str, str]:
        """Samples to keep, by key: of markets whose prices moved since the last, which is ``SAMPLE_MS`` old."""
        found = {}
        for row in rows.values():
            market_id = row.get("market_id")
            if "bids" not in row or not isinstance(market_id, str):
                continue
            at, bid, ask = self._sampled.get(market_id, (Ms(0), None, None))
            if now - at < SAMPLE_MS or (row["bid"], row["ask"]) == (bid, ask):
                continue
            self._sampled[market_id] = (now, row["bid"], row["ask"])
            found[PATH_KEY.format(market_id=market_id)] = json.dumps([now, row["bid"], row["ask"]])
        return found

    async def keep(self, rows: Mapping[str, Row], now: Ms) -> None:
        """Write what is due in one turn. Raises what Redis raises."""
        due = self.due(rows, now)
        if not due:
            return
        async with redis.async_client(redis.Db.BOARD).pipeline(transaction=False) as turn:
            for key, sample in due.items():
                turn.rpush(key, sample)
                turn.ltrim(key, -SAMPLES_MAX, -1)
                turn.expire(key, PATH_TTL_S)
            await turn.execute()


class Publisher:
    """Owns the numbering. A Redis that does not answer costs the readers a moment, never the trader."""

    def __init__(self, epoch: int) -> None:
        self._board = Board(epoch)
        self._down = False
        self._paths = Paths()

    async def publish(self, rows: Mapping[str, Row]) -> None:
        """Tell what differs from the last call, and keep the snapshot fresh."""
        change = self._board.change(rows)
        try:
            snapshot = json.dumps(self._board.snapshot(), separators=(",", ":"))
            await redis.async_client(redis.Db.BOARD).set(BOARD_KEY, snapshot, px=TTL_MS)
            if change is not None:
                await self._send(
                    {
                        "type": "board.changed",
                        "epoch": change.epoch,
                        "seq": change.seq,
                        "rows": dict(change.rows),
                    }
                )
            await self._paths.keep(rows, clock.now_ms())
        except (RedisError, OSError) as error:
            if not self._down:
                log.warning("board not published", error=str(error))
            self._down = True
        else:
            self._down = False

    async def _send(self, message: dict[str, object]) -> None:
        layer = get_channel_layer()
        assert layer is not None, "settings name a channel layer"
        await layer.group_send(GROUP, message)

    async def withdraw(self) -> None:
        """The trader ends: readers are to see at once that nobody publishes."""
        try:
            await redis.async_client(redis.Db.BOARD).delete(BOARD_KEY)
        except (RedisError, OSError) as error:
            log.info("board not withdrawn, it fades by itself", error=str(error))
