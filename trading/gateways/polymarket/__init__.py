"""The gateway to Polymarket: signing, transport, channels, wallet."""
