"""What ``make prove-halt`` does: stacks under load, halted while one thing after the other is broken."""
