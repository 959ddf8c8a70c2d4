"""The shell around the engine: runner, gateways, and what is written down."""
