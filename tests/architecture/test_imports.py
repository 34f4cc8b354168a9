"""Importing is quick and does nothing: no network library, no file, no folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.paths import ROOT


def _source(module: str) -> str:
    return (ROOT / Path(*module.split("."))).with_suffix(".py").read_text(encoding="utf-8")


MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("aemodels", "tasks", "flows")
    for path in (ROOT / package).rglob("*.py")
    if path.name not in {"__init__.py", "__main__.py"}
)
# Modules that build or run a network may load it; whoever needs one imports them inside a function.
NETWORKS = {
    module
    for module in MODULES
    if module.startswith(("aemodels.denoisers.", "aemodels.detect.fault_network."))
    and re.search(r"^(import|from) (keras|tensorflow)\b", _source(module), flags=re.MULTILINE)
}
LIGHT = [module for module in MODULES if module not in NETWORKS]


def loaded_after(statement: str, folder: Path) -> set[str]:
    """Top-level packages in memory after `statement`, run in a fresh interpreter inside `folder`."""
    code = f"import sys\n{statement}\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_the_command_line_starts_light(tmp_path: Path) -> None:
    heavy = {"tensorflow", "keras", "mlflow", "prefect", "pandas"}
    assert not loaded_after("import flows.cli.app", tmp_path) & heavy


@pytest.fixture(scope="module")
def light_import(tmp_path_factory) -> tuple[set[str], list[Path]]:
    """Import every module but those of networks: the packages in memory, and the files that it left."""
    home = tmp_path_factory.mktemp("run")
    loaded = loaded_after("\n".join(f"import {module}" for module in LIGHT), home)
    files = [path for path in home.rglob("*") if path.is_file() and "cache" not in str(path.relative_to(home))]
    return loaded, files


def test_only_network_modules_load_tensorflow(light_import):
    loaded, _ = light_import
    assert not loaded & {"tensorflow", "keras"}
    assert {"numpy", "aemodels", "tasks", "flows"} <= loaded


def test_importing_leaves_no_file_behind(light_import):
    assert light_import[1] == []


def test_the_science_loads_neither_prefect_nor_mlflow(tmp_path: Path) -> None:
    science = [module for module in LIGHT if module.startswith("aemodels.")]
    assert not loaded_after("\n".join(f"import {module}" for module in science), tmp_path) & {"prefect", "mlflow"}
