"""Looks for secrets where they must not be: logs, database, Redis' own files, recordings, pages, answers, errors.

``leaks`` reads a whole ``STATE_DIR``; ``found_in`` one text. What is told names the place and the kind, never the
secret. A signature is known by its looks, so that none has to be handed over: 65 bytes and more in hex, or base64
behind a word that says signature.
"""

import base64
import io
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import zstandard

# The one place where a rehearsal's key lies, readable by its owner only.
KEPT: Final = Path("var") / "secrets"
SQLITE: Final = b"SQLite format 3\x00"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
SHORTEST: Final = 16  # a shorter secret would be found everywhere
SIGNATURES: Final = (
    ("an Ethereum signature", re.compile(rb"(?<![0-9a-fA-F])(?:0x)?[0-9a-fA-F]{130,}")),
    (
        "a signature",
        re.compile(rb"(?i)signature[\\\"' ]*[:=][\\\"' ]*(?:b')?(?:0x)?[A-Za-z0-9+/_-]{40,}={0,2}"),
    ),
)

Secrets = Mapping[str, str] | Iterable[str]


def leaks(state_dir: Path, secrets: Secrets) -> list[str]:
    """Every place under ``state_dir`` that holds a secret or a signature. Secrets by name, or just the texts."""
    wanted = needles(secrets)
    found: list[str] = []
    for path in sorted(state_dir.rglob("*")):
        place = path.relative_to(state_dir)
        if path.is_file() and not place.is_relative_to(KEPT):
            for part, content in _contents(path):
                found += [f"{place}{part}: {what}" for what in _found(content, wanted)]
    return found


def found_in(texts: Mapping[str, str | bytes], secrets: Secrets) -> list[str]:
    """The same for pages, answers and errors, by their name."""
    wanted = needles(secrets)
    return [
        f"{name}: {what}"
        for name, text in texts.items()
        for what in _found(text if isinstance(text, bytes) else text.encode(), wanted)
    ]


def needles(secrets: Secrets) -> dict[bytes, str]:
    """Each secret in every spelling it may turn up in, with its name."""
    named = secrets if isinstance(secrets, Mapping) else {f"secret {n}": s for n, s in enumerate(secrets, 1)}
    spellings: dict[bytes, str] = {}
    for name, secret in named.items():
        bare = secret.removeprefix("0x")
        if len(bare) < SHORTEST:
            raise ValueError(f"{name} is too short to be looked for")
        spellings |= dict.fromkeys({bare.encode(), bare.lower().encode(), bare.upper().encode()}, name)
        for raw in {bare.encode(), *_bytes_of(bare)}:
            for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
                spellings[encoded.rstrip(b"=")] = f"{name} in base64"
            spellings.setdefault(raw, f"{name} in bytes")
    return spellings


def _bytes_of(text: str) -> Iterator[bytes]:
    """What a secret stands for, when it is hex or base64."""
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", text):
        yield bytes.fromhex(text)
    elif re.fullmatch(r"[A-Za-z0-9_-]+={1,2}", text) and len(text) % 4 == 0:
        yield base64.urlsafe_b64decode(text)


def _found(content: bytes, wanted: Mapping[bytes, str]) -> list[str]:
    kinds = {name for needle, name in wanted.items() if needle in content}
    kinds |= {kind for kind, looks in SIGNATURES if looks.search(content)}
    return sorted(kinds)


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """What a file holds: as it lies there, and as it reads where it is a database or compressed."""
    raw = path.read_bytes()
    if raw.startswith(ZSTD):
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw), read_across_frames=True) as reader:
            yield "", reader.read()
        return
    yield "", raw
    if raw.startswith(SQLITE):
        yield from _tables(path)


def _tables(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every table's rows: a long text lies in pieces on the file's pages."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            quoted = name.replace('"', '""')
            rows = database.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 the database's own table names
            yield f", table {name}", b"\n".join(repr(row).encode() for row in rows)
    database.close()
