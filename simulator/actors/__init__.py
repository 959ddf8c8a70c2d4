"""Who trades on the exchange: makers that follow the match late, a crowd, one who knows."""
