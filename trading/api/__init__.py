"""``/api/v1``: what trading answers, a module for each subject."""

from trading.api import books, pnl, reconciliation

ROUTERS = (pnl.router, reconciliation.router, books.router)
