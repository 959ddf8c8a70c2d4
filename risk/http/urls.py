"""Routes of the operator's endpoints. They must come before the Django admin, whose prefix they share."""

from django.urls import path

from risk.http import doors

urlpatterns = [
    path("admin/halt", doors.halt),
    path("admin/reset", doors.reset),
    path("admin/halt-market", doors.halt_market),
    path("admin/resume-market", doors.resume_market),
    path("admin/restart-adapter", doors.restart_adapter),
]
