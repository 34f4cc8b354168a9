"""The scored copy of a CSV file: every original cell as it was, and the added columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aemodels.core.types import Recording, Scores
from aemodels.curves.canonical import CANONICAL
from aemodels.io.csv.reader import read_csv
from aemodels.io.csv.scored_copy import write_scored_csv

PLAIN = "DEPTH (m),GR (gAPI),RHOB (kg/m3)\n1000,040.50,2250\n1000.5,50,\n1001,60.25,2500\n"


def scores_of(recording: Recording) -> Scores:
    names = tuple(name for name in recording.names if name in CANONICAL)
    raw = recording.values[: len(names)]
    score = np.float32([0.25, np.nan, 2.0])
    each = np.where(np.isnan(raw), np.nan, np.float32([0.25, 0.125, 2.0])).astype(np.float32)
    return Scores("logs", score, 1.0, ("", "", "spike"), names, raw, raw + np.float32(0.5), each)


def copied(folder: Path, data: bytes) -> bytes:
    source, target = folder / "w.csv", folder / "copy.csv"
    source.write_bytes(data)
    recording = read_csv(source)
    write_scored_csv(source, target, recording, scores_of(recording), "history")
    assert source.read_bytes() == data
    back = read_csv(target)
    for name in recording.names:
        np.testing.assert_array_equal(back.channel(name), recording.channel(name))
    np.testing.assert_array_equal(back.channel("GR_DN"), recording.channel("GR") + np.float32(0.5))
    return target.read_bytes()


def test_the_text_of_a_copy(tmp_path: Path):
    lines = copied(tmp_path, PLAIN.encode()).decode().splitlines()
    assert lines == [
        "DEPTH (m),GR (gAPI),RHOB (kg/m3),GR_DN (gAPI),ANOM_GR,BADLOG_GR,RHOB_DN (g/cm3),ANOM_RHOB,BADLOG_RHOB",
        "1000,040.50,2250,41.0,0.25,0.0,2.75,0.25,0.0",
        "1000.5,50,,50.5,0.125,0.0,,,",
        "1001,60.25,2500,60.75,2.0,1.0,3.0,2.0,1.0",
    ]


FORMS = {
    "windows line ends": PLAIN.replace("\n", "\r\n").encode(),
    "no last line end": PLAIN.rstrip("\n").encode(),
    "semicolon, decimal comma": PLAIN.replace(",", ";").replace(".", ",").encode(),
    "quoted decimal comma": (
        b'DEPTH (m),GR (gAPI),RHOB (kg/m3)\n"1000,0","40,5","2250,0"\n"1000,5",50,\n1001,"60,25",2500\n'
    ),
    "row of units": PLAIN.replace(" (m)", "").replace(" (gAPI)", "").replace(" (kg/m3)", "\nm,gAPI,kg/m3").encode(),
    "square brackets": PLAIN.replace(" (", "[").replace(")", "]").encode(),
    "no units": PLAIN.replace(" (m)", "").replace(" (gAPI)", "").replace(" (kg/m3)", "").encode(),
    "comments": ("# first\n" + PLAIN.replace("\n1001", "\n# half way\n\n1001")).encode(),
    "byte order mark": PLAIN.encode("utf-8-sig"),
    "byte order mark before a comment": b"\xef\xbb\xbf# first\n" + PLAIN.encode(),
    "utf-16": PLAIN.encode("utf-16"),
    "cp1252": PLAIN.replace("\n", ",\u00e4\n").replace(",\u00e4", ",WELL", 1).encode("cp1252"),
    "trailing delimiters": PLAIN.replace("\n", ",\n").encode(),
    "upwards": b"DEPTH (m),GR (gAPI),RHOB (kg/m3)\n1001,60.25,2500\n1000.5,50,\n1000,40.5,2250\n",
    "feet": b"DEPTH (ft),GR (gAPI),RHOB (kg/m3)\n3281.1,60.25,2500\n3282.6,50,\n3284.2,40.5,2250\n",
    "titles above": ("Well: A-1\nDate,1999\n\n" + PLAIN).encode(),
    "blanks": b"DEPTH(m) GR(gAPI) RHOB(kg/m3)\n1000  40.5 2250\n1000.5 50.0 nan\n1001  60.25 2500\n",
    "blanks and a row of units": b"DEPTH GR RHOB\nm gAPI kg/m3\n1000  40.5 2250\n1000.5 50.0 nan\n1001  60.25 2500\n",
    "percent signs": PLAIN.replace("\n", ",21.5%\n").replace(",21.5%", ",NPHI", 1).encode(),
    "a row too long": PLAIN.replace("\n1001", "\n1000.7,1,2,3,4\n1001").encode(),
    "a repeated depth": PLAIN.replace("\n1001", "\n1000.5,1,2\n1001").encode(),
    "no depth in a row": PLAIN.replace("\n1001", "\n,1,2\n1001").encode(),
}


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_every_line_begins_as_it_was_and_ends_as_it_ended(data: bytes, tmp_path: Path):
    codec = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252" if b"\xe4" in data else "utf-8"
    before = data.decode(codec).splitlines(keepends=True)
    after = copied(tmp_path, data).decode(codec).splitlines(keepends=True)
    assert len(after) == len(before)
    for old, new in zip(before, after, strict=True):
        body = old.rstrip("\r\n")
        assert new.startswith(body)
        assert new[len(new.rstrip("\r\n")) :] == old[len(body) :]


def test_a_second_copy_numbers_its_columns(tmp_path: Path):
    once = copied(tmp_path, PLAIN.encode())
    (tmp_path / "once.csv").write_bytes(once)
    recording = read_csv(tmp_path / "once.csv")
    write_scored_csv(tmp_path / "once.csv", tmp_path / "twice.csv", recording, scores_of(recording), "")
    header = (tmp_path / "twice.csv").read_text().splitlines()[0]
    assert header.count("GR_DN (gAPI)") == 1
    assert "GR_DN_2 (gAPI),ANOM_GR_2,BADLOG_GR_2" in header
