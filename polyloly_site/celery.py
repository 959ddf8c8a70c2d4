"""The Celery application: loops and schedules, all asked for by beat."""

from celery import Celery

app = Celery("polyloly")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
