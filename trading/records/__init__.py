"""What a shard writes down: each step into bounded queues, off the hot path, and from there into rows."""
