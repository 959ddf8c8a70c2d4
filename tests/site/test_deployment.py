"""What the compose file and the production settings promise."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyloly_site import env, processes
from polyloly_site.env import ROOT


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return loaded


def manage(*arguments: str, **changed: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "polyloly_site.settings", **changed}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_production_settings_have_no_warning(tmp_path: Path) -> None:
    checked = manage(
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        STATE_DIR=str(tmp_path),
        PUBLIC_ORIGIN="https://bot.example.org",
    )

    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


@pytest.mark.parametrize(("name", "queue"), [("trader", "trading"), ("feeds", "feeds"), ("ops", "ops")])
def test_a_container_runs_the_launchers_command(services: dict[str, Any], name: str, queue: str) -> None:
    ours = processes.worker(env.load(), name, queue).command

    assert set(ours[3:]) <= set(services[name]["command"].split())


def test_every_process_of_the_launcher_has_a_container(services: dict[str, Any]) -> None:
    assert {program.name for program in processes.programs(env.load())} <= set(services)


@pytest.mark.parametrize("name", ["web", "trader", "feeds", "ops", "beat", "simulator"])
def test_a_container_is_watched_limited_and_nobodys_root(services: dict[str, Any], name: str) -> None:
    service = services[name]

    assert service["user"] != "root"
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"]
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["read_only"]


OURS = ["web", "trader", "feeds", "ops", "beat"]


@pytest.mark.parametrize("name", OURS)
def test_nothing_of_ours_starts_before_the_looks_have_passed(services: dict[str, Any], name: str) -> None:
    assert services[name]["depends_on"]["look_first"] == {"condition": "service_completed_successfully"}


def test_what_is_looked_at_is_there_before(services: dict[str, Any]) -> None:
    first = services["look_first"]

    assert first["restart"] == "no", "it tries three times and then says why"
    assert set(first["depends_on"]) == {"migrate", "redis", "simulator"}
    waited_for = {"look_first"}
    for _ in services:
        waited_for |= {name for each in waited_for for name in services[each].get("depends_on", ())}
    assert not waited_for & set(OURS), "what is looked at would wait for the look"
    assert "look_first" not in {name for each in waited_for for name in services[each].get("depends_on", ())}


def test_what_looks_knows_what_the_others_know(services: dict[str, Any]) -> None:
    """Other settings, and it would pass what the others fail at."""
    told = {
        name: value for name, value in services["feeds"]["environment"].items() if name != "POLYLOLY_PROCESS"
    }

    assert told.items() <= services["look_first"]["environment"].items()
    assert services["look_first"]["secrets"] == services["feeds"]["secrets"]


def test_secrets_come_as_files(services: dict[str, Any]) -> None:
    for name, service in services.items():
        secret = [
            key
            for key in service.get("environment", {})
            if key.endswith(("TOKEN", "KEY", "PASSWORD", "DATABASE_URL"))
        ]
        assert secret == [], name


def test_only_the_traders_container_can_read_the_private_key(services: dict[str, Any]) -> None:
    holders = {name for name, service in services.items() if "private_key" in service.get("secrets", [])}

    assert holders == {"trader"}


def test_the_settings_of_a_container_are_known_settings(services: dict[str, Any]) -> None:
    others = {"POLYLOLY_PROCESS", "CELERY_SKIP_CHECKS"}

    for name in (*OURS, "simulator", "look_first"):
        given = set(services[name]["environment"]) - others
        assert {setting.lower() for setting in given} <= set(env.Polyloly.model_fields), name
