"""Sending the board to whoever watches: a snapshot in Redis and numbered changes over the channel layer."""

import json
from collections.abc import Mapping
from typing import Final

from channels.layers import get_channel_layer
from redis import RedisError

from infra import logs, redis
from trading.board import Board, Row
from trading.selectors import BOARD_KEY

GROUP: Final = "board"
TTL_MS: Final = 10_000

log = logs.get("trading")


class Publisher:
    """Owns the numbering. A Redis that does not answer costs the readers a moment, never the trader."""

    def __init__(self, epoch: int) -> None:
        self._board = Board(epoch)
        self._down = False

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
