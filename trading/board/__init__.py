"""What the console shows of a shard: its rows, gathered, and sent as a snapshot with numbered changes."""
