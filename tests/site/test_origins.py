"""Which pages may open a websocket: those that the same server sent, by host and port."""

import pytest
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from channels.testing import WebsocketCommunicator
from pytest_django import Settings

from polyloly_site.origins import OwnPages


async def accept(_scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    await send({"type": "websocket.accept", "subprotocol": None, "headers": []})


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        ("http://127.0.0.1:8080", True),
        ("https://polyloly.example.org", True),
        ("http://127.0.0.1:8888", False),
        ("http://localhost:8080", False),
        ("https://evil.example.org", False),
        ("http://127.0.0.1:8080@evil.example.org", False),
        ("null", False),
        (None, False),
    ],
)
async def test_only_our_own_pages_open_a_websocket(settings: Settings, origin: str | None, may: bool) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://polyloly.example.org"]
    headers = [(b"host", b"127.0.0.1:8080")] + ([] if origin is None else [(b"origin", origin.encode())])
    browser = WebsocketCommunicator(OwnPages(accept), "/ws/console/", headers=headers)

    accepted, _ = await browser.connect(timeout=5)

    assert accepted is may
