"""An exchange, matches and traders on loopback. Shares no matching, fee or book code with the core."""
