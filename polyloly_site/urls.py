"""Routes of the site. Apps bring their own ``urls.py``; their doors are included here."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from polyloly_site import health
from polyloly_site.api import api

handler400 = "dashboard.views.errors.bad_request"
handler403 = "dashboard.views.errors.forbidden"
handler404 = "dashboard.views.errors.not_found"
handler500 = "dashboard.views.errors.broken"

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", health.scrape),
    path("api/", api.urls),
    # Before the admin: /admin/halt and its siblings are the operator's endpoints (product.md 4).
    path("", include("risk.http.urls")),
    path("", include("dashboard.urls")),
    path("admin/", admin.site.urls),
]
