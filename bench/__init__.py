"""Measurements: speed and memory beside a peer in the same run, and proofs that the claims hold. No tests."""
