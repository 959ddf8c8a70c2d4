"""Starting one part anew while everything else goes on: asked for over Redis, heeded by whoever runs the part.

Whoever runs it looks once a second, and says that it runs and since when: a light, so that one can see that the part
which runs now is another than before. A wish that nobody heeds is over after ten seconds.
"""

import uuid
from typing import Final

from core.units import Ms
from infra import clock, redis
from infra.redis import Db

WISH_TTL_MS: Final = 10_000
LIGHT_TTL_MS: Final = 5_000


def wish_key(part: str) -> str:
    return f"restart:wish:{part}"


def light_key(part: str) -> str:
    return f"restart:since:{part}"


def ask(part: str) -> None:
    """Have it started anew within a second or two, if it runs. Raises ``redis.RedisError``."""
    redis.quick_client(Db.BUS).set(wish_key(part), uuid.uuid4().hex, px=WISH_TTL_MS)


def runs_since(part: str) -> Ms | None:
    """When the part that runs now began, by the clock; ``None`` when none does. Raises ``redis.RedisError``."""
    said = redis.quick_client(Db.BUS).get(light_key(part))
    return None if said is None else Ms(int(said))


class Watch:
    """What whoever runs a part keeps. Make it when the part begins, ``look`` each second."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.since_ms = clock.now_ms()
        self._looked = False
        self._heeded: bytes | str | None = None

    async def look(self) -> bool:
        """Whether somebody asked since the last look; else say that it runs. Raises ``redis.RedisError``.

        A wish that is there at the first look was for what ran before.
        """
        client = redis.async_client(Db.BUS)
        wish = await client.get(wish_key(self.part))
        fresh = self._looked and wish is not None and wish != self._heeded
        self._looked, self._heeded = True, wish
        if fresh:
            self.since_ms = clock.now_ms()
            return True
        await client.set(light_key(self.part), str(self.since_ms), px=LIGHT_TTL_MS)
        return False
