"""The embedded Redis: private, durable, reachable whatever the length of the path."""

import os
from pathlib import Path

import pytest
import redis

from infra import services
from infra.redis import SOCKET_PATH_BYTES_MAX, broker_url_of, socket_path, url_of
from tests.servers import wait_until


def test_a_long_state_directory_gets_a_short_socket_path() -> None:
    deep = Path("/home") / ("x" * 60) / ("y" * 60)

    assert len(os.fsencode(socket_path(deep))) <= SOCKET_PATH_BYTES_MAX
    assert socket_path(deep) != socket_path(deep / "other"), "two stacks do not meet"
    assert socket_path(Path("/srv/bot")) == Path("/srv/bot/var/redis/redis.sock")


def test_what_was_said_survives_a_stop(tmp_path: Path) -> None:
    address = f"unix://{services.prepared(tmp_path)}"
    for turn in range(2):
        server = services.start_valkey(tmp_path)
        try:
            wait_until(lambda: services.answers(address), what="valkey answers")
            client = redis.Redis.from_url(address)
            if turn == 0:
                client.set("halted", "yes")
            else:
                assert client.get("halted") == b"yes"
            client.close()
        finally:
            server.terminate()
            assert server.wait(10) == 0
    assert not services.answers(address)


def test_nobody_else_may_open_the_socket(tmp_path: Path) -> None:
    server = services.start_valkey(tmp_path)
    socket = services.prepared(tmp_path)
    try:
        wait_until(socket.exists, what="the socket")
        wait_until(lambda: services.answers(f"unix://{socket}"), what="valkey answers")
        assert socket.stat().st_mode & 0o077 == 0
    finally:
        server.terminate()
        server.wait(10)


@pytest.mark.parametrize(
    ("base", "url", "broker"),
    [
        ("unix:///run/r.sock", "unix:///run/r.sock?db=3", "redis+socket:///run/r.sock?virtual_host=3"),
        ("redis://redis:6379", "redis://redis:6379/3", "redis://redis:6379/3"),
        ("redis://redis:6379/", "redis://redis:6379/3", "redis://redis:6379/3"),
    ],
)
def test_everybody_reads_the_same_address_in_his_own_spelling(base: str, url: str, broker: str) -> None:
    assert url_of(base, 3) == url
    assert broker_url_of(base, 3) == broker
