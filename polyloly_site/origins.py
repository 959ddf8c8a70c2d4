"""Which pages may open a websocket.

A browser sends its cookies to a websocket from any page, and to every port of a host: the host alone is not enough.
"""

from typing import Final
from urllib.parse import urlsplit

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope, WebSocketScope
from django.conf import settings

FORBIDDEN: Final = 4403


class OwnPages:
    """Lets pages through that came from the address the websocket is opened at, or from PUBLIC_ORIGIN."""

    def __init__(self, application: ASGI3Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "websocket" and own(scope):
            await self.application(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": FORBIDDEN, "reason": None})


def own(scope: WebSocketScope) -> bool:
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get(b"origin", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    host = headers.get(b"host", "")
    return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
