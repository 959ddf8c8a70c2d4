"""A messenger of our own: a real HTTP server that apprise's ``json://`` posts to, and that can refuse or hang."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.servers import wait_until


@dataclass(frozen=True)
class Received:
    """One message as it arrived. ``at_s`` is monotonic."""

    path: str
    title: str
    body: str
    type: str
    at_s: float


@dataclass
class Receiver:
    """What arrived. Paths beginning with ``/refuse`` answer 500 with the path in it, ``/hang`` wait for ``let_go``."""

    port: int
    received: list[Received] = field(default_factory=list)
    refusing: bool = False
    let_go: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/hook/of-this-test") -> str:
        """An apprise URL that posts here."""
        return f"json://127.0.0.1:{self.port}{path}"

    def titles(self, path: str = "") -> list[str]:
        return [each.title for each in list(self.received) if each.path.startswith(path)]

    def wait_for(self, words: str, *, timeout_s: float = 30) -> Received:
        """The first message with these words in title or body."""
        wait_until(lambda: self.with_words(words) is not None, what=f"message {words!r}", timeout_s=timeout_s)
        found = self.with_words(words)
        assert found is not None
        return found

    def with_words(self, words: str) -> Received | None:
        return next((each for each in list(self.received) if words in each.title + each.body), None)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Listen on a free port of loopback."""

    class Posted(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            at_s = time.monotonic()
            told: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.startswith("/hang"):
                here.let_go.wait(60)
            refused = here.refusing or self.path.startswith("/refuse")
            if not refused:
                here.received.append(Received(self.path, told["title"], told["message"], told["type"], at_s))
            self.send_response(500 if refused else 200)
            self.end_headers()
            self.wfile.write(f"no: {self.path}".encode() if refused else b"yes")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Posted)
    here = Receiver(server.server_address[1])
    threading.Thread(target=server.serve_forever, daemon=True, name="receiver").start()
    try:
        yield here
    finally:
        here.let_go.set()
        server.shutdown()
        server.server_close()
