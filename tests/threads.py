"""Work on a thread, and so on a database connection, of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def elsewhere(ask: Callable[[], T]) -> T:
    """Ask the database on a connection of its own: what it sees is committed. Blocks the loop on purpose."""

    def asked() -> T:
        try:
            return ask()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asked).result()
