"""Judges a stack's rehearsal from outside: ``python -m bench.rehearsal.judge URL`` in the stack's environment.

Waits until nothing of the account moves any more, asks the simulated venue for the truth and prints what differs.
"""

import json
import sys
import time
from dataclasses import asdict
from typing import Final
from urllib.request import urlopen

import django

django.setup()

from bench.rehearsal import books  # noqa: E402 settings first
from trading.models import Account  # noqa: E402

REST_S: Final = 60.0


def main(url: str) -> None:
    account = Account.objects.filter(mode="rehearsal").order_by("-pk").first()
    if account is None:
        sys.exit("no rehearsal account: nothing was traded")
    end = time.monotonic() + REST_S
    restless = books.restless(account.name)
    while restless is not None and time.monotonic() < end:
        time.sleep(0.5)
        restless = books.restless(account.name)
    with urlopen(f"{url}/simulator/truth/{account.name}", timeout=10) as answer:  # noqa: S310 our own simulator
        truth = json.load(answer)
    found = books.compare(truth, account.name)
    said = asdict(found) | {"equal": found.equal, "restless": restless, "wallet": account.name}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
