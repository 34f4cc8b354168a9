from __future__ import annotations

import codecs
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io import read_las
from helpers.las_files import ROWS, codes, las_text, read_text, refused


def test_a_plain_file(tmp_path: Path):
    well = read_text(tmp_path, las_text())
    assert well.names == ("GR", "RHOB")
    assert [channel.unit for channel in well.channels] == ["gAPI", "g/cm3"]
    assert well.channels[0].headers == {"mnemonic": "GR", "original_unit": "gAPI", "description": "GR description"}
    assert (well.name, well.kind, well.axis_unit) == ("A-1", "logs", "m")
    np.testing.assert_array_equal(well.axis, [100.0, 100.5, 101.0, 101.5])
    np.testing.assert_array_equal(well.values, np.array([[50, 60, 70, 80], [2.3, 2.4, 2.5, 2.6]], dtype=np.float32))
    assert well.findings == ()


def test_canonical_curves_come_first_in_canonical_units(tmp_path: Path):
    curves = (("TENS", "lbs"), ("DEN", "kg/m3"), ("DT", "us/m"), ("NEU", "%"), ("CALX", "mm"))
    rows = ("100 1 2300 300 20 254", "101 2 2400 310 25 279.4")
    well = read_text(tmp_path, las_text(rows, curves, stop="101"))
    assert well.names == ("RHOB", "NPHI", "DTC", "CALI", "TENS")
    np.testing.assert_allclose(well.channel("RHOB"), [2.3, 2.4], rtol=1e-6)
    np.testing.assert_allclose(well.channel("NPHI"), [0.20, 0.25], rtol=1e-6)
    np.testing.assert_allclose(well.channel("DTC"), [91.44, 94.488], rtol=1e-6)
    np.testing.assert_allclose(well.channel("CALI"), [10.0, 11.0], rtol=1e-6)
    np.testing.assert_array_equal(well.channel("TENS"), [1, 2])
    assert codes(well, "info").count("unit-converted") == 4
    assert well.channels[0].headers["mnemonic"] == "DEN"


def test_the_header_null_is_missing(tmp_path: Path):
    well = read_text(tmp_path, las_text(("100 -999.25 2.3", "101 60 -999.2500"), stop="101"))
    np.testing.assert_array_equal(np.isnan(well.values), [[True, False], [False, True]])
    assert well.findings == ()


@pytest.mark.parametrize("value", ["-999.25", "-9999", "-999"])
def test_without_a_null_the_usual_ones_are_missing(tmp_path: Path, value: str):
    well = read_text(tmp_path, las_text((f"100 {value} 2.3", "101 60 2.4"), stop="101", null=""))
    assert np.isnan(well.channel("GR")[0])
    assert "null-missing" in codes(well)


def test_a_rounded_null_is_missing(tmp_path: Path):
    well = read_text(tmp_path, las_text(("100 -999.2 2.3", "101 -999.3 2.4", "102 60 2.5"), stop="102"))
    np.testing.assert_array_equal(np.isnan(well.channel("GR")), [True, True, False])
    assert "null-rounded" in codes(well)


def test_another_program_s_null_in_a_canonical_curve_is_missing(tmp_path: Path):
    well = read_text(tmp_path, las_text(("100 -9999 2.3", "101 60 2.4"), stop="101"))
    assert np.isnan(well.channel("GR")[0])
    assert "other-null" in codes(well)


def test_another_curve_may_measure_minus_999_once(tmp_path: Path):
    rows = ("100 -998 2.3", "101 -999 2.4", "102 -1000 2.5")
    well = read_text(tmp_path, las_text(rows, (("TVDSS", "m"), ("RHOB", "g/cm3")), stop="102"))
    np.testing.assert_array_equal(well.channel("TVDSS"), [-998, -999, -1000])


