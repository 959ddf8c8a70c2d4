"""Of the npm packages only the files we name can be asked for; and our own scripts pass their checker."""

import shutil
import subprocess
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from dashboard.finders import FILES, NamedPackageFiles

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "node_modules"
needs_packages = pytest.mark.skipif(not PACKAGES.is_dir(), reason="no node_modules: npm ci --ignore-scripts")


@needs_packages
@pytest.mark.parametrize("path", sorted(FILES))
def test_a_named_file_is_found(path: str) -> None:
    assert Path(str(finders.find(path))).is_file()


@needs_packages
@pytest.mark.parametrize(
    "path",
    ["vendor/lightweight-charts/package.json", "lightweight-charts/package.json", "vendor/../package.json"],
)
def test_no_other_file_of_a_package_is_found(path: str) -> None:
    assert NamedPackageFiles().find(path) is None


@needs_packages
def test_collecting_static_files_takes_the_named_ones_only() -> None:
    assert [path for path, _ in NamedPackageFiles().list(None)] == sorted(FILES)


@needs_packages
def test_our_scripts_pass_the_type_checker() -> None:
    node = shutil.which("node")
    checker = PACKAGES / "typescript" / "bin" / "tsc"
    if node is None or not checker.is_file():
        pytest.skip("no node or no typescript: npm ci --ignore-scripts")

    checked = subprocess.run(
        [node, str(checker), "-p", "tests/dashboard/tsconfig.json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.stdout == ""
    assert checked.returncode == 0
