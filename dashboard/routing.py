"""Websockets of the console. ``polyloly_site.asgi`` puts sessions and the origin check around them."""

from django.urls import path

from dashboard.consumers import ConsoleConsumer

# ``path`` is typed for HTTP views; ``URLRouter`` calls what it holds as an ASGI application.
websocket_urlpatterns = [path("ws/console/", ConsoleConsumer.as_asgi())]  # type: ignore[arg-type]