@pytest.mark.parametrize("cell", ["-1.#IND", "1.#INF", "1_000", "1.#QNAN", "0x1F", "12abc"])
def test_a_cell_that_is_no_number_is_missing_not_wrong(tmp_path: Path, cell: str):
    """lasio reads -1.#IND in the last column as -1.0."""
    well = read_text(tmp_path, las_text(("100 50 2.3", f"101 60 {cell}", "102 70 2.5"), stop="102"))
    np.testing.assert_array_equal(np.isnan(well.channel("RHOB")), [False, True, False])
    np.testing.assert_array_equal(well.channel("GR"), [50, 60, 70])
    (finding,) = [finding for finding in well.findings if finding.code == "unreadable-cell"]
    assert "line 16" in finding.where
    assert cell in finding.found


@pytest.mark.parametrize("cell", ["inf", "-inf", "1e400"])
def test_infinities_are_missing(tmp_path: Path, cell: str):
    well = read_text(tmp_path, las_text(("100 50 2.3", f"101 60 {cell}", "102 70 2.5"), stop="102"))
    np.testing.assert_array_equal(np.isnan(well.channel("RHOB")), [False, True, False])
    assert codes(well) == ["infinite"]


def test_values_beyond_float32_are_missing(tmp_path: Path):
    well = read_text(
        tmp_path, las_text(("100 1e300 2.3", "101 60 2.4"), (("TENS", "lbs"), ("RHOB", "g/cm3")), stop="101")
    )
    assert np.isnan(well.channel("TENS")[0])


def test_a_text_column_is_left_out_and_the_others_survive(tmp_path: Path):
    rows = ("100 sand 2.3", "101 shale 2.4", "102 'silty sand' 2.5")
    well = read_text(tmp_path, las_text(rows, (("FACIES", ""), ("RHOB", "g/cm3")), stop="102"))
    assert well.names == ("RHOB",)
    np.testing.assert_array_equal(well.values, np.array([[2.3, 2.4, 2.5]], dtype=np.float32))
    assert codes(well) == ["text-column"]


def test_missing_words_are_missing(tmp_path: Path):
    well = read_text(tmp_path, las_text(("100 (null) 2.3", "101 60 -", "102 NaN 2.5"), stop="102"))
    np.testing.assert_array_equal(np.isnan(well.values), [[True, False, True], [False, True, False]])
    assert codes(well) == []


def test_a_column_with_decimal_commas_only_is_converted(tmp_path: Path):
    well = read_text(tmp_path, las_text(("100 50,5 2.3", "101 60,25 2.4"), stop="101"))
    np.testing.assert_array_equal(well.channel("GR"), [50.5, 60.25])
    assert codes(well) == ["decimal-comma"]


def test_one_comma_among_points_is_missing(tmp_path: Path):
    """123,420 among 123.450 may be either number."""
    well = read_text(tmp_path, las_text(("100 50,500 2.3", "101 60.25 2.4", "102 61.25 2.4"), stop="102"))
    np.testing.assert_array_equal(np.isnan(well.channel("GR")), [True, False, False])
    assert codes(well) == ["unreadable-cell"]


def test_non_monotonic_depth_is_refused_and_the_line_named(tmp_path: Path):
    found = refused(tmp_path, las_text(("100 50 2.3", "101 60 2.4", "100.5 70 2.5", "102 80 2.6"), stop="102"))
    assert "line 17" in found["depth-not-monotonic"]


def test_descending_depth_is_reversed(tmp_path: Path):
    well = read_text(tmp_path, las_text(tuple(reversed(ROWS)), start="101.5", stop="100"))
    np.testing.assert_array_equal(well.axis, [100.0, 100.5, 101.0, 101.5])
    np.testing.assert_array_equal(well.channel("GR"), [50, 60, 70, 80])
    assert codes(well, "info") == ["depth-reversed"]
    assert codes(well) == []


