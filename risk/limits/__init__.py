"""What may be lost, held and sent: agreed, dealt to the shards, and counted."""
