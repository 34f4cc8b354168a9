"""The scripts of docs/examples run as their docstrings say, on generated wells."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aemodels.io.las.writer import write_las
from helpers.cheap_bundle import fill, save_cheap_bundle
from helpers.paths import ROOT
from helpers.recordings import make_well

EXAMPLES = ROOT / "docs" / "examples"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    return save_cheap_bundle(tmp_path_factory.mktemp("bundle") / "cheap-logs")


@pytest.fixture(scope="module")
def spiky_well(tmp_path_factory) -> Path:
    """A well whose gamma ray has a spike at 1045.72 m."""
    well = make_well("W-9", samples=600, seed=9, curves=("GR", "RHOB"))
    values = well.values.copy()
    values[0, 300] = 260.0
    path = tmp_path_factory.mktemp("well") / "W-9.las"
    object.__setattr__(well, "values", values)
    write_las(well, path)
    return path


def run(home: Path, script: str, *arguments: object) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SONDEFLOW_", "PREFECT_"))}
    environment |= {"SONDEFLOW_HOME": str(home), "PREFECT_HOME": str(home / "prefect"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *map(str, arguments)],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_every_example_is_run_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    scripts = sorted(path.name for path in EXAMPLES.iterdir() if path.suffix == ".py")
    assert scripts
    assert [name for name in scripts if f'"{name}"' not in source] == []


def test_the_data_engineer_scores_a_folder(tmp_path: Path, bundle: Path) -> None:
    fill(tmp_path / "inbox", 2)
    (tmp_path / "inbox" / "letter.las").write_text("Dear all,\n")
    out = run(tmp_path, "score_folder.py", tmp_path / "inbox", tmp_path / "outbox", "--bundle", bundle)
    assert out.startswith("2 files scored, 1 quarantined, 0 known already")
    assert re.findall(r"^(W-\d) +120 ", out, flags=re.MULTILINE)
    assert len(list((tmp_path / "outbox").rglob("*.parquet"))) == 2


def test_the_petrophysicist_scores_a_well(tmp_path: Path, bundle: Path, spiky_well: Path) -> None:
    out = run(tmp_path, "score_well.py", spiky_well, tmp_path / "report.html", bundle)
    assert re.search(r"^ +1045\.\d+ - +1045\.\d+ m +GR", out, flags=re.MULTILINE), out
    assert "W-9" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_programmer_adds_a_kind_of_noise(tmp_path: Path, bundle: Path, spiky_well: Path) -> None:
    out = run(tmp_path, "add_noise_kind.py", spiky_well, bundle)
    gains = dict(re.findall(r"^(\w+): (-?[\d.]+) dB$", out, flags=re.MULTILINE))
    assert set(gains) == {"gaussian", "wave"}
    assert all(float(gain) > 0 for gain in gains.values())