def test_a_repeated_depth_keeps_its_first_row(tmp_path: Path):
    well = read_text(tmp_path, las_text(("100 50 2.3", "100 55 2.3", "101 60 2.4"), stop="101"))
    np.testing.assert_array_equal(well.channel("GR"), [50, 60])
    assert codes(well) == ["depth-repeated"]


def test_a_row_without_depth_is_left_out(tmp_path: Path):
    well = read_text(tmp_path, las_text(("100 50 2.3", "-999.25 55 2.3", "101 60 2.4"), stop="101"))
    np.testing.assert_array_equal(well.channel("GR"), [50, 60])
    assert codes(well) == ["depth-missing"]


@pytest.mark.parametrize(("unit", "metres"), [("FT", 0.3048), ("F", 0.3048), ("0.1IN", 0.00254), ("CM", 0.01)])
def test_depth_is_converted_to_metres(tmp_path: Path, unit: str, metres: float):
    well = read_text(tmp_path, las_text(unit=unit))
    np.testing.assert_allclose(well.axis, metres * np.array([100.0, 100.5, 101.0, 101.5]), rtol=1e-12)
    assert codes(well, "info") == ["depth-converted"]


def test_a_time_index_is_refused(tmp_path: Path):
    assert "no-depth-index" in refused(tmp_path, las_text(depth="TIME", unit="S"))
    assert "no-depth-index" in refused(tmp_path, las_text(depth="ETIM", unit="_"))


def test_a_depth_without_unit_is_taken_as_metres_and_told(tmp_path: Path):
    well = read_text(tmp_path, las_text(unit=""))
    assert codes(well) == ["depth-unit-missing"]
    assert well.axis[0] == 100.0


@pytest.mark.parametrize("stop", ["102", "110"])
def test_a_file_cut_at_a_row_s_end_is_told_by_stop(tmp_path: Path, stop: str):
    well = read_text(tmp_path, las_text(ROWS[:3], stop=stop))
    assert codes(well) == ["truncated"]


def test_stop_within_a_step_is_no_truncation(tmp_path: Path):
    assert codes(read_text(tmp_path, las_text(stop="102.0"))) == []


def test_a_last_row_cut_in_the_middle_is_left_out(tmp_path: Path):
    well = read_text(tmp_path, las_text((*ROWS, "102.0 9"), stop="102"))
    assert well.axis[-1] == 101.5
    assert codes(well) == ["ragged-row"]


def test_run_on_numbers_are_parted_before_the_sign(tmp_path: Path):
    """lasio reads `50-999.25` as wrong rows or strings."""
    well = read_text(tmp_path, las_text(("100 50-999.25", "101 60-2.25", "102 70 -999.25"), stop="102"))
    np.testing.assert_array_equal(well.channel("GR"), [50, 60, 70])
    np.testing.assert_array_equal(np.isnan(well.channel("RHOB")), [True, False, True])
    (finding,) = [finding for finding in well.findings if finding.code == "run-on"]
    assert finding.where == "line 15"
    assert finding.found.startswith("2 rows")


def test_numbers_that_run_together_without_a_sign_are_refused(tmp_path: Path):
    found = refused(tmp_path, las_text(("100 50999.25", "101 60999.25", "102 70999.25")))
    assert "line 15" in found["column-count"]


RUN_TOGETHER = (
    "   100.000     2.020  1130.188",
    "   101.000     2.020-19508.961",
    "   102.000     2.020101130.188",
    "   103.000    12.030    11.250",
)


def test_numbers_that_fill_their_fixed_columns_are_parted_there(tmp_path: Path):
    """lasio reads `2.020101130.188` as a string."""
    curves = (("A", ""), ("B", ""))
    well = read_text(tmp_path, las_text(RUN_TOGETHER, curves, start="100", stop="103"))
    np.testing.assert_array_equal(well.channel("A"), np.float32([2.02, 2.02, 2.02, 12.03]))
    np.testing.assert_array_equal(well.channel("B"), np.float32([1130.188, -19508.961, 101130.188, 11.25]))
    (finding,) = well.findings
    assert (finding.code, finding.where) == ("run-on", "line 16")


