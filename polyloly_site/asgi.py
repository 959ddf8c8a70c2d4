"""What daphne serves: HTTP by Django, websockets by the console's consumers."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyloly_site.settings")

application = get_asgi_application()
