"""The console in a real browser, against a real web server, Redis and database; only the trader is a fake."""