@pytest.mark.parametrize(
    ("rows", "left_out"),
    [
        ((*RUN_TOGETHER[:3], "   103.000    12.030   11.250 "), 102.0),  # the whole rows disagree on where B ends
        ((RUN_TOGETHER[0], *RUN_TOGETHER[2:]), 102.0),  # two whole rows prove little
        ((*RUN_TOGETHER, "   104.000     2.02 101130.18"), 102.0),  # the columns may be narrower
        ((*RUN_TOGETHER, "   104.000    2.0301011301.88"), 104.0),  # another number of decimals at the seam
    ],
)
def test_numbers_that_run_together_are_left_out_where_the_columns_are_in_doubt(
    tmp_path: Path, rows: tuple[str, ...], left_out: float
):
    well = read_text(tmp_path, las_text(rows, (("A", ""), ("B", "")), start="100", stop="104"))
    assert "ragged-row" in codes(well)
    assert left_out not in well.axis
    assert well.axis.size == len(rows) - 1


def test_a_date_is_not_taken_for_numbers_that_run_together(tmp_path: Path):
    curves = (("DAY", ""), ("A", ""), ("B", ""))
    assert "column-count" in refused(tmp_path, las_text(("100 2020-01-02", "101 2020-01-03"), curves))


def test_more_columns_than_curves_are_refused(tmp_path: Path):
    assert "column-count" in refused(tmp_path, las_text(tuple(row + " 1.0" for row in ROWS)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-las"),
        ("Dear all,\nplease find the log attached.\n", "not-las"),
        (las_text().split("~Ascii")[0], "no-data"),
        (las_text(curves=()), "no-curves"),
        (las_text(rows=()), "too-short"),
        (las_text(rows=ROWS[:1]), "too-short"),
        ("~Version\nVERS. 2.0 :\n~Ascii\n1 2\n2 3\n", "no-curves"),
        (bytes(range(256)) * 20, "not-las"),
    ],
)
def test_files_without_a_log_are_refused(tmp_path: Path, text: str | bytes, code: str):
    assert code in refused(tmp_path, text)


def test_text_columns_only_are_refused(tmp_path: Path):
    assert "no-curves" in refused(tmp_path, las_text(("100 a", "101 b", "102 c"), (("FACIES", ""),)))


def test_data_sections_that_continue_are_joined(tmp_path: Path):
    """lasio keeps only the last one, without a word."""
    well = read_text(tmp_path, las_text(stop="201") + "~Ascii\n200 1 2.0\n201 1 2.1\n")
    assert codes(well) == ["several-data-sections"]
    np.testing.assert_array_equal(well.axis, [100.0, 100.5, 101.0, 101.5, 200.0, 201.0])
    np.testing.assert_array_equal(well.channel("GR"), [50, 60, 70, 80, 1, 1])


@pytest.mark.parametrize("rows", ["100 1 2.0\n101 1 2.1\n", "200 1 2.0 9\n201 1 2.1 9\n", ""])
def test_of_other_data_sections_the_first_is_used_and_the_rest_told(tmp_path: Path, rows: str):
    well = read_text(tmp_path, las_text() + "~Ascii\n" + rows)
    assert codes(well) == ["several-data-sections"]
    assert well.axis[-1] == 101.5


def test_a_ragged_row_in_a_later_section_is_named_by_its_own_line(tmp_path: Path):
    well = read_text(tmp_path, las_text(stop="202") + "~Ascii\n200 1 2.0\n201 1 2.1 7\n202 1 2.1\n")
    (finding,) = [finding for finding in well.findings if finding.code == "ragged-row"]
    assert finding.where == "line 21"


