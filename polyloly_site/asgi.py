"""What daphne serves: HTTP by Django, websockets by the console's consumers."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyloly_site.settings")

# First of all: it sets Django up, and consumers import models.
http = get_asgi_application()

from dashboard.routing import websocket_urlpatterns  # noqa: E402
from infra import heartbeat  # noqa: E402
from infra.vigil import Vigil  # noqa: E402
from polyloly_site.origins import OwnPages  # noqa: E402
from risk.services import record_kept_here  # noqa: E402

# A browser sends its cookies to a websocket from any page: only our own pages may open one.
routes = URLRouter(websocket_urlpatterns)  # type: ignore[arg-type]  # the stubs forget that path() takes ASGI
own_pages = OwnPages(AuthMiddlewareStack(routes))  # type: ignore[arg-type]  # an ASGI 3 application it is
websocket = AllowedHostsOriginValidator(own_pages)
application = ProtocolTypeRouter({"http": http, "websocket": websocket})
heart = heartbeat.start("web")
kept_halts = Vigil("kept halts", record_kept_here).start()
