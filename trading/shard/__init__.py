"""One shard: a loop that owns its markets' sockets, engine and orders, from its start to its end."""
