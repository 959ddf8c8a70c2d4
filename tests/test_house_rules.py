"""The rules of the house that no linter knows. A rule nobody checks is a wish."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
ROOMS: Final = ("core", "infra", "risk", "feeds", "trading", "dashboard", "simulator", "polyloly_site")
APPS: Final = ("risk", "feeds", "trading", "dashboard")
DOORS: Final = frozenset({"selectors", "services", "errors"})
# trading drives the sources itself (architecture.md, Processes); replay reads tapes.
TRADING_ALSO: Final = (
    "feeds.sources",
    "feeds.recorder",
    "feeds.tapes",
    "feeds.refusals",
    "feeds.market_defaults",
)

LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 60
NAMES_OF_NOTHING: Final = frozenset(
    {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
)

CORE_IMPORTS: Final = frozenset(
    {
        *("dataclasses", "enum", "typing", "collections", "itertools", "functools"),
        *("bisect", "math", "heapq", "operator", "re", "core", "__future__"),
    }
)
# The one place of the core that may compute in float (trading.md 1).
FLOAT_ALLOWED: Final = frozenset({"core/winprob.py"})
AMBIENT: Final = re.compile(
    r"(^|\.)(now|today|utcnow|time|monotonic|perf_counter|uuid\d|random|urandom|getenv)$"
)


def of(*rooms: str) -> list[Path]:
    return sorted(
        path for room in rooms for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts
    )


CORE: Final = of("core")
CODE: Final = [ROOT / "manage.py", *of(*ROOMS)]
TESTS: Final = of("tests")
ALL: Final = [*CODE, *of("bench"), *TESTS]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(path)))


@cache
def text(path: Path) -> str:
    return path.read_text()


def imported(path: Path) -> Iterator[str]:
    """Every module the file imports, anywhere in it; ``from a import b`` counts as ``a.b``."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno}: name the package, no relative imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def calls(path: Path) -> tuple[tuple[int, str, str], ...]:
    """Every call in the file: its line, what is called, and the whole of it."""
    return tuple(
        (node.lineno, ast.unparse(node.func), ast.unparse(node))
        for node in nodes(path)
        if isinstance(node, ast.Call)
    )


def breaches(paths: list[Path], rule: Callable[[Path], Iterator[str]]) -> list[str]:
    """Where a rule is broken, and how. One test a rule: thousands of tests of one file each cost a minute."""
    return [f"{name_of(path)}: {breach}" for path in paths for breach in rule(path)]


def test_the_core_imports_nothing_that_could_tell_it_more_than_its_events() -> None:
    def rule(path: Path) -> Iterator[str]:
        yield from (module for module in imported(path) if module.split(".")[0] not in CORE_IMPORTS)

    assert breaches(CORE, rule) == []


def test_the_core_reads_no_clock_and_rolls_no_dice() -> None:
    def rule(path: Path) -> Iterator[str]:
        yield from (f"line {line}: {called}" for line, called, _ in calls(path) if AMBIENT.search(called))

    assert breaches(CORE, rule) == []


def test_the_core_counts_money_exactly() -> None:
    """No float: not as a literal, a type, a conversion or a true division."""

    def rule(path: Path) -> Iterator[str]:
        for node in nodes(path):
            literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
            named = isinstance(node, ast.Name) and node.id == "float"
            divided = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
            if literal or named or divided:
                yield f"line {getattr(node, 'lineno', '?')}"

    assert breaches([path for path in CORE if name_of(path) not in FLOAT_ALLOWED], rule) == []


def test_only_the_judge_approves() -> None:
    """``Approved`` is the key to a gateway; one file may cut it."""

    def rule(path: Path) -> Iterator[str]:
        for line, called, _ in calls(path):
            if called.split(".")[-1] == "Approved":
                yield f"line {line}"

    assert breaches([path for path in CODE if name_of(path) != "core/risk.py"], rule) == []


