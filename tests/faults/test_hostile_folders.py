"""`check` and reading for training, over folders with files that crash or stall: each has its own verdict."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aemodels.io.las.writer import write_las
from helpers.paths import TESTS
from helpers.recordings import make_well
from helpers.servers import ROOT, clean_environment
from tasks.settings import Settings

POISON = str(TESTS / "helpers" / "poison")
LIMITS = {"SONDEFLOW_FILE_SECONDS": "12", "SONDEFLOW_MEMORY_MB": "1024"}
HEADER = "~Version\nVERS. 2.0 :\nWRAP. NO :\n~Well\nNULL. -999.25 :\n~Curve\nDEPT.m :\nGR.gAPI :\n"
ROWS = "".join(f"{100 + n / 2} {50 + n}\n" for n in range(40))
ODD = {
    "blanks.las": HEADER + "~A                 \n" + ROWS,
    "blank title.las": HEADER + "~   A\n" + ROWS,
    "no title.las": HEADER + "~\n" + ROWS,
    "dots.las": HEADER + "." * 30_000 + "\n~A\n" + ROWS,
    "brackets.las": HEADER + "(" * 30_000 + "\n~A\n" + ROWS,
    "uneven.las": HEADER + "~A\n" + ROWS + "1 2 3\n4\n" + ROWS,
    "columns.las": HEADER + "~A DEPT GR X Y Z\n" + ROWS,
    "digits.las": HEADER + "~A\n" + ROWS.replace("51", "1" * 160_000, 1),
    "field.csv": "DEPT,GR\nm,gAPI\n" + "".join(f"{n},{n}\n" for n in range(20)) + "21," + "x" * 200_000 + "\n",
    "quote.csv": 'DEPT,GR\n1,2\n2,"' + "3,4\n" * 60_000,
    "uneven.csv": "DEPT,GR,NPHI\nm,gAPI\n1,2,3,4,5\n1\n2,3\n",
    "nul.csv": "DEPT,GR\n1,\0\n2,3\n",
    "short.sgy": "C" * 3600,
}


@pytest.fixture
def folder(tmp_path) -> Path:
    place = tmp_path / "in"
    place.mkdir()
    write_las(make_well("A", samples=300), place / "a.las")
    write_las(make_well("Z", samples=300), place / "z.las")
    for name, text in ODD.items():
        (place / name).write_text(text, encoding="latin-1")
    for suffix in ("loop", "hog", "crash", "raise"):
        (place / f"poison.{suffix}").write_text(f"poison: {suffix}\n")
    return place


def test_check_of_a_folder_gives_each_file_its_own_verdict(folder, tmp_path):
    environment = clean_environment(tmp_path / "home", PYTHONPATH=os.pathsep.join([POISON, str(ROOT)]), **LIMITS)
    command = [sys.executable, "-m", "flows", "check", str(folder), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    rows = {Path(row["path"]).name: row for row in json.loads(done.stdout)["files"]}
    assert set(rows) == {path.name for path in folder.iterdir()}
    assert rows["a.las"]["verdict"] == rows["z.las"]["verdict"] == "good"
    codes = {name: [finding["code"] for finding in row["findings"]] for name, row in rows.items()}
    expected = {"loop": "timed-out", "hog": "out-of-memory", "crash": "reader-crashed"}
    assert {suffix: codes[f"poison.{suffix}"] for suffix in expected} == {key: [code] for key, code in expected.items()}
    failed = {name for name, found in codes.items() if "failed" in found}
    assert failed == {"poison.raise"}, {name: rows[name]["findings"] for name in failed}


@pytest.mark.parametrize(("suffix", "code"), [("loop", "timed-out"), ("crash", "reader-crashed")])
def test_commands_for_single_files_survive_one_that_hangs_or_crashes(folder, tmp_path, suffix, code):
    limits = LIMITS | {"SONDEFLOW_FILE_SECONDS": "6"}
    environment = clean_environment(tmp_path / "home", PYTHONPATH=os.pathsep.join([POISON, str(ROOT)]), **limits)
    command = [
        sys.executable,
        "-m",
        "flows",
        "compare",
        "files",
        str(folder / "a.las"),
        str(folder / f"poison.{suffix}"),
    ]
    done = subprocess.run(
        [*command, "--json"], env=environment, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path
    )
    assert done.returncode == 1, done.stderr
    assert f"[{code}]" in json.loads(done.stdout)["error"]


def test_a_benchmark_of_a_file_that_hangs_ends(folder, tmp_path):
    limits = LIMITS | {"SONDEFLOW_FILE_SECONDS": "6"}
    environment = clean_environment(tmp_path / "home", PYTHONPATH=os.pathsep.join([POISON, str(ROOT)]), **limits)
    command = [sys.executable, "-m", "flows", "bench", "--bundle", "logs-v1", "--file", str(folder / "poison.loop")]
    done = subprocess.run(
        [*command, "--json"], env=environment, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path
    )
    assert done.returncode == 1, done.stderr
    assert "[timed-out]" in json.loads(done.stdout)["error"]


@pytest.mark.slow
def test_wells_are_searched_beside_files_that_hang_or_crash(folder, tmp_path, monkeypatch):
    from tasks.ingest.supervised_read import reading_files
    from tasks.search.audit import _wells

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([POISON, str(ROOT)]))
    settings = Settings(home=tmp_path / "home", file_seconds=6, memory_mb=1024)
    paths = [folder / name for name in ("a.las", "poison.loop", "poison.hog", "digits.las", "z.las")]
    with reading_files(settings) as read:
        wells, findings = _wells(paths, read)
    assert {"A", "Z"} <= {well.name for well in wells}
    codes = {Path(path).name: finding.code for path, finding in findings}
    assert (codes["poison.loop"], codes["poison.hog"]) == ("timed-out", "out-of-memory")


@pytest.mark.slow
def test_reading_for_training_gives_each_file_its_own_record(folder, tmp_path, monkeypatch):
    from tasks.ingest.ingest import ingest_batch

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([POISON, str(ROOT)]))
    settings = Settings(home=tmp_path / "home", file_seconds=12, memory_mb=1024)
    records = {
        Path(record.path).name: record for record in ingest_batch.fn([str(p) for p in folder.iterdir()], settings)
    }
    assert set(records) == {path.name for path in folder.iterdir()}
    assert records["a.las"].ref is not None
    assert records["z.las"].ref is not None
    assert [finding.code for finding in records["poison.loop"].findings] == ["timed-out"]
    assert [finding.code for finding in records["poison.crash"].findings] == ["reader-crashed"]
    assert [finding.code for finding in records["poison.hog"].findings] == ["out-of-memory"]


def test_a_pipe_and_a_full_disk_are_not_waited_for(folder, tmp_path, monkeypatch):
    from tasks.ingest.ingest import ingest_batch

    os.mkfifo(folder / "pipe.las")
    settings = Settings(home=tmp_path / "home", file_seconds=60)
    began = time.monotonic()
    (record,) = ingest_batch.fn([str(folder / "pipe.las")], settings)
    assert (record.findings[0].code, time.monotonic() - began < 50) == ("not-regular", True)
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "import gzip, sys; from pathlib import Path; from tasks.settings import Settings\n"
        "from tasks.ingest.ingest import ingest_batch; from aemodels.core.errors import MachineFaultError\n"
        "try:\n    ingest_batch.fn([sys.argv[1]], Settings(home=Path(sys.argv[2])))\n"
        "except MachineFaultError as error:\n    print(error)\n"
    )
    (folder / "a.las.gz").write_bytes(gzip.compress((folder / "a.las").read_bytes() * 4))
    command = [sys.executable, "-c", code, str(folder / "a.las.gz"), str(tmp_path / "home")]
    done = subprocess.run(command, env=clean_environment(tmp_path), capture_output=True, text=True, check=True)
    assert "no file is at fault" in done.stdout
