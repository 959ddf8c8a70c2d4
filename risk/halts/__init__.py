"""Halts: pressed, kept, obeyed, proven; and what presses by itself."""
