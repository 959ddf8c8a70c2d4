"""Settings, routes and processes: where the rooms are put together. Read ``env`` first."""

from polyloly_site.celery import app as celery_app

__all__ = ["celery_app"]
