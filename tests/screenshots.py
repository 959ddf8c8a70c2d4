"""``make screenshots``: the pictures of the README, from a stack started for them."""

import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from polyloly_site.env import ROOT
from tests import servers, stacks
from tests.stacks import Stack

PICTURES: Final = ROOT / "docs" / "images"
# An evening that has been going on for a while says more than one that begins.
EVENING_MS: Final = 90_000
SIZES: Final = {"desktop": (1280, 900), "phone": (375, 812)}


def take(browser: Browser, stack: Stack, folder: Path) -> list[Path]:
    """Log in once, wait, and take the overview in every size; the files."""
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
    context.close()
    return taken


def main() -> int:
    path = servers.fetch_browser()
    if path is None:
        sys.stderr.write(f"{servers.BROWSER_HINT}\n")
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with stacks.running() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        for picture in take(browser, stack, PICTURES):
            sys.stdout.write(f"{picture.relative_to(ROOT)}\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
