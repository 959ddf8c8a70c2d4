"""When real money may be spent: asked for, given, and over by itself."""
