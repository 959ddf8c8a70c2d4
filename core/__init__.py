"""Decisions. No Django, no I/O, no clock, no randomness, no float, no logging: events in, intents out."""
