"""Registers the simulator so that ``manage.py run_simulator`` is found. It has no models."""

from django.apps import AppConfig


class SimulatorConfig(AppConfig):
    name = "simulator"
    verbose_name = "Simulator"
