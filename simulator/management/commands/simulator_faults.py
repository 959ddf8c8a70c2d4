"""``manage.py simulator_faults on NAME --rate 50 | off [NAME ...] | list``: what goes wrong at the simulator."""

import json
from argparse import ArgumentParser
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from simulator.faults.catalogue import ALWAYS, Name
from simulator.faults.doors import PATH

TIMEOUT_S: Final = 5


class Command(BaseCommand):
    help = "Switch faults of the running simulator on and off, and tell what they did."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=settings.POLYLOLY.urls.clob, help="of the simulator")
        names = [str(name) for name in Name]
        verbs = parser.add_subparsers(dest="verb", required=True)
        on = verbs.add_parser("on", help="begin a fault, or begin it anew")
        on.add_argument("name", choices=names)
        on.add_argument("--rate", type=int, default=ALWAYS, help="thousandths; 1000 is always")
        on.add_argument("--seed", type=int, default=settings.POLYLOLY.seed)
        on.add_argument(
            "--for", type=int, dest="for_s", metavar="SECONDS", help="by the clock; else until off"
        )
        on.add_argument("--target", help="a path prefix or a channel's name; else all that it is meant for")
        on.add_argument("--seconds", type=int, help="of skew: ahead when positive")
        off = verbs.add_parser("off", help="end these faults, or all")
        off.add_argument("name", nargs="*", choices=[*names, []])
        verbs.add_parser("list", help="all faults, which are on, and how often each struck")

    def handle(self, *_: Any, verb: str, url: str, **options: Any) -> str:
        if verb == "on":
            span = options["for_s"]
            wish = {key: options[key] for key in ("name", "rate", "seed", "target", "seconds")}
            return _shown(_ask(url, "POST", {**wish, "for_ms": None if span is None else span * 1_000}))
        if verb == "off":
            return _shown(_ask(f"{url}{PATH}?{urlencode([('name', n) for n in options['name']])}", "DELETE"))
        return _shown(_ask(url, "GET"))


def _ask(url: str, method: str, body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Talk to the control API. Raises ``CommandError`` with what the simulator said, or that it did not."""
    address = url if PATH in url else url + PATH
    if not address.startswith("http://"):
        raise CommandError(f"there is no simulator at {url}: faults exist with VENUE=simulator only")
    request = Request(address, method=method, data=None if body is None else json.dumps(body).encode())  # noqa: S310
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            faults: list[dict[str, Any]] = json.load(answer)["faults"]
    except HTTPError as error:
        raise CommandError(f"the simulator refused: {json.load(error).get('error', error.reason)}") from error
    except (URLError, TimeoutError) as error:
        raise CommandError(f"no simulator answers at {url}: {error}") from error
    return faults


def _shown(faults: list[dict[str, Any]]) -> str:
    """One line for each fault."""
    lines = []
    for fault in faults:
        state = f"on {fault['rate']}/{ALWAYS} seed {fault['seed']}" if fault["on"] else "off"
        lines.append(
            f"{fault['name']:<18} {state:<24} {fault['done']:>6} of {fault['asked']:<8} {fault['meaning']}"
        )
    return "\n".join(lines)
