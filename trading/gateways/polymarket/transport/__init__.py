"""The road to the venue's order book: requests, the connections they go over, and how often they may."""
