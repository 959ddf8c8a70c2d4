"""Plumbing: clock, bus, leases, logs, metrics, checks. It knows nothing of trading."""
