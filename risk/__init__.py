"""The operator's limits and stop button."""
