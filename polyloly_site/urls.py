"""Routes of the site. Apps bring their own ``urls.py``; their doors are included here."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from polyloly_site import health
from polyloly_site.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", health.scrape),
    path("api/", api.urls),
    # Before the admin: /admin/halt and its siblings are the operator's endpoints (product.md 4).
    path("", include("risk.urls")),
    path("", include("dashboard.urls")),
    path("admin/", admin.site.urls),
]
