"""What somebody must be told: found out, kept as rows, decided, sent. Read ``catalogue`` first, then ``decision``."""
