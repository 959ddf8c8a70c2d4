"""The orders that came in through the door: who posted them, and what the exchange made of them."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from core.ids import OrderId
from simulator.clob.keys import ApiKey
from simulator.exchange.orders import Order
from simulator.sheets import Sheet


@dataclass(frozen=True, slots=True)
class Post:
    """One order that was taken. Its id is the digest that was signed; ``expiration`` is as it was sent."""

    order: Order
    sheet: Sheet
    key: ApiKey
    wallet: str
    salt: int
    expiration: str


@dataclass(slots=True)
class Posts:
    """Every order taken, in the order of arrival, and how often each wallet tried.

    ``received`` counts well-formed orders by wallet, ``duplicated`` those of them that were refused because
    they had been taken before.
    """

    by_id: dict[OrderId, Post] = field(default_factory=dict)
    received: Counter[str] = field(default_factory=Counter)
    duplicated: Counter[str] = field(default_factory=Counter)
    _perhaps_open: defaultdict[str, list[Post]] = field(default_factory=lambda: defaultdict(list))

    def add(self, post: Post) -> None:
        self.by_id[post.order.order_id] = post
        self._perhaps_open[post.key.eoa].append(post)

    def open_of(self, eoa: str) -> list[Post]:
        """Orders that rest or wait out their delay, oldest first."""
        found = self._perhaps_open[eoa] = [post for post in self._perhaps_open[eoa] if post.order.open]
        return found


POSTS: Final = web.AppKey("posts", Posts)
