"""Static files of npm packages: only the files named here, straight from ``node_modules``."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, overload

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.core.files.storage import FileSystemStorage, Storage

# Static path -> path under node_modules.
FILES: Final[Mapping[str, str]] = {
    "vendor/lightweight-charts.mjs": "lightweight-charts/dist/lightweight-charts.standalone.production.mjs",
}


class NamedPackageFiles(BaseFinder):
    """Finds nothing but ``FILES``, so that no other file of a package can be asked for."""

    def __init__(self, app_names: list[str] | None = None, *args: Any, **kwargs: Any) -> None:
        self.root = Path(settings.ROOT) / "node_modules"
        super().__init__(*args, **kwargs)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Name what ``npm ci`` has not installed."""
        missing = [source for source in FILES.values() if not (self.root / source).is_file()]
        return [
            CheckWarning(
                f"{self.root / source} is missing: no charts",
                hint="npm ci --ignore-scripts",
                id="dashboard.W001",
            )
            for source in missing
        ]

    @overload
    def find(self, path: str, find_all: Literal[False] = False) -> str | None: ...  # noqa: FBT002 Django's

    @overload
    def find(self, path: str, find_all: Literal[True]) -> list[str]: ...

    def find(self, path: str, find_all: bool = False) -> str | list[str] | None:  # noqa: FBT001, FBT002 Django's
        """The file under this name; ``None``, or an empty list, for any name but those in ``FILES``."""
        source = FILES.get(path)
        found = [str(self.root / source)] if source is not None and (self.root / source).is_file() else []
        if find_all:
            return found
        return found[0] if found else None

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        for path, source in FILES.items():
            if (self.root / source).is_file():
                yield path, NamedFile(self.root / source)


class NamedFile(FileSystemStorage):
    """A storage with one file in it, whatever it is asked for."""

    def __init__(self, source: Path) -> None:
        self.source = source
        super().__init__(location=source.parent)

    def path(self, name: str) -> str:
        return str(self.source)
