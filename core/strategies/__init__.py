"""Strategies: each proposes intents from a read-only view of one market; the judge disposes."""
