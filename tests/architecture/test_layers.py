"""The layers hold, and the contracts that say so really refuse what they should."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.paths import ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LINT_IMPORTS), "--no-cache"], cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )


def test_layers_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("aemodels/core/types.py", "import tasks.settings"),
        ("aemodels/core/types.py", "import prefect"),
        ("tasks/settings.py", "import flows"),
        ("tasks/settings.py", "import mlflow"),
        ("flows/score.py", "import mlflow"),
        ("flows/score.py", "import tensorflow"),
        ("aemodels/bundle/bundle.py", "import keras"),
        ("aemodels/core/spec.py", "import aemodels.curves.canonical"),
        ("aemodels/curves/resolve.py", "import aemodels.signal.runs"),
        ("aemodels/signal/runs.py", "import aemodels.denoisers.registry"),
        ("aemodels/denoisers/registry.py", "import aemodels.detect.thresholds"),
        ("aemodels/detect/thresholds.py", "import aemodels.experiment.spec"),
        ("aemodels/experiment/spec.py", "import aemodels.bundle.files"),
        ("aemodels/bundle/files.py", "import aemodels.evaluate.promotion_gate"),
        ("aemodels/evaluate/promotion_gate.py", "import aemodels.report.palette"),
        ("aemodels/report/palette.py", "import aemodels.study.steps"),
        ("aemodels/faults/base.py", "import aemodels.noise"),
    ],
)
def test_a_forbidden_import_is_caught(tmp_path: Path, module: str, statement: str) -> None:
    for package in ("aemodels", "tasks", "flows"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / module
    path.write_text(path.read_text(encoding="utf-8") + f"\n{statement}\n", encoding="utf-8")
    done = lint_imports(tmp_path)
    assert done.returncode != 0, f"{statement!r} in {module} went unnoticed:\n{done.stdout}"
    assert "BROKEN" in done.stdout, done.stdout + done.stderr
