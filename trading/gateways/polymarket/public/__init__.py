"""What the venue tells anybody, without a key."""
