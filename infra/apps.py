"""The plumbing as a Django app, so that its checks and commands are found."""

from django.apps import AppConfig


class InfraConfig(AppConfig):
    name = "infra"
    verbose_name = "Plumbing"
