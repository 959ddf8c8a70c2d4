"""What an order must pass, one file a noun. ``core.risk.judge`` asks them in order; nobody else does."""
