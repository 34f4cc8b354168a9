"""Spellings of LAS files by several programs: units, names of the depth, remarks, marks around numbers, encodings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.curves.tables import is_depth
from aemodels.io import read_las
from helpers.las_files import codes, las_text, read_text, refused

DEPTHS = [1500.0 + 0.5 * row for row in range(12)]
GR = [50.0 + row for row in range(12)]
RHOB = [2.30 + 0.01 * row for row in range(12)]
ROWS = [f"{depth:.2f} {gr:.2f} {rhob:.2f}" for depth, gr, rhob in zip(DEPTHS, GR, RHOB, strict=True)]
EDGES = {"start": "1500", "stop": "1505.5", "step": "0.5"}
TEXT = las_text(ROWS, **EDGES)
CURVE_LINES = TEXT[TEXT.index("DEPT.m") : TEXT.index("~Ascii")]
FEET = 0.3048


def assert_known(text: str | bytes, folder: Path, findings: list[str], factor: float = 1.0) -> None:
    """The values of the table above, and these findings."""
    well = read_text(folder, text)
    np.testing.assert_allclose(well.axis, factor * np.array(DEPTHS))
    np.testing.assert_allclose(well.channel("GR"), GR, rtol=1e-6)
    np.testing.assert_allclose(well.channel("RHOB"), RHOB, rtol=1e-6)
    assert codes(well) + codes(well, "info") == findings


@pytest.mark.parametrize(
    ("name", "factor"), {"DEPTH_M": 1.0, "MD [m]": 1.0, "Depth(ft)": FEET, "DEPT_FT": FEET, "TVD (feet)": FEET}.items()
)
def test_a_depth_without_unit_has_the_one_in_its_name(name: str, factor: float, tmp_path: Path):
    text = las_text(ROWS, depth=name, unit="", **EDGES)
    assert_known(text, tmp_path, ["depth-converted"] if factor == FEET else [], factor)


@pytest.mark.parametrize(("unit", "factor"), {"mBRT": 1.0, "ftBDF": FEET, "mètres": 1.0, "dm": 0.1}.items())
def test_units_of_the_depth_in_several_languages_and_to_several_references(unit: str, factor: float, tmp_path: Path):
    assert_known(las_text(ROWS, unit=unit, **EDGES), tmp_path, [] if factor == 1 else ["depth-converted"], factor)


REMARKS = {
    "dashes": ("~Ascii", "------------\n~Ascii"),
    "a remark": ("~Ascii", "see remarks below. Edited by the client on 3.4.2011\n~Ascii"),
    "titles": ("DEPT.m", "MNEM.UNIT      API CODE      CURVE DESCRIPTION\nDEPT.m"),
}


@pytest.mark.parametrize("remark", REMARKS)
def test_lines_that_describe_no_curve_are_told_by_the_number_of_columns(remark: str, tmp_path: Path):
    assert_known(TEXT.replace(*REMARKS[remark]), tmp_path, ["stray-line"])


def test_a_curve_line_without_colon_is_a_curve_if_the_columns_say_so(tmp_path: Path):
    assert_known(TEXT.replace("GR.gAPI : GR description", "GR.gAPI"), tmp_path, [])


def test_a_unit_behind_blanks_and_before_the_api_code(tmp_path: Path):
    lines = "DEPT .  M  00 001 00 00 : depth\nGR   . GAPI 30 310 01 01 : gamma\nRHOB . KG/M3 45 350 02 01 : density\n"
    rows = [f"{depth:.2f} {gr:.2f} {1000 * rhob:.0f}" for depth, gr, rhob in zip(DEPTHS, GR, RHOB, strict=True)]
    text = las_text(rows, **EDGES).replace(CURVE_LINES, lines)
    well = read_text(tmp_path, text)
    np.testing.assert_allclose(well.channel("RHOB"), RHOB, rtol=1e-6)
    assert [channel.unit for channel in well.channels] == ["gAPI", "g/cm3"]


def test_run_numbers_behind_names(tmp_path: Path):
    text = TEXT.replace("GR.gAPI", "GR_R2.gAPI").replace("RHOB.g/cm3", "RHOB.1.g/cm3")
    assert read_text(tmp_path, text).names == ("GR", "RHOB")


MARKS = {
    "apostrophes between thousands": (lambda row: f"{row[0]}'{row[1:]}", ["thousands-separator"]),
    "a semicolon behind the depth": (lambda row: row.replace(" ", "; ", 1), ["colon-after-depth"]),
    "a delimiter before each row": (lambda row: "," + row.replace(" ", ","), []),
}


@pytest.mark.parametrize("mark", MARKS)
def test_marks_around_numbers(mark: str, tmp_path: Path):
    change, findings = MARKS[mark]
    assert_known(las_text([change(row) for row in ROWS], **EDGES), tmp_path, findings)


def test_depths_of_words_are_refused_with_the_first_of_them(tmp_path: Path):
    text = las_text([f"{row.split()[0]}m {row.split(maxsplit=1)[1]}" for row in ROWS], **EDGES)
    with pytest.raises(UnreadableFileError, match=r"1500\.00m") as caught:
        read_text(tmp_path, text)
    assert caught.value.findings[-1].code == "no-depth-index"


def test_points_alone_are_missing_values(tmp_path: Path):
    rows = [row.rsplit(" ", 1)[0] + " ." if number < 9 else row for number, row in enumerate(ROWS)]
    well = read_text(tmp_path, las_text(rows, **EDGES))
    np.testing.assert_allclose(well.channel("RHOB")[9:], RHOB[9:], rtol=1e-6)
    assert np.isnan(well.channel("RHOB")[:9]).all()


def test_the_largest_float_marks_missing_values(tmp_path: Path):
    rows = [
        row.replace(f" {GR[number]:.2f} ", " 3.4028235E+38 ") if number < 4 else row for number, row in enumerate(ROWS)
    ]
    well = read_text(tmp_path, las_text(rows, **EDGES))
    assert np.isnan(well.channel("GR")).tolist() == [True] * 4 + [False] * 8


def test_data_under_the_title_data(tmp_path: Path):
    assert_known(las_text(ROWS, title="~Data", **EDGES), tmp_path, [])


@pytest.mark.parametrize("unit", ["GR.µs/ft", "GR (µs/ft)."])
def test_units_in_the_western_code_page_of_dos(unit: str, tmp_path: Path):
    path = tmp_path / "dos.las"
    path.write_bytes(TEXT.replace("GR.gAPI", unit.replace("GR", "DT")).replace("g/cm3", "g/cm³").encode("cp850"))
    assert [channel.unit for channel in read_las(path).channels] == ["g/cm3", "us/ft"]


def test_an_unknown_unit_of_depth_is_refused(tmp_path: Path):
    assert refused(tmp_path, las_text(ROWS, unit="FATHOMS", **EDGES)) == {"no-depth-index": "curve DEPT"}


@pytest.mark.parametrize("unit", ["MDRT", "TVDSS", "MD", "RKB"])
def test_a_reference_of_depths_in_the_place_of_their_unit_is_none(unit: str, tmp_path: Path):
    well = read_text(tmp_path, las_text(ROWS, unit=unit, **EDGES))
    assert (well.axis[0], well.axis[-1]) == (1500.0, 1505.5)
    (finding,) = [finding for finding in well.findings if finding.code == "depth-unit-missing"]
    assert unit in finding.found
    feet = read_text(tmp_path, las_text(ROWS, unit=unit, **EDGES).replace(f"STRT.{unit}", "STRT.FT"))
    assert feet.axis[0] == pytest.approx(1500 * 0.3048)


@pytest.mark.parametrize(
    "name", ["MDRT", "MD_RKB", "DEPTH_MD", "MDBRT", "SSTVD", "TVD_SS", "MEASDEPTH", "DEPT-KB", "MD REF"]
)
def test_names_of_depths_with_their_reference(name: str):
    assert is_depth(name)


@pytest.mark.parametrize("name", ["MDT", "MDEN", "TVDE", "DEPOR", "REF", "KB", "MDX"])
def test_names_that_begin_like_depths_are_none(name: str):
    assert not is_depth(name)


MARKED = {
    "quoted numbers, commas": [",".join(f'"{cell}"' for cell in row.split()) for row in ROWS],
    "quoted numbers, blanks": [" ".join(f'"{cell}"' for cell in row.split()) for row in ROWS],
    "remarks behind the rows": [row + "  # checked, good" for row in ROWS],
    "remarks behind some rows, commas": [
        row.replace(" ", ",") + (" # edited" if n % 3 else "") for n, row in enumerate(ROWS)
    ],
}


@pytest.mark.parametrize("rows", MARKED.values(), ids=MARKED)
def test_quotes_around_numbers_and_remarks_behind_rows(rows: list[str], tmp_path: Path):
    assert_known(las_text(rows, **EDGES), tmp_path, [])


def test_a_mark_of_a_missing_number_is_not_a_remark(tmp_path: Path):
    rows = [" ".join([*row.split()[:2], "#N/A"]) if n < 3 else row for n, row in enumerate(ROWS)]
    well = read_text(tmp_path, las_text([f"{row} # note" for row in rows], **EDGES))
    np.testing.assert_allclose(well.channel("RHOB"), [np.nan] * 3 + RHOB[3:], rtol=1e-6)


def test_a_caliper_of_a_core_hole_that_closes_to_45_mm(tmp_path: Path):
    rows = [f"{depth:.2f} {45.0 if n < 3 else 96.0 + n:.1f}" for n, depth in enumerate(DEPTHS)]
    text = las_text(rows, **EDGES).replace("GR.gAPI : GR description", "CALI.MM : caliper")
    text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("RHOB."))
    well = read_text(tmp_path, text)
    np.testing.assert_allclose(well.channel("CALI")[[0, 3]], [45 / 25.4, 99 / 25.4], rtol=1e-6)
    assert codes(well) == []
