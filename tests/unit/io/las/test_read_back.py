"""Copies with added curves of files that are hard to extend read back equal; a copy that does not is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io import AddedCurve, read_las, write_flagged_las
from aemodels.io.las.read_back import check_copy, read_file_rows
from helpers.las_files import las_text

DEPTHS = [1500.0 + 0.5 * row for row in range(12)]
SCORE = np.array([0.125, np.nan, 1.5, 2.0, 1e-7, 0, 3, 4, 5, 6, 1234.5, 8], dtype=np.float32)
PLAIN = [f"{depth:.2f} {50 + row}.25 {2.3 + row / 100:.2f}" for row, depth in enumerate(DEPTHS)]
EDGES = {"start": "1500", "stop": "1505.5", "step": "0.5"}


def fixed_width() -> str:
    rows = ["".join(cell.rjust(10) for cell in row.split()) for row in PLAIN]
    return las_text([rows[0][:10] + " " * 10 + rows[0][20:], *rows[1:], ""], **EDGES)


def untitled() -> str:
    return las_text(PLAIN, **EDGES).replace("~Ascii", "~Parameter\n# values")


def in_two_sections() -> str:
    return las_text([*PLAIN[:6], "~Ascii", *PLAIN[6:]], **EDGES)


def wrapped(says: str) -> str:
    rows = [line for row in PLAIN for line in (row.split()[0], " ".join(row.split()[1:]))]
    return las_text(rows, wrap=says, step="0.5", start="1500", stop="1505.5")


def depth_last() -> str:
    text = las_text(PLAIN, **EDGES, title="~A Depth GR RHOB").splitlines()
    at = next(n for n, line in enumerate(text) if line.startswith("DEPT."))
    return "\n".join([*text[:at], *text[at + 1 : at + 3], text[at], *text[at + 3 :], ""])


CASES = {
    "decimal commas": las_text([row.replace(".", ",") for row in PLAIN], null="-999,25", **EDGES),
    "tabs": las_text([row.replace(" ", "\t") for row in PLAIN], **EDGES),
    "decimal commas and tabs": las_text([row.replace(".", ",").replace(" ", "\t") for row in PLAIN], **EDGES),
    "quotes": las_text([",".join(f'"{cell}"' for cell in row.split()) for row in PLAIN], **EDGES),
    "remarks": las_text([f"{row}  # checked" for row in PLAIN], **EDGES),
    "remarks, commas": las_text([row.replace(" ", ",") + " # checked" for row in PLAIN], **EDGES),
    "semicolons": las_text([row.replace(" ", ";") + ";" for row in PLAIN], **EDGES),
    "trailing commas": las_text([row.replace(" ", ",") + "," for row in PLAIN], **EDGES),
    "thousands": las_text([f"1,{row[1:]}" for row in PLAIN], **EDGES),
    "two sections": in_two_sections(),
    "wrapped": wrapped("YES"),
    "wrapped, says no": wrapped("NO"),
    "blank cells": fixed_width(),
    "no title of data": untitled(),
    "depth named last": depth_last(),
    "names above the data": las_text(["DEPT GR RHOB", *PLAIN], **EDGES),
    "colons": las_text([row.replace(" ", ": ", 1) for row in PLAIN], **EDGES),
    "elevations": las_text([f"-{row}" for row in PLAIN], start="-1500", stop="-1505.5", step="-0.5"),
    "run-on numbers": las_text([PLAIN[0].replace(" 2.30", "-999.25"), *PLAIN[1:]], **EDGES),
    "rows left out": las_text([*PLAIN[:3], PLAIN[2], "1501.3 7", *PLAIN[3:]], **EDGES),
    "a second title": las_text(PLAIN, **EDGES).replace("~Curve\n", "~Curve\n~Well block\n"),
    "cp1252": las_text(PLAIN, **EDGES).replace("A-1", "Ærfugl"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_copy_reads_back_equal(tmp_path: Path, case: str, newline: str):
    source, target = tmp_path / "in.las", tmp_path / "out.las"
    source.write_bytes(CASES[case].replace("\n", newline).encode("cp1252"))
    before = read_las(source)
    np.testing.assert_allclose(before.axis, DEPTHS)
    flag = (SCORE > 1).astype(np.float32)
    added = [AddedCurve("GR_DN", "gAPI", "score", SCORE), AddedCurve("BADLOG_GR", "", "flag", flag)]
    write_flagged_las(source, target, added, before, "history")
    after = read_las(target)
    np.testing.assert_array_equal(after.axis, before.axis)
    assert after.names == (*before.names, "GR_DN", "BADLOG_GR")
    for name in before.names:
        np.testing.assert_array_equal(after.channel(name), before.channel(name))
    np.testing.assert_array_equal(after.channel("GR_DN"), SCORE)
    np.testing.assert_array_equal(after.channel("BADLOG_GR"), flag)


@pytest.mark.parametrize(("old", "new"), [("60.25", "60.26"), (" 1.5", " 1.6"), ("-999.25", "5"), ("~A", "~Tops_Data")])
def test_a_copy_that_differs_is_refused(tmp_path: Path, old: str, new: str):
    source, target = tmp_path / "in.las", tmp_path / "out.las"
    source.write_text(las_text(PLAIN, **EDGES))
    recording, added = read_las(source), [AddedCurve("GR_DN", "gAPI", "score", SCORE)]
    write_flagged_las(source, target, added, recording, "history")
    rows = read_file_rows(source.read_bytes())
    check_copy(rows, target.read_bytes(), added, recording)
    head, mark, data = target.read_text().partition("~A")
    damaged = head + (mark + data).replace(old, new)
    assert damaged != head + mark + data
    with pytest.raises(UnreadableFileError, match="copy-differs"):
        check_copy(rows, damaged.encode(), added, recording)
