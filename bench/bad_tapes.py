"""Tapes that are broken on purpose, made from a sound one: what must be refused, counted by reason, and survived."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

EVERY: Final = 50  # each so many lines one is spoiled
HOURS_MS: Final = 7_200_000

Spoil = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class BadTape:
    """``refused``: at least so many refusals of this reason. ``frames``: how many must still reach the parser."""

    name: str
    path: Path
    reason: str
    refused: int
    frames: int


def make(folder: Path, sound: Path) -> list[BadTape]:
    """Write one tape for each way to be bad, each in a folder of its own beside the sound one's ``markets.json``."""
    with gzip.open(sound, "rb") as file:
        lines = file.readlines()
    markets = sound.with_name("markets.json").read_bytes()
    tapes = [_spoiled(folder, lines, name, reason, spoil, keeps) for name, reason, spoil, keeps in SPOILS]
    tapes += [
        _cut(folder, lines),
        _jump(folder, lines, "backwards", -HOURS_MS),
        _jump(folder, lines, "forwards", HOURS_MS),
    ]
    for tape in tapes:
        tape.path.with_name("markets.json").write_bytes(markets)
    return tapes


def _at(folder: Path, name: str) -> Path:
    path = folder / name.replace(" ", "_") / "tape.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write(path: Path, lines: list[bytes]) -> None:
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.writelines(lines)


def _spoiled(
    folder: Path,
    lines: list[bytes],
    name: str,
    reason: str,
    spoil: Spoil,
    keeps: bool,  # noqa: FBT001
) -> BadTape:
    path, written, spoiled = _at(folder, name), list(lines), 0
    for number in range(EVERY, len(lines), EVERY):
        bad = spoil(lines[number])
        if bad != lines[number]:
            written[number] = bad
            spoiled += 1
    _write(path, written)
    return BadTape(name, path, reason, spoiled, len(lines) - (0 if keeps else spoiled))


def _cut(folder: Path, lines: list[bytes]) -> BadTape:
    """The end of the file is missing, in the middle of its compression."""
    path = _at(folder, "truncated gzip")
    _write(path, lines)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    return BadTape("truncated gzip", path, "truncated", 1, len(lines) // 2)


def _jump(folder: Path, lines: list[bytes], way: str, by_ms: int) -> BadTape:
    """Every so often the recorder's clock is hours off for one line; the frame's own stamps are right."""

    def shifted(text: bytes) -> bytes:
        line = json.loads(text)
        return _text({**line, "recv_ms": line["recv_ms"] + by_ms})

    return _spoiled(folder, lines, f"clock jumps {way}", "clock_jump", shifted, keeps=False)


def _text(line: Any) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _in_first_message(change: Callable[[dict[str, Any]], None]) -> Spoil:
    """Change the first message of the line's frame."""

    def spoil(text: bytes) -> bytes:
        line = json.loads(text)
        frame = line["frame"]
        change(frame[0] if isinstance(frame, list) else frame)
        return _text(line)

    return spoil


def _in_first_change(**values: str) -> Spoil:
    """Change the first level of a ``price_change`` or ``book``; other messages stay as they are."""

    def change(message: dict[str, Any]) -> None:
        levels = message.get("price_changes") or message.get("bids") or message.get("asks")
        if levels:
            levels[0].update(values)

    return _in_first_message(change)


def _unknown_token(message: dict[str, Any]) -> None:
    for change in message.get("price_changes", ()):
        change["asset_id"] = "1234567890"
    if "asset_id" in message:
        message["asset_id"] = "1234567890"


# name, the reason it must be refused for, what is done to a line, and whether the line still holds a frame
SPOILS: Final[tuple[tuple[str, str, Spoil, bool], ...]] = (
    ("malformed lines", "unreadable_line", lambda text: text[: len(text) // 2] + b"\n", False),
    (
        "unknown event types",
        "unknown_event_type",
        _in_first_message(lambda message: message.update(event_type="surprise")),
        True,
    ),
    ("prices off the grid", "price_off_grid", _in_first_change(price="0.12345"), True),
    ("negative sizes", "negative_size", _in_first_change(size="-5"), True),
    ("unknown tokens", "unknown_token", _in_first_message(_unknown_token), True),
)