def test_apps_meet_at_their_doors_only() -> None:
    def rule(path: Path) -> Iterator[str]:
        own = path.relative_to(ROOT).parts[0]
        for module in imported(path):
            room, _, rest = module.partition(".")
            if room not in APPS or room == own or rest.split(".")[0] in DOORS:
                continue
            if not (own == "trading" and module.startswith(TRADING_ALSO)):
                yield f"{module} is inside {room}"

    assert breaches(of(*APPS), rule) == []


def test_the_console_knows_only_units_and_events_of_the_core() -> None:
    def rule(path: Path) -> Iterator[str]:
        for module in imported(path):
            if module.startswith("core.") and module.split(".")[1] not in {"units", "events"}:
                yield module

    assert breaches(of("dashboard"), rule) == []


def test_the_simulator_shares_only_units_and_names_with_the_core() -> None:
    def rule(path: Path) -> Iterator[str]:
        for module in imported(path):
            named = ".".join(module.split(".")[:2])
            ours = named.split(".")[0] in ROOMS and not named.startswith(("simulator", "infra"))
            if ours and named not in {"core.units", "core.ids"}:
                yield module

    assert breaches(of("simulator"), rule) == []


def test_a_module_says_what_it_is_for() -> None:
    def rule(path: Path) -> Iterator[str]:
        if tree(path).body and not ast.get_docstring(tree(path)):
            yield "no docstring"

    assert breaches(ALL, rule) == []


def test_a_module_is_short() -> None:
    def rule(path: Path) -> Iterator[str]:
        lines = len(text(path).splitlines())
        if lines > LINES_MAX:
            yield f"{lines} lines"

    assert breaches(ALL, rule) == []


def test_a_function_is_short() -> None:
    def rule(path: Path) -> Iterator[str]:
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    yield f"{node.name}: {lines} lines"

    assert breaches(ALL, rule) == []


def test_a_module_and_a_class_are_named_after_a_thing() -> None:
    def rule(path: Path) -> Iterator[str]:
        if path.stem in NAMES_OF_NOTHING:
            yield path.stem
        for node in nodes(path):
            if isinstance(node, ast.ClassDef) and re.search(r"(Manager|Helper|Utils?)$", node.name):
                yield node.name

    assert breaches(ALL, rule) == []


def test_application_code_does_not_print() -> None:
    def rule(path: Path) -> Iterator[str]:
        yield from (f"line {line}" for line, called, _ in calls(path) if called == "print")

    assert breaches([path for path in CODE if name_of(path) != "polyloly_site/launcher.py"], rule) == []


def test_broad_excepts_stand_only_at_a_marked_edge() -> None:
    """One per process edge, and its line says which edge it is."""

    def rule(path: Path) -> Iterator[str]:
        lines = text(path).splitlines()
        for node in nodes(path):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = ast.unparse(node.type) if node.type else "everything"
            broad = re.search(r"\b(Base)?Exception\b|everything", caught)
            if broad and "edge" not in lines[node.lineno - 1]:
                yield f"line {node.lineno}: except {caught}"

    assert breaches(ALL, rule) == []


def test_nothing_is_suppressed_wholesale() -> None:
    wholesale = {"suppress(Exception)", "suppress(BaseException)"}

    def rule(path: Path) -> Iterator[str]:
        for line, _, whole in calls(path):
            if whole.split(".")[-1] in wholesale:
                yield f"line {line}"

    assert breaches(ALL, rule) == []


def test_tests_do_not_sleep() -> None:
    """They wait for what they are about. ``asyncio.sleep(0)`` only lets others run."""

    def rule(path: Path) -> Iterator[str]:
        for line, called, whole in calls(path):
            if called in {"time.sleep", "sleep", "asyncio.sleep"} and whole != "asyncio.sleep(0)":
                yield f"line {line}: {whole}"

    assert breaches(TESTS, rule) == []


def test_our_own_code_is_not_mocked() -> None:
    def rule(path: Path) -> Iterator[str]:
        mocks = ("unittest.mock", "mock.", "pytest_mock")
        yield from (module for module in imported(path) if module.startswith(mocks))

    assert breaches(TESTS, rule) == []


