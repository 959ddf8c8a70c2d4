"""The venue: one mirrored book a market, matching, mint and merge, balances, taker delay, fees."""
