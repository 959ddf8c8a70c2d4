"""Gateways: the one object in which paper, rehearsal and live differ. They accept ``Approved`` and nothing else."""
