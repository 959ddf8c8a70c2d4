"""One wallet on the chain and at the venue: who holds it, its heartbeat, merges and redemptions, and its checks."""
