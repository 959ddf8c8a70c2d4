"""The site as a Django app: the home of ``manage.py up`` and ``manage.py healthcheck``."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "polyloly_site"
    verbose_name = "polyloly"
