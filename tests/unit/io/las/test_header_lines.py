"""Header lines as programs write them, and headers that a strict parser refuses."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aemodels.curves.tables import is_unit
from aemodels.io.las.header_lines import HeaderLine, header_number, parse_line
from helpers.las_files import ROWS, codes, las_text, read_text, refused

LINES = {
    "GR .GAPI  45 310 : gamma": ("GR", "GAPI", "45 310", "gamma"),
    "DEPT.M:DEPTH": ("DEPT", "M", "", "DEPTH"),
    "TDEP ..1IN : frame depth": ("TDEP", ".1IN", "", "frame depth"),
    "DEPT..1IN : frame depth": ("DEPT", ".1IN", "", "frame depth"),
    "I. Res..OHM-M : induction": ("I. Res", "OHM-M", "", "induction"),
    "STRT.US FT  1500.0 : first": ("STRT", "US FT", "1500.0", "first"),
    "DEPT.0.5 FT : depth": ("DEPT", "0.5 FT", "", "depth"),
    "WELL : A-1": ("WELL", "", "A-1", ""),
    "STEP.FT\t0.5\t\tSTEP": ("STEP", "FT", "0.5", "STEP"),
    "VERS.\t2.0\tCWLS\tLOG": ("VERS", "", "2.0", "CWLS LOG"),
    "COMP.  ANY OIL: AND GAS : COMPANY": ("COMP", "", "ANY OIL: AND GAS", "COMPANY"),
    "DT.[us/ft] : sonic": ("DT", "us/ft", "", "sonic"),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_split_at_the_first_dot_the_first_blank_and_the_last_colon(line: str):
    assert parse_line(line, is_unit) == HeaderLine(*LINES[line])


def test_a_line_without_a_dot_and_a_colon_is_no_header_line():
    assert parse_line("Curves below are edited", is_unit) is None


@pytest.mark.parametrize("text", ["1,500", "two", "1.2.3", ""])
def test_a_number_that_may_be_read_in_two_ways_is_none(text: str):
    assert header_number(text) is None


@pytest.mark.parametrize("unit", ["." * 400_000, "\t" * 400_000, " " * 400_000, "1," * 200_000, "a:" * 200_000])
def test_long_lines_take_time_in_proportion_to_their_length(unit: str):
    started = time.process_time()
    parse_line(f"X.{unit}", is_unit)
    parse_line(f"X{unit}", is_unit)
    header_number(unit)
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize("version", ["CWLS 2.0", "LAS 2.0", "2.0   ", "two"])
def test_the_version_may_have_words(tmp_path: Path, version: str):
    well = read_text(tmp_path, las_text(version=version))
    assert well.channel("GR").tolist() == [50, 60, 70, 80]
    assert codes(well) == []


def test_a_header_without_blanks_and_one_with_tabs_only(tmp_path: Path):
    body = "~A\n" + "\n".join(ROWS) + "\n"
    tight = "~V\nVERS.2.0:\nWRAP.NO:\n~W\nSTRT.M100.0:\nSTOP.M101.5:\nSTEP.M0.5:\nNULL.-999.25:\nWELL.A 1:WELL\n"
    tabs = "~V\nVERS.\t2.0\tCWLS\nWRAP.\tNO\tONE LINE\n~W\nSTRT.M\t100.0\t\tSTART\nSTOP.M\t101.5\nSTEP.M\t0.5\t\tSTEP\n"
    tabs += "NULL.\t-999.25\t\tNULL\nWELL.\tA\t1\t\tWELL\n"
    for start in (tight, tabs):
        well = read_text(tmp_path, start + "~C\nDEPT.M:DEPTH\nGR.GAPI:GAMMA\nRHOB.G/C3:DENSITY\n" + body)
        assert (well.name, well.axis[0], well.findings) == ("A 1", 100.0, ())
        assert well.headers["well"]["NULL"] == "-999.25"


def test_a_line_of_forty_thousand_characters_is_read(tmp_path: Path):
    text = las_text().replace("WELL. A-1", f"REPORT. {'<td>text</td>' * 3400} : report\nWELL. A-1")
    assert read_text(tmp_path, text).findings == ()


def test_a_unit_in_the_place_of_the_value_is_the_unit(tmp_path: Path):
    text = las_text().replace("GR.gAPI :", "GR.       API : ").replace("RHOB.g/cm3 :", "RHOB.     KG/M3 :")
    well = read_text(tmp_path, text.replace(" 2.", " 2"))
    assert [channel.headers["original_unit"] for channel in well.channels] == ["API", "KG/M3"]


def test_remarks_among_the_curves_are_left_out_by_the_number_of_columns(tmp_path: Path):
    remarks = '"# Surface Coords: 1,000\' FNL"\nCurves below are edited\n'
    well = read_text(tmp_path, las_text().replace("RHOB.g/cm3", remarks + "RHOB.g/cm3"))
    assert well.names == ("GR", "RHOB")
    assert [finding.where for finding in well.findings if finding.code == "stray-line"] == ["line 13", "line 14"]


@pytest.mark.parametrize("unit", ["US FT", "0.5 FT"])
def test_a_depth_unit_with_a_blank(tmp_path: Path, unit: str):
    well = read_text(tmp_path, las_text(unit=unit))
    assert well.axis[0] == pytest.approx(30.48, abs=1e-3)


def test_half_feet_need_the_step(tmp_path: Path):
    """0.5 FT is feet at every half foot if STEP is 0.5; otherwise it may be half feet."""
    assert "no-depth-index" in refused(tmp_path, las_text(unit="0.5 FT").replace("STEP.0.5 FT 0.5", "STEP.FT 1"))
