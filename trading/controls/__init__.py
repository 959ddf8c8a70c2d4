"""How a running shard hears of what people and watchers decide, obeys it and answers for it."""