@pytest.mark.parametrize(
    ("codec", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("cp1252", b""),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
    ],
)
def test_encodings(tmp_path: Path, codec: str, mark: bytes):
    well = read_text(tmp_path, mark + las_text(well="Ærfugl Ø-3").encode(codec))
    assert well.name == "Ærfugl Ø-3"
    np.testing.assert_array_equal(well.channel("GR"), [50, 60, 70, 80])


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_line_ends(tmp_path: Path, newline: str):
    well = read_text(tmp_path, las_text().replace("\n", newline))
    np.testing.assert_array_equal(well.channel("RHOB"), np.array([2.3, 2.4, 2.5, 2.6], dtype=np.float32))


def test_the_end_of_file_mark_of_dos_is_no_row(tmp_path: Path):
    assert codes(read_text(tmp_path, las_text() + "\x1a")) == []


@pytest.mark.parametrize(("mark", "dlm"), [(",", "COMMA"), (",", ""), ("\t", "TAB"), ("\t", "")])
def test_delimiters(tmp_path: Path, mark: str, dlm: str):
    rows = tuple(row.replace(" ", mark) for row in ROWS)
    well = read_text(tmp_path, las_text(rows, dlm=dlm, version="3.0" if dlm else "2.0"))
    np.testing.assert_array_equal(well.channel("GR"), [50, 60, 70, 80])
    assert well.findings == ()


def test_an_empty_cell_between_delimiters_is_missing(tmp_path: Path):
    well = read_text(tmp_path, las_text(("100,50,2.3", "101,,2.4", "102,70,2.5"), stop="102"))
    np.testing.assert_array_equal(np.isnan(well.values), [[False, True, False], [False, False, False]])


def test_wrapped_files_even_where_the_lines_are_multiples(tmp_path: Path):
    """lasio loses rows where the curve count is a multiple of the columns."""
    curves = (("GR", "gAPI"), ("RHOB", "g/cm3"), ("A", ""), ("B", ""), ("C", ""))
    rows = ("100 50", "2.3 1", "2 3", "101 60", "2.4 4", "5 6")
    well = read_text(tmp_path, las_text(rows, curves, wrap="YES", stop="101"))
    np.testing.assert_array_equal(well.axis, [100, 101])
    np.testing.assert_array_equal(well.channel("C"), [3, 6])


def test_a_wrapped_file_whose_rows_do_not_end_with_a_line_is_refused(tmp_path: Path):
    rows = ("100 50", "2.3 101 60", "2.4")
    assert "column-count" in refused(tmp_path, las_text(rows, wrap="YES"))


def test_ambiguous_curves_stay_under_their_own_names(tmp_path: Path):
    well = read_text(tmp_path, las_text(curves=(("ILD", "ohm.m"), ("LLD", "ohm.m"))))
    assert well.names == ("ILD", "LLD")
    assert codes(well) == ["ambiguous-curve"]


def test_duplicate_mnemonics_are_ambiguous(tmp_path: Path):
    well = read_text(tmp_path, las_text(curves=(("GR", "gAPI"), ("GR", "gAPI"))))
    assert len(well.names) == 2
    assert "GR" not in well.names
    assert codes(well) == ["ambiguous-curve"]


def test_an_unknown_unit_never_passes_for_a_canonical_curve(tmp_path: Path):
    well = read_text(tmp_path, las_text(curves=(("GR", "CPS"), ("RHOB", "g/cm3"))))
    assert well.names == ("RHOB", "GR:raw")
    assert codes(well) == ["unknown-unit"]


@pytest.mark.parametrize("unit", ["", "_"])
def test_without_a_unit_the_values_decide(tmp_path: Path, unit: str):
    assert read_text(tmp_path, las_text(curves=(("GR", "gAPI"), ("RHOB", unit)))).names == ("GR", "RHOB")
    rows = ("100 50 2300", "101 60 2400")
    well = read_text(tmp_path, las_text(rows, (("GR", "gAPI"), ("RHOB", unit)), stop="101"))
    assert well.names == ("GR", "RHOB:raw")
    assert codes(well) == ["unit-missing"]


