"""Reconciliation: our rows against the venue and the chain, each 60 s and at every start.

``run`` reads both sides, lets ``core.reconcile`` compare them and keeps what differs; ``act`` does something about it;
``rebuild`` makes rows anew where they are lost; ``watch`` tells running shards.
"""
