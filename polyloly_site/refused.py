"""What a start that ends before there are settings leaves behind: a line in the log, for who was not there to see."""

import os
import sys
from pathlib import Path

from infra import logs


def note(lines: list[str], root: Path) -> None:
    """Leave it where the state directory can be used; ``STATE_DIR`` itself may be what is wrong."""
    folder = (root / Path(os.environ.get("STATE_DIR") or ".").expanduser()).resolve() / "logs"
    if not os.access(folder.parent, os.W_OK):
        sys.stderr.write(f"not noted: {folder} cannot be written\n")
        return
    logs.start(folder / "bot.jsonl", mode="unknown", process="command")
    logs.get("launcher").error(
        "startup check",
        check="configuration",
        verdict="fail",
        detail="; ".join(line.strip() for line in lines),
        next_step="correct the named settings",
        event_type="startup_check",
    )
    logs.flush()
