"""One-time log-in links. The token is in the link only; Redis keeps its SHA-256 until it is used or 15 min old."""

import hashlib
import secrets
from typing import Final

from infra.redis import Db, client

TOKEN_BYTES: Final = 32
TTL_S: Final = 15 * 60


def key_of(token: str) -> str:
    return f"login:{hashlib.sha256(token.encode()).hexdigest()}"


def issue(user_id: int) -> str:
    """Make a token that logs this user in once. Raises ``redis.RedisError``."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    client(Db.BUS).set(key_of(token), str(user_id), ex=TTL_S)
    return token


def redeem(token: str) -> int | None:
    """Whose token it is, and never again. ``None``: unknown, used or too old. Of two callers one gets it."""
    user_id = client(Db.BUS).getdel(key_of(token))
    return None if user_id is None else int(user_id)
