"""The console's pages that need no id: what every page must show is tried on each of them."""

from typing import Final

PAGES: Final = [
    "/",
    "/markets/",
    "/orders/",
    "/fills/",
    "/pnl/",
    "/pnl/ledger/",
    "/risk/",
    "/alerts/",
    "/incidents/",
    "/audit/",
    "/reconciliation/",
    "/doctor/",
    "/people/",
]
