"""Whether the limits hold: a wild world, a greedy strategy, and an auditor with books of its own."""