def test_what_is_left_to_do_names_its_issue() -> None:
    def rule(path: Path) -> Iterator[str]:
        notes = re.findall(r"# (?:TODO|FIXME|XXX|HACK)\b.*", text(path))
        yield from (note for note in notes if not re.search(r"#\d+", note))

    assert breaches(ALL, rule) == []


def test_no_banners() -> None:
    def rule(path: Path) -> Iterator[str]:
        yield from re.findall(r"^\s*#\s*[=\-#*~]{4,}", text(path), re.MULTILINE)

    assert breaches(ALL, rule) == []


def tracked() -> list[Path]:
    """Every text file that is in the repository, or would be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [
        path
        for path in paths
        if path.is_file() and path.suffix not in {".png", ".gz", ".zst", ".ico", ".woff2"}
    ]


def test_no_path_of_a_machine_is_in_the_repository() -> None:
    machine = re.compile(r"/(?:work|home|Users)/[a-z][\w.-]*/|/root/")
    allowed = {"tests/test_house_rules.py"}

    found = [
        f"{name_of(path)}: {match.group()}"
        for path in tracked()
        if name_of(path) not in allowed
        for match in machine.finditer(path.read_text(errors="replace"))
    ]

    assert found == []


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name)
def test_a_python_lock_pins_every_package_by_hash_and_names_no_registry(lock: Path) -> None:
    written = lock.read_text()

    assert not re.search(r"://|--index-url|--find-links|file:", written)
    pins = re.findall(r"^[a-z0-9].*==", written, re.MULTILINE)
    pinned = re.findall(r"^[a-z0-9][^\n]*\\\n    --hash=sha256:", written, re.MULTILINE)
    assert len(pins) == len(pinned) > 0


def test_the_browser_lock_keeps_integrity_and_names_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    for name, package in packages.items():
        if name:
            assert "resolved" not in package, name
            assert package["integrity"].startswith("sha512-"), name


def declared() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = chain(project["project"]["dependencies"], *project["dependency-groups"].values())
    names = [re.split(r"[\[=<>~! ;]", line)[0] for line in listed]
    package = json.loads((ROOT / "package.json").read_text())
    return [*names, *package["dependencies"], *package["devDependencies"]]


@pytest.mark.parametrize("package", declared())
def test_every_dependency_says_why_it_is_here(package: str) -> None:
    page = (ROOT / "docs" / "reference" / "dependencies.md").read_text()

    assert re.search(rf"^\| `{re.escape(package)}` \| [^|]+ \| [^|]+ \|$", page, re.MULTILINE)


def test_the_page_of_dependencies_lists_nothing_that_is_gone() -> None:
    page = (ROOT / "docs" / "reference" / "dependencies.md").read_text()

    assert set(re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)) == set(declared())


def test_the_import_directions_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]

    verdict = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert verdict.returncode == 0, verdict.stdout


def test_no_two_shapes_of_the_api_share_a_name() -> None:
    """The API's description knows shapes by name. Seen: two modules had a ``ProfitOut``, and it took one for both."""
    files: dict[str, set[str]] = {}
    for path in of("risk", "feeds", "trading", "polyloly_site"):
        if any(part.startswith("api") for part in path.relative_to(ROOT).parts):
            for name in re.findall(r"^class (\w+(?:In|Out))\b", text(path), re.MULTILINE):
                files.setdefault(name, set()).add(name_of(path))

    assert {name: found for name, found in files.items() if len(found) > 1} == {}


def test_every_endpoint_and_page_has_a_row_in_the_table_of_who_may_what() -> None:
    """Missing in ``tests/site/access.py``: add it with the lowest role that is let in; ``test_access`` tries it."""
    from tests.site import access

    assert access.endpoints() == set(access.API)
    assert access.addresses() == set(access.CONTROLS) | set(access.PAGES)
