"""The console: pages, one websocket, and nothing that decides. It reads selectors and calls services."""
