"""The console's doors: each reads selectors and draws a page."""
