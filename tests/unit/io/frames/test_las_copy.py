"""Scored copies of DLIS and LIS files: LAS files that hold what was read and what was added, checked before use."""

from __future__ import annotations

from pathlib import Path

import lasio
import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Recording, Scores
from aemodels.curves.canonical import CANONICAL
from aemodels.io import read
from aemodels.io.frames import las_copy
from aemodels.io.frames.las_copy import write_scored_frames
from helpers.frame_files import DlisFrame, LisChannel, LisFrame, dlis_bytes, lis_bytes

ROWS = 30
FEET = (3000 + 0.1 * np.arange(ROWS)).astype(np.float32)
GR = (40.1 + np.arange(ROWS)).astype(np.float32)


def scores_of(recording: Recording) -> Scores:
    names = tuple(name for name in recording.names if name in CANONICAL)
    raw = recording.values[: len(names)]
    each = np.where(np.isnan(raw), np.nan, np.float32(0.1)).astype(np.float32)
    score = np.linspace(0, 1, recording.axis.size, dtype=np.float32)
    return Scores("logs", score, 0.5, ("",) * recording.axis.size, names, raw, raw / np.float32(3), each)


def copied(source: Path) -> tuple[Recording, Recording]:
    """The file and its copy, both read."""
    recording, before = read(source), source.read_bytes()
    target = source.with_name("copy.las")
    write_scored_frames(source, target, recording, scores_of(recording), "scored by a test")
    assert source.read_bytes() == before
    copy = read(target)
    np.testing.assert_array_equal(copy.axis, recording.axis)
    for name in recording.names:
        np.testing.assert_array_equal(copy.channel(name), recording.channel(name))
    for name in scores_of(recording).channels:
        np.testing.assert_array_equal(copy.channel(f"{name}_DN"), recording.channel(name) / np.float32(3))
    return recording, copy


def dlis(folder: Path, *frames: DlisFrame) -> Path:
    (folder / "x.dlis").write_bytes(dlis_bytes(("A:1", frames)))
    return folder / "x.dlis"


@pytest.mark.parametrize("turn", [1, -1], ids=["downwards", "upwards"])
def test_single_floats_in_feet(turn: int, tmp_path: Path):
    values = GR[::turn].copy()
    values[4], values[9] = np.nan, -999.25
    channels = {"DEPT": (FEET[::turn].copy(), "ft"), "ECGR": (values, "gAPI"), "TENS": (GR.astype(np.int32), "lbf")}
    recording, copy = copied(dlis(tmp_path, DlisFrame(channels)))
    assert copy.name == "A;1"
    assert np.isnan(copy.channel("GR")).sum() == 2
    assert np.isnan(recording.channel("GR")).sum() == 2


@pytest.mark.parametrize("turn", [1, -1], ids=["downwards", "upwards"])
def test_a_frame_of_finer_steps_at_the_depths_of_the_copy(turn: int, tmp_path: Path):
    depths = 3000.1 + 0.05 * np.arange(2 * ROWS)
    fine = {"DEPT": (depths[::turn].copy(), "ft"), "COUNT": (np.arange(2 * ROWS, dtype=np.int32), "")}
    main = {"DEPT": (3000 + 0.1 * np.arange(ROWS), "ft"), "GR": (GR, "gAPI"), "TENS": (GR, "lbf")}
    _, copy = copied(dlis(tmp_path, DlisFrame(fine, name="fine"), DlisFrame(main, name="main")))
    counts = np.arange(2 * ROWS)[::turn][::2][: ROWS - 1]
    np.testing.assert_array_equal(copy.channel("COUNT"), np.concatenate([[np.nan], counts]))


def test_lasio_reads_the_copy(tmp_path: Path):
    channels = {"DEPT": (FEET, "ft"), "GR": (GR, "gAPI"), "RHOZ": (2.2 + GR / 512, "g/cm3")}
    copied(dlis(tmp_path, DlisFrame(channels)))
    theirs = lasio.read(str(tmp_path / "copy.las"))
    assert theirs.keys()[:3] == ["DEPT", "GR", "RHOZ"]
    np.testing.assert_array_equal(theirs["GR"].astype(np.float32), GR)
    assert theirs.curves["RHOZ"].unit == "g/cm3"
    assert "scored by a test" in theirs.other


def test_frames_that_were_read_together(tmp_path: Path):
    first = {"DEPT": (FEET, "ft"), "NPHI": (np.full(ROWS, 0.25), "m3/m3")}
    second = {"TDEP": (FEET.astype(float) * 120, "0.1 in"), "GR": (GR, "gAPI"), "PEF": (GR / 16, "b/e")}
    recording, _ = copied(dlis(tmp_path, DlisFrame(first, name="1"), DlisFrame(second, name="2")))
    assert recording.names == ("GR", "NPHI", "PEF")


def test_another_null_than_that_of_the_copy(tmp_path: Path):
    values = GR.astype(float)
    values[5] = -9999
    channels = [LisChannel("DEPT", "M", np.arange(ROWS)), LisChannel("GR", "GAPI", values)]
    (tmp_path / "x.lis").write_bytes(lis_bytes(("A", [LisFrame(channels, absent=-9999.0)])))
    _, copy = copied(tmp_path / "x.lis")
    assert np.isnan(copy.channel("GR")).tolist() == [row == 5 for row in range(ROWS)]
    assert "other-null" not in {finding.code for finding in copy.findings}


def test_names_that_las_cannot_hold_and_names_that_are_taken(tmp_path: Path):
    names = {"A B.C": "", "GR_DN": "gAPI", "X:1": "us/ft", "ANOM~GR": ""}
    channels = {"DEPT": (FEET, "ft"), "GR": (GR, "gAPI")} | {name: (GR, unit) for name, unit in names.items()}
    source = dlis(tmp_path, DlisFrame(channels))
    recording = read(source)
    write_scored_frames(source, tmp_path / "copy.las", recording, scores_of(recording), "")
    assert {"A_B_C", "GR_DN", "X_1", "ANOM_GR", "GR_DN_2"} <= set(read(tmp_path / "copy.las").names)


def test_a_copy_that_differs_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = dlis(tmp_path, DlisFrame({"DEPT": (FEET, "ft"), "GR": (GR, "gAPI")}))
    recording = read(source)
    text = las_copy.las_text
    monkeypatch.setattr(las_copy, "las_text", lambda *arguments: text(*arguments).replace("45.1", "45.2"))
    with pytest.raises(UnreadableFileError, match="copy-differs"):
        write_scored_frames(source, tmp_path / "copy.las", recording, scores_of(recording), "")
    assert not (tmp_path / "copy.las").exists()
