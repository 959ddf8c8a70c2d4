"""``make screenshots``: the pictures of the README, from stacks started for them: a demo, a failing rehearsal."""

import json
import sys
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, sync_playwright

from polyloly_site.env import ROOT
from tests import servers, stacks
from tests.stacks import Stack

PICTURES: Final = ROOT / "docs" / "images"
# An evening that has been going on for a while says more than one that begins.
EVENING_MS: Final = 90_000
# The fault that leaves orders unknown, and long enough of it that some are.
FAULT: Final = {"name": "error_before", "rate": 700, "seed": 7}
FAULTY_MS: Final = 12_000
SIZES: Final = {"desktop": (1280, 900), "phone": (375, 812)}


def take(browser: Browser, stack: Stack, folder: Path) -> list[Path]:
    """Log in once, wait, and take the overview in every size, then the page of risk; the files."""
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(stack.link)
    page.wait_for_timeout(EVENING_MS)
    taken = []
    for name, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(1_500)
        taken.append(folder / f"overview-{name}.png")
        page.screenshot(path=taken[-1])
    width, height = SIZES["desktop"]
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{stack.url}/risk/")
    page.wait_for_timeout(3_000)
    taken.append(folder / "risk-desktop.png")
    page.screenshot(path=taken[-1])
    context.close()
    return taken


def take_orders(browser: Browser, stack: Stack, folder: Path) -> Path:
    """The orders of a rehearsal whose venue has begun to fail: the unknown ones above the others."""
    width, height = SIZES["desktop"]
    context = browser.new_context(color_scheme="dark", viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(stack.link)
    page.wait_for_timeout(EVENING_MS // 2)
    door = f"http://127.0.0.1:{stack.port + 1}/simulator/faults"
    ask = Request(door, json.dumps(FAULT).encode(), {"Content-Type": "application/json"}, method="POST")
    with urlopen(ask, timeout=10):
        page.wait_for_timeout(FAULTY_MS)
    page.goto(f"{stack.url}/orders/")
    page.wait_for_timeout(1_500)
    picture = folder / "orders-desktop.png"
    page.screenshot(path=picture)
    context.close()
    return picture


def main() -> int:
    path = servers.fetch_browser()
    if path is None:
        sys.stderr.write(f"{servers.BROWSER_HINT}\n")
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        with stacks.running() as stack:
            pictures = take(browser, stack, PICTURES)
        with stacks.running(PAPER_TRADING="false") as stack:
            pictures.append(take_orders(browser, stack, PICTURES))
        for picture in pictures:
            sys.stdout.write(f"{picture.relative_to(ROOT)}\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