UNITLESS = {
    "RHOB": (2300.0, 0.001, "KG/M3"),
    "NPHI": (25.0, 0.01, "%"),
    "DT": (280.0, 0.3048, "US/M"),
    "CALI": (215.9, 1 / 25.4, "MM"),
    "BS": (311.15, 1 / 25.4, "MM"),
}


@pytest.mark.parametrize("mnemonic", UNITLESS)
def test_without_a_unit_values_that_fit_one_other_unit_alone_are_converted(tmp_path: Path, mnemonic: str):
    centre, factor, meant = UNITLESS[mnemonic]
    written = [round(centre * (0.9 + 0.005 * n), 3) for n in range(40)]
    rows = tuple(f"{100 + n} {value}" for n, value in enumerate(written))
    well = read_text(tmp_path, las_text(rows, ((mnemonic, ""),), stop="139"))
    np.testing.assert_allclose(well.values[0], np.array(written) * factor, rtol=1e-6)
    assert well.channels[0].unit
    (finding,) = [finding for finding in well.findings if finding.severity == "warning"]
    assert finding.code == "unit-missing"
    assert f"{meant}, the one unit that fits" in finding.remedy


def test_without_a_unit_values_that_fit_two_units_are_refused_and_both_are_named(tmp_path: Path):
    """150 may be a slow shale in us/ft or a dense rock in us/m."""
    rows = tuple(f"{100 + n} {145 + 0.25 * n}" for n in range(40))
    well = read_text(tmp_path, las_text(rows, (("DT", ""),), stop="139"))
    assert well.names == ("DT",)
    (finding,) = well.findings
    assert finding.code == "unit-missing"
    assert "not used as DTC: it may be in us/ft or US/M" in finding.remedy


def test_a_median_that_no_rock_has_is_told_but_not_mended_while_the_values_are_possible(tmp_path: Path):
    """280 us/ft is slower than water; all values are within the bounds of a tool."""
    rows = tuple(f"{100 + n} {270 + 0.5 * n}" for n in range(40))
    well = read_text(tmp_path, las_text(rows, (("DTC", "us/ft"),), stop="139"))
    assert codes(well) == ["implausible-values"]
    assert well.channel("DTC")[0] == 270


def test_values_that_contradict_their_unit_are_told(tmp_path: Path):
    well = read_text(tmp_path, las_text(("100 50 2300", "101 60 2400"), stop="101"))
    assert codes(well) == ["implausible-values"]


def test_header_values_that_are_no_numbers(tmp_path: Path):
    well = read_text(tmp_path, las_text(start="n/a", stop="see report", null="none"))
    np.testing.assert_array_equal(well.channel("GR"), [50, 60, 70, 80])


def test_the_name_is_the_file_s_where_the_well_has_none(tmp_path: Path):
    assert read_text(tmp_path, las_text(well=""), "stem.las").name == "stem"


def test_a_well_name_that_looks_like_a_url_is_not_fetched(tmp_path: Path):
    assert read_text(tmp_path, las_text(well="http://localhost:1/x")).names == ("GR", "RHOB")


def test_las_3_log_sections(tmp_path: Path):
    text = las_text(
        version="3.0", dlm="COMMA", title="~Log_Data | Log_Definition", rows=("100,50,2.3", "101,60,2.4"), stop="101"
    )
    text = text.replace("~Curve", "~Log_Definition")
    text = text.replace("~Well", "~Core_Definition\nCDEP.m : core\n~Core_Data\n1,2\n~Well")
    well = read_text(tmp_path, text)
    np.testing.assert_array_equal(well.channel("GR"), [50, 60])


