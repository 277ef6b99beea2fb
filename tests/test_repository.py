"""What holds for the repository as a whole: what it installs, imports, names and weighs."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

import edge.errors

MAX_LINES = 350
MAX_BYTES = 10 << 20
NEVER_ON_THE_DEVICE = (
    "torch",
    "onnx",
    "scipy",
    "sklearn",
    "matplotlib",
    "mediapipe",
    "pyarrow",
    "export",
    "benchmarks",
)
EXIT_CODE_ROW = re.compile(r"^\|\s*`?(\d+)`?\s*\|\s*`?(\w+)`?\s*\|", re.MULTILINE)
"""A row of the README's table of exit codes: ``| 3 | `InputError` | what it means |``."""
REGISTRY_HOSTS = re.compile(
    rb"pypi\.org|pythonhosted|piwheels|anaconda\.org|download\.pytorch|pypi\.nvidia|/opt/pypi", re.I
)


@pytest.fixture(scope="module")
def committed(root: Path) -> list[Path]:
    """Every file under version control that is there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := root / name).is_file()]


def test_the_device_part_requires_no_torch() -> None:
    always = [line for line in requires("fingerpost") or [] if "extra ==" not in line]
    names = {re.split(r"[^A-Za-z0-9_.-]", line)[0].lower() for line in always}
    assert names == {"cryptography", "numpy", "onnxruntime", "opencv-python-headless", "pydantic", "rich"}


def test_importing_every_device_module_imports_no_workstation_package() -> None:
    script = (
        "import importlib, json, pkgutil, sys, edge\n"
        "names = [m.name for m in pkgutil.walk_packages(edge.__path__, 'edge.') if not m.name.endswith('__main__')]\n"
        "for name in names: importlib.import_module(name)\n"
        "print(json.dumps([names, sorted(sys.modules)]))"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    walked, loaded = json.loads(printed)
    assert "edge.engines.onnx" in walked
    assert not set(NEVER_ON_THE_DEVICE) & set(loaded)


def test_the_device_starts_without_loading_what_a_command_may_not_need() -> None:
    script = "import sys, edge.__main__; print([m for m in ('onnxruntime', 'cv2', 'rich') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_no_module_is_longer_than_a_person_reads_in_one_go(committed: list[Path], root: Path) -> None:
    modules = [path for path in committed if path.suffix == ".py" and path.relative_to(root).parts[0] != "tests"]
    assert modules
    lines = {str(path.relative_to(root)): len(path.read_text().splitlines()) for path in modules}
    assert {name: n for name, n in lines.items() if n > MAX_LINES} == {}


def test_no_file_names_a_package_registry(committed: list[Path], root: Path) -> None:
    named = [path for path in committed if path != Path(__file__) and REGISTRY_HOSTS.search(path.read_bytes())]
    assert [str(path.relative_to(root)) for path in named] == []


def test_no_file_is_large(committed: list[Path], root: Path) -> None:
    sizes = {str(path.relative_to(root)): path.stat().st_size for path in committed}
    assert {name: size for name, size in sizes.items() if size > MAX_BYTES} == {}


def test_no_recording_is_committed(committed: list[Path], root: Path) -> None:
    names = [str(path.relative_to(root)) for path in committed]
    assert [name for name in names if name.endswith((".parquet", ".jpg", ".jpeg", ".pkl", ".pickle", ".pth"))] == []


def test_the_licence_is_mit_and_named_in_the_metadata(root: Path) -> None:
    assert (root / "LICENSE").read_text().startswith("MIT License")
    assert 'license = "MIT"' in (root / "pyproject.toml").read_text()


def test_every_error_has_its_row_in_the_readme(root: Path) -> None:
    classes = [
        error
        for _, error in inspect.getmembers(edge.errors, inspect.isclass)
        if issubclass(error, edge.errors.FingerpostError)
    ]
    rows = {name: int(code) for code, name in EXIT_CODE_ROW.findall((root / "README.md").read_text())}
    assert {error.__name__: error.exit_code for error in classes}.items() <= rows.items()


def test_exit_codes_are_all_different() -> None:
    codes = [error.exit_code for error in edge.errors.FingerpostError.__subclasses__()]
    assert len(codes) == len(set(codes))
    assert set(codes).isdisjoint({0, edge.errors.FingerpostError.exit_code})


def test_every_make_target_says_what_it_does(root: Path) -> None:
    text = (root / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    explained = set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))
    assert set(phony[1].split()) <= explained


def test_shell_scripts_pass_shellcheck(committed: list[Path]) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    scripts = [path for path in committed if re.match(rb"#!.*\b(ba)?sh\b", path.read_bytes()[:64])]
    assert scripts
    checked = subprocess.run([shellcheck, *scripts], capture_output=True, text=True, check=False)
    assert checked.stdout == ""
