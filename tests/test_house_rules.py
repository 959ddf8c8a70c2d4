"""The rules of the house that no linter knows. A rule nobody checks is a wish."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
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


def every(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=name_of)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def text(path: Path) -> str:
    return path.read_text()


def imported(path: Path) -> Iterator[str]:
    """Every module the file imports, anywhere in it; ``from a import b`` counts as ``a.b``."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno}: name the package, no relative imports"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


@every(CORE)
def test_the_core_imports_nothing_that_could_tell_it_more_than_its_events(path: Path) -> None:
    assert {module.split(".")[0] for module in imported(path)} <= CORE_IMPORTS


@every(CORE)
def test_the_core_reads_no_clock_and_rolls_no_dice(path: Path) -> None:
    ambient = [ast.unparse(call.func) for call in calls(path) if AMBIENT.search(ast.unparse(call.func))]

    assert ambient == []


@every([path for path in CORE if name_of(path) not in FLOAT_ALLOWED])
def test_the_core_counts_money_exactly(path: Path) -> None:
    """No float: not as a literal, a type, a conversion or a true division."""
    for node in ast.walk(tree(path)):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        named = isinstance(node, ast.Name) and node.id == "float"
        divided = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        inexact = literal or named or divided
        assert not inexact, f"line {getattr(node, 'lineno', '?')}"


@every([path for path in CODE if path != ROOT / "core" / "risk.py"])
def test_only_the_judge_approves(path: Path) -> None:
    """``Approved`` is the key to a gateway; one file may cut it."""
    forged = [call.lineno for call in calls(path) if ast.unparse(call.func).split(".")[-1] == "Approved"]

    assert forged == []


@every(of(*APPS))
def test_apps_meet_at_their_doors_only(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    for module in imported(path):
        room, _, rest = module.partition(".")
        if room not in APPS or room == own:
            continue
        at_door = rest.split(".")[0] in DOORS
        allowed = at_door or (own == "trading" and module.startswith(TRADING_ALSO))
        assert allowed, f"{module} is inside {room}"


@every(of("dashboard"))
def test_the_console_knows_only_units_and_events_of_the_core(path: Path) -> None:
    of_core = {".".join(module.split(".")[:2]) for module in imported(path) if module.startswith("core.")}

    assert of_core <= {"core.units", "core.events"}


@every(of("simulator"))
def test_the_simulator_shares_only_units_and_names_with_the_core(path: Path) -> None:
    ours = {".".join(module.split(".")[:2]) for module in imported(path) if module.split(".")[0] in ROOMS}

    assert not [
        m for m in ours if not m.startswith(("simulator", "infra")) and m not in {"core.units", "core.ids"}
    ]


@every(ALL)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    if tree(path).body:
        assert ast.get_docstring(tree(path)), "no docstring"


@every(ALL)
def test_a_module_is_short(path: Path) -> None:
    lines = len(text(path).splitlines())

    assert lines <= LINES_MAX


@every(ALL)
def test_a_function_is_short(path: Path) -> None:
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= FUNCTION_LINES_MAX
    ]

    assert long == []


@every(ALL)
def test_a_module_is_named_after_a_thing(path: Path) -> None:
    assert path.stem not in NAMES_OF_NOTHING
    classes = [node.name for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
    assert not [name for name in classes if re.search(r"(Manager|Helper|Utils?)$", name)]


@every([path for path in CODE if name_of(path) != "polyloly_site/launcher.py"])
def test_application_code_does_not_print(path: Path) -> None:
    assert [call.lineno for call in calls(path) if ast.unparse(call.func) == "print"] == []


@every(ALL)
def test_broad_excepts_stand_only_at_a_marked_edge(path: Path) -> None:
    """One per process edge, and its line says which edge it is."""
    lines = text(path).splitlines()
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = ast.unparse(node.type) if node.type else "everything"
        broad = re.search(r"\b(Base)?Exception\b|everything", caught)
        marked = "edge" in lines[node.lineno - 1]
        assert marked or not broad, f"line {node.lineno}: except {caught}"


@every(ALL)
def test_nothing_is_suppressed_wholesale(path: Path) -> None:
    wholesale = {"suppress(Exception)", "suppress(BaseException)"}

    assert not [call.lineno for call in calls(path) if ast.unparse(call).split(".")[-1] in wholesale]


@every(TESTS)
def test_tests_do_not_sleep(path: Path) -> None:
    """They wait for what they are about. ``asyncio.sleep(0)`` only lets others run."""
    for call in calls(path):
        called = ast.unparse(call.func)
        if called in {"time.sleep", "sleep", "asyncio.sleep"}:
            assert ast.unparse(call) == "asyncio.sleep(0)", f"line {call.lineno}: {ast.unparse(call)}"


@every(TESTS)
def test_our_own_code_is_not_mocked(path: Path) -> None:
    assert not [
        module for module in imported(path) if module.startswith(("unittest.mock", "mock.", "pytest_mock"))
    ]


@every(ALL)
def test_what_is_left_to_do_names_its_issue(path: Path) -> None:
    notes = re.findall(r"# (?:TODO|FIXME|XXX|HACK)\b.*", text(path))

    assert not [note for note in notes if not re.search(r"#\d+", note)]


@every(ALL)
def test_no_banners(path: Path) -> None:
    assert not re.search(r"^\s*#\s*[=\-#*~]{4,}", text(path), re.MULTILINE)


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