LOGS = """~Version
VERS. 3.0 : v
WRAP. NO : w
DLM. COMMA : d
~Well
STRT.m 100 : s
STOP.m 102 : s
STEP.m 1 : s
NULL. -999.25 : n
WELL. A-1 : w
~Log_Definition[1]
DEPT.m : depth
GR.gAPI : gamma
~Log_Definition[2]
DEPT.ft : depth
GR.gAPI : another gamma
RHOB.g/cm3 : density
~Log_Definition[3]
DEPT.m : depth
NMR.ms : echo
~Log_Data[3] | Log_Definition[3]
500,7
501,8
~Log_Data[1] | Log_Definition[1]
100,50
101,60
102,-999.25
~Log_Data[2] | Log_Definition[2]
"""
FEET = "328.0839895,1,2.3\n331.3648294,2,2.4\n334.6456693,3,-999.25\n"


def test_the_logs_of_las_3_have_their_own_curves_and_depths(tmp_path: Path):
    well = read_text(tmp_path, LOGS + FEET)
    assert well.names == ("NMR",)
    np.testing.assert_array_equal(well.axis, [500, 501])
    told = [finding for finding in well.findings if finding.code == "other-section"]
    assert [finding.where for finding in told] == ["line 24", "line 28"]
    assert "read_las(path, section=2)" in told[0].remedy


def test_logs_on_the_same_depths_are_read_together(tmp_path: Path):
    path = tmp_path / "x.las"
    path.write_text(LOGS + FEET)
    well = read_las(path, section=2)
    assert well.names == ("GR", "RHOB", "GR:raw")
    np.testing.assert_array_equal(well.axis, [100, 101, 102])
    np.testing.assert_array_equal(well.values[0], np.float32([50, 60, np.nan]))
    np.testing.assert_array_equal(well.values[1], np.float32([2.3, 2.4, np.nan]))
    np.testing.assert_array_equal(well.values[2], [1, 2, 3])
    assert {finding.code for finding in well.findings} >= {"sections-merged", "other-section"}


def test_a_log_that_is_not_there_is_refused(tmp_path: Path):
    path = tmp_path / "x.las"
    path.write_text(LOGS + FEET)
    with pytest.raises(UnreadableFileError, match="3 logs"):
        read_las(path, section=4)


def test_another_log_that_cannot_be_read_is_told(tmp_path: Path):
    well = read_text(tmp_path, LOGS.replace("DEPT.ft", "TIME.s") + FEET)
    (finding,) = [finding for finding in well.findings if "log 3" in finding.found]
    assert finding.code == "other-section"
    assert "no-depth-index" in finding.found


def test_a_data_section_without_reference_has_the_curves_before_it(tmp_path: Path):
    text = (
        las_text()
        + "~Curve\nDEPT.m : depth\nSP.mV : potential\n~Ascii\n"
        + "".join(f"{100 + 0.5 * row} {10 * row}\n" for row in range(4))
    )
    well = read_text(tmp_path, text)
    assert well.names == ("GR", "RHOB", "SP")
    np.testing.assert_array_equal(well.channel("SP"), [0, 10, 20, 30])


def test_comments_and_blank_lines_between_rows(tmp_path: Path):
    well = read_text(tmp_path, las_text(("# DEPT GR RHOB", ROWS[0], "", *ROWS[1:])))
    np.testing.assert_array_equal(well.channel("GR"), [50, 60, 70, 80])


def test_two_nulls_that_differ_are_both_missing_and_told(tmp_path: Path):
    text = las_text(("100 -999.25 2.3", "101 -1 2.4", "102 5 2.5"), stop="102").replace(
        "NULL. -999.25 : n", "NULL. -999.25 : n\nNULL. -1 : n"
    )
    well = read_text(tmp_path, text)
    np.testing.assert_array_equal(np.isnan(well.channel("GR")), [True, True, False])
    assert codes(well) == ["null-conflict", "null-plausible"]


def test_a_null_that_tools_measure_is_told(tmp_path: Path):
    well = read_text(tmp_path, las_text(("100 0 2.3", "101 60 2.4"), stop="101", null="0"))
    assert np.isnan(well.channel("GR")[0])
    assert codes(well) == ["null-plausible"]


