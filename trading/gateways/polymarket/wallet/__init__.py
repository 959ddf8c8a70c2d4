"""Our wallet on the chain: what it holds and may spend, and the two ways to move it."""