def test_quoted_text_may_hold_the_delimiter(tmp_path: Path):
    rows = ('100,"sand, silty",2.3', '101,"shale",2.4')
    well = read_text(tmp_path, las_text(rows, (("FACIES", ""), ("RHOB", "g/cm3")), dlm="COMMA", stop="101"))
    np.testing.assert_array_equal(well.values, np.array([[2.3, 2.4]], dtype=np.float32))


def test_values_of_fixed_width_tables_are_exact(tmp_path: Path):
    """Every cell as Python's own float reads it, whichever parser had it."""
    rng = np.random.default_rng(3)
    cells = rng.normal(size=(400, 2)) * 10.0 ** rng.integers(-6, 6, size=(400, 2))
    depths = [f"{100 + 0.5 * n:.4f}" for n in range(400)]
    for template in ("{:>14.7g}", "{:<16.9g}", " {:.5g}", "{:.17g}", "{:12.4e}"):
        texts = [[template.format(value) for value in row] for row in cells]
        rows = tuple(f"{depth:>10} {a} {b}" for depth, (a, b) in zip(depths, texts, strict=True))
        well = read_text(tmp_path, las_text(rows, (("A", ""), ("B", "")), stop="299.5"))
        np.testing.assert_array_equal(well.axis, [float(depth) for depth in depths])
        np.testing.assert_array_equal(well.values, np.array(texts, dtype=object).T.astype(float).astype(np.float32))


CONTRADICTED = {
    "NPHI": ("v/v", "%", 25.0, 0.01),
    "RHOB": ("g/cm3", "KG/M3", 2300.0, 0.001),
    "DTC": ("us/ft", "US/M", 400.0, 0.3048),
    "CALI": ("in", "MM", 215.0, 1 / 25.4),
}


@pytest.mark.parametrize("curve", CONTRADICTED)
def test_a_contradicted_unit_is_mended_where_only_one_other_fits(tmp_path: Path, curve: str):
    unit, meant, centre, factor = CONTRADICTED[curve]
    written = [round(centre * (1 + 0.002 * n), 3) for n in range(40)]
    rows = tuple(f"{100 + n} {value}" for n, value in enumerate(written))
    well = read_text(tmp_path, las_text(rows, ((curve, unit),), stop="139"))
    np.testing.assert_allclose(well.channel(curve), np.array(written) * factor, rtol=1e-6)
    (finding,) = well.findings
    assert finding.code == "unit-contradicted"
    assert meant in finding.remedy


def test_a_contradicted_unit_is_only_told_where_no_other_fits_all_values(tmp_path: Path):
    """Half in g/cm3 and half in kg/m3 is no matter of one factor."""
    rows = tuple(f"{100 + n} {2.3 if n % 5 == 0 else 2300}" for n in range(40))
    well = read_text(tmp_path, las_text(rows, (("RHOB", "g/cm3"),), stop="139"))
    assert codes(well) == ["implausible-values"]
    assert well.channel("RHOB")[1] == 2300


def test_a_user_s_aliases_go_before_the_built_in_ones(tmp_path: Path):
    aliases = tmp_path / "aliases.yaml"
    aliases.write_text("mnemonics:\n  GR: [[GRBEST], [DEN]]\nunits:\n  gAPI: {COUNTS: 2.0}\ndepth: [LOCHTIEFE]\n")
    path = tmp_path / "x.las"
    path.write_text(las_text(curves=(("GR", "gAPI"), ("GRBEST", "counts")), depth="LOCHTIEFE", unit=""))
    assert read_las(path, aliases=aliases).names == ("GR", "GR:raw")
    np.testing.assert_allclose(read_las(path, aliases=aliases).channel("GR"), [4.6, 4.8, 5.0, 5.2], rtol=1e-6)
    with pytest.raises(UnreadableFileError):
        read_las(path)
