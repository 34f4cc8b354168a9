"""Clues of a LAS file that disagree: order of columns, commas, delimiters, wrapping, depths, titles."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io import AddedCurve, read_las, write_flagged_las
from helpers.las_files import codes, las_text, read_text, refused

DEPTHS = [1500.0 + 0.5 * row for row in range(12)]
GR = [50.0 + row for row in range(12)]
RHOB = [2.30 + 0.01 * row for row in range(12)]
CURVES = (("GR", "gAPI"), ("RHOB", "g/cm3"))
EDGES = {"start": "1500", "stop": "1505.5", "step": "0.5"}


def table(*columns: list[str], separator: str = " ") -> list[str]:
    return [separator.join(cells) for cells in zip(*columns, strict=True)]


def texts(values: list[float], pattern: str = "{:.2f}", comma: bool = False) -> list[str]:
    cells = [pattern.format(value) for value in values]
    return [cell.replace(".", ",") for cell in cells] if comma else cells


ROWS = table(texts(DEPTHS), texts(GR), texts(RHOB))


def well_of(folder: Path, rows: list[str] = ROWS, curves: tuple = CURVES, **changes: str):
    return read_text(folder, las_text(rows, curves, **(EDGES | changes)))


def assert_known(well, finding: str | None, severity: str = "warning") -> None:
    """The values of the table above, and one finding."""
    np.testing.assert_allclose(well.axis, DEPTHS)
    np.testing.assert_allclose(well.channel("GR"), GR, rtol=1e-6)
    np.testing.assert_allclose(well.channel("RHOB"), RHOB, rtol=1e-6)
    assert codes(well) + codes(well, "info") == ([] if finding is None else [finding])
    assert finding is None or finding in codes(well, severity)


def reordered(text: str, first: str, last: str) -> str:
    """The file with two of its curve lines exchanged."""
    lines = text.splitlines()
    at = {name: next(n for n, line in enumerate(lines) if line.startswith(f"{name}.")) for name in (first, last)}
    lines[at[first]], lines[at[last]] = lines[at[last]], lines[at[first]]
    return "\n".join(lines) + "\n"


def test_a_depth_that_curve_names_last_is_found_by_the_names_above_the_data(tmp_path: Path):
    text = reordered(las_text(ROWS, CURVES, **EDGES, title="~A Depth RHOB GR"), "DEPT", "GR")
    well = read_text(tmp_path, text)
    np.testing.assert_allclose(well.axis, DEPTHS)
    assert codes(well)[0] == "column-order"


def test_without_such_names_both_readings_are_named(tmp_path: Path):
    text = reordered(las_text(ROWS, CURVES, **EDGES), "DEPT", "RHOB")
    assert refused(tmp_path, text) == {"column-order": "~Curve section"}


def test_a_depth_column_that_is_not_the_first_is_used(tmp_path: Path):
    rows = table(texts(GR), texts(DEPTHS), texts(RHOB))
    assert_known(read_text(tmp_path, reordered(las_text(rows, CURVES, **EDGES), "DEPT", "GR")), "column-order")


@pytest.mark.parametrize("title", ["~A DEPTH RHOB GR", "~ASCII DEPT, RHOB, GR"])
def test_the_order_that_fits_the_units_is_used(tmp_path: Path, title: str):
    rows = table(texts(DEPTHS), texts(RHOB), texts(GR))
    assert_known(well_of(tmp_path, rows, title=title), "column-order")


def test_two_orders_that_nothing_tells_apart_are_reported(tmp_path: Path):
    curves = (("ILD", "ohmm"), ("ILM", "ohmm"))
    well = well_of(tmp_path, table(texts(DEPTHS), texts(GR), texts(RHOB)), curves, title="~A DEPT ILM ILD")
    np.testing.assert_allclose(well.channel("RDEP"), GR, rtol=1e-6)
    assert codes(well) == ["column-order"]


@pytest.mark.parametrize("pattern", ["{:,.2f}", "{:,.0f}"])
def test_thousands_are_told_from_decimals(tmp_path: Path, pattern: str):
    depths = [1500.0 + row for row in range(12)]
    rows = table(texts(depths, pattern), texts(GR), texts(RHOB))
    well = read_text(tmp_path, las_text(rows, CURVES, start="1500", stop="1511", step="1"))
    np.testing.assert_allclose(well.axis, depths)
    assert codes(well) == ["thousands-separator"]


def test_thousands_beside_smaller_numbers_of_one_column(tmp_path: Path):
    ohmm = ["963", "16,501", "2,250", "1,125", "88", "97", "1,000", "12,345", "500", "7", "3", "2"]
    well = well_of(tmp_path, table(texts(DEPTHS), ohmm), (("ILD", "ohmm"),))
    assert well.channel("RDEP")[:3].tolist() == [963, 16501, 2250]
    assert codes(well) == ["thousands-separator"]


def test_strt_tells_thousands_from_decimals(tmp_path: Path):
    depths = [f"1,{500 + row}" for row in range(12)]
    rows = table(depths, [f"{value:.0f}" for value in GR])
    for start, expected in (("1500", 1500.0), ("1.5", 1.5)):
        well = read_text(tmp_path, las_text(rows, (("GR", "gAPI"),), start=start, stop="", step=""))
        assert well.axis[0] == expected


def test_commas_that_nothing_decides_are_refused_with_both_readings(tmp_path: Path):
    rows = table([f"1,{500 + row}" for row in range(12)], [f"2,{400 + row}" for row in range(12)])
    text = las_text(rows, (("RHOB", "g/cm3"),), start="", stop="", step="")
    assert refused(tmp_path, text) == {"comma-ambiguous": "curve DEPT, line 14"}


def test_decimal_commas_beside_columns_of_integers(tmp_path: Path):
    rows = table(texts(DEPTHS, comma=True), [f"{value:.0f}" for value in GR], texts(RHOB, "{:.3f}", comma=True))
    well = well_of(tmp_path, rows)
    np.testing.assert_allclose(well.axis, DEPTHS)
    np.testing.assert_allclose(well.channel("GR"), GR)
    np.testing.assert_allclose(well.channel("RHOB"), RHOB, rtol=1e-6)
    assert set(codes(well)) == {"decimal-comma"}


def test_a_first_row_of_integers_does_not_make_the_decimal_comma_a_delimiter(tmp_path: Path):
    rows = table(texts(DEPTHS, comma=True), ["-999", "-999", *texts(GR[2:], comma=True)], texts(RHOB, comma=True))
    well = well_of(tmp_path, rows, null="-999")
    np.testing.assert_array_equal(np.isnan(well.channel("GR"))[:3], [True, True, False])
    np.testing.assert_allclose(well.channel("RHOB"), RHOB, rtol=1e-6)


def test_points_between_thousands_and_decimal_commas(tmp_path: Path):
    depths = [f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".") for value in DEPTHS]
    well = well_of(tmp_path, table(depths, texts(GR, comma=True), texts(RHOB, comma=True)))
    np.testing.assert_allclose(well.axis, DEPTHS)


@pytest.mark.parametrize("separator", [",", ";", "\t", " ; ", ", "])
@pytest.mark.parametrize("last", ["", "separator"])
def test_delimiters_at_the_end_of_each_row(tmp_path: Path, separator: str, last: str):
    rows = table(texts(DEPTHS), texts(GR), texts(RHOB), separator=separator)
    assert_known(well_of(tmp_path, [row + (separator if last else "") for row in rows]), None)


def test_a_declared_delimiter_that_the_rows_do_not_have(tmp_path: Path):
    assert_known(well_of(tmp_path, dlm="COMMA"), None)


@pytest.mark.parametrize("word", ["#N/A", "-1.#IND", "1.#QNAN", "****", "#VALUE!", "nan(ind)"])
def test_a_column_of_few_numbers_is_not_text(tmp_path: Path, word: str):
    cells = [*[word] * 9, *texts(GR[9:])]
    well = well_of(tmp_path, table(texts(DEPTHS), cells), (("GR", "gAPI"),))
    np.testing.assert_array_equal(np.isnan(well.channel("GR")), [True] * 9 + [False] * 3)
    np.testing.assert_allclose(well.channel("GR")[9:], GR[9:])


def test_a_wrapped_table_that_says_it_is_not(tmp_path: Path):
    rows = [line for row in ROWS for line in (row.split()[0], " ".join(row.split()[1:]))]
    assert_known(well_of(tmp_path, rows), "wrap-conflict")


def test_a_table_that_says_it_is_wrapped(tmp_path: Path):
    assert_known(well_of(tmp_path, wrap="YES"), None)


def test_rows_of_half_the_columns_are_not_taken_for_wrapped_ones(tmp_path: Path):
    curves = (("GR", "gAPI"), ("RHOB", "g/cm3"), ("SP", "mV"))
    assert "column-count" in refused(tmp_path, las_text(table(texts(DEPTHS), texts(GR)), curves, **EDGES))


def fixed(row: int, blank: tuple[int, int], left: bool) -> str:
    cells = [texts(values)[row] for values in (DEPTHS, GR, RHOB)]
    if row in blank:
        cells[1] = ""
    return "  ".join(cell.ljust(8) if left else cell.rjust(8) for cell in cells)


@pytest.mark.parametrize("left", [False, True])
def test_blank_cells_of_a_fixed_width_table_are_missing(tmp_path: Path, left: bool):
    depths = [1500.0 + 0.5 * row for row in range(12)]
    rows = [fixed(row, (0, 1), left) for row in range(len(depths))]
    well = well_of(tmp_path, rows)
    np.testing.assert_array_equal(np.isnan(well.channel("GR")), [True, True] + [False] * 10)
    np.testing.assert_allclose(well.channel("RHOB"), RHOB, rtol=1e-6)
    assert codes(well) == ["blank-cells"]


def test_a_colon_behind_each_depth(tmp_path: Path):
    rows = table([f"{depth:.1f}:" for depth in DEPTHS], texts(GR), texts(RHOB))
    assert_known(well_of(tmp_path, rows), "colon-after-depth", "info")


def test_names_and_units_repeated_above_the_numbers(tmp_path: Path):
    assert_known(well_of(tmp_path, ["DEPT GR RHOB", *ROWS]), "column-titles", "info")


def test_strt_in_another_unit_that_agrees_is_silent(tmp_path: Path):
    rows = table(texts([12000.0 * depth / 100 for depth in DEPTHS]), texts(GR), texts(RHOB))
    text = las_text(rows, CURVES, unit=".1IN", strt_unit="FT", **EDGES)
    well = read_text(tmp_path, text)
    np.testing.assert_allclose(well.axis, [0.3048 * depth for depth in DEPTHS])
    assert codes(well) == []


@pytest.mark.parametrize("upwards", [False, True])
def test_elevations_below_zero_become_depths(tmp_path: Path, upwards: bool):
    rows = [f"-{row}" for row in ROWS]
    edges = {"start": "-1500", "stop": "-1505.5", "step": "-0.5"}
    if upwards:
        rows, edges = rows[::-1], {"start": "-1505.5", "stop": "-1500", "step": "0.5"}
    well = read_text(tmp_path, las_text(rows, CURVES, depth="TVDSS", **edges))
    np.testing.assert_allclose(well.axis, DEPTHS)
    np.testing.assert_allclose(well.channel("GR"), GR)
    assert "elevation-index" in codes(well, "info")
    assert well.headers["depth_factor"] == -1.0


def test_a_wrong_step_and_missing_rows_are_reported(tmp_path: Path):
    assert_known(well_of(tmp_path, step="1000"), "step-mismatch")
    gap = read_text(tmp_path, las_text(ROWS[:4] + ROWS[8:], CURVES, **EDGES))
    assert codes(gap) == []  # of seven steps one is too large: the sampling is not known well enough
    many = [*ROWS[:4], *[f"{1504 + 0.5 * row} 60 2.4" for row in range(20)]]
    gap = read_text(tmp_path, las_text(many, CURVES, start="1500", stop="1513.5", step="0.5"))
    assert codes(gap) == ["depth-gap"]


def test_curves_below_a_second_title_and_rows_without_one(tmp_path: Path):
    text = las_text(ROWS, CURVES, **EDGES)
    assert_known(read_text(tmp_path, text.replace("~Curve\n", "~Curve\n~Well block\n")), "misplaced-title")
    assert_known(read_text(tmp_path, text.replace("~Ascii", "~Parameter\n# values")), "data-title-missing")


SLOW = ("1," * 50_000, "1" * 100_000 + "x", "*" * 100_000, "#" * 100_000, "1.#" * 30_000, ",," * 50_000, "-" * 100_000)


@pytest.mark.parametrize("cell", SLOW)
@pytest.mark.parametrize("row", [0, 5])
def test_cells_made_to_be_slow_take_time_in_proportion_to_their_length(tmp_path: Path, cell: str, row: int):
    rows = list(ROWS)
    rows[row] = f"{DEPTHS[row]} {cell} 2.3"
    started = time.process_time()
    well = well_of(tmp_path, rows)
    assert time.process_time() - started < 2.0
    assert well.axis.size >= len(DEPTHS) - 1


def in_two_units(depths: list[float], curve: str, ends: str, extra: str = "") -> str:
    """A file whose STRT, STOP and STEP have the numbers of the depths, and another unit than the curve."""
    edges = {"start": f"{depths[0]:g}", "stop": f"{depths[-1]:g}", "step": f"{depths[1] - depths[0]:g}"}
    text = las_text(table(texts(depths, "{:.4f}"), texts(GR)), CURVES[:1], unit=curve, strt_unit=ends, **edges)
    return text.replace("NULL.", f"{extra}\nNULL." if extra else "NULL.")


ROUND = [1000 + 0.5 * row for row in range(12)]
SIX_INCHES = [1000 + 0.1524 * row for row in range(12)]
DEEP = [12_000 + 0.5 * row for row in range(12)]


@pytest.mark.parametrize(
    ("depths", "curve", "ends", "extra", "metres"),
    [
        (SIX_INCHES, "FT", "M", "", 1.0),
        (SIX_INCHES, "M", "FT", "", 1.0),
        (DEEP, "M", "FT", "", 0.3048),
        (DEEP, "FT", "M", "", 0.3048),
        (ROUND, "M", "FT", "EKB.FT 80 : kelly bushing", 0.3048),
        (ROUND, "M", "FT", "EKB.M 80 : kelly bushing", 1.0),
    ],
)
def test_of_two_units_for_the_same_depths_the_evidence_decides(
    tmp_path: Path, depths: list[float], curve: str, ends: str, extra: str, metres: float
):
    well = read_text(tmp_path, in_two_units(depths, curve, ends, extra))
    np.testing.assert_allclose(well.axis, metres * np.array(depths), rtol=1e-6)
    assert codes(well) == ["depth-unit-conflict"]
    (finding,) = [finding for finding in well.findings if finding.code == "depth-unit-conflict"]
    assert repr(curve) in finding.found
    assert repr(ends) in finding.found


@pytest.mark.parametrize("extra", ["", "EKB.FT 80 : kelly bushing\nEGL.M 20 : ground"])
def test_two_units_between_which_nothing_decides_are_refused_with_both_readings(tmp_path: Path, extra: str):
    with pytest.raises(UnreadableFileError) as caught:
        read_text(tmp_path, in_two_units(ROUND, "M", "FT", extra))
    finding = caught.value.findings[-1]
    assert finding.code == "depth-unit-unsure"
    assert "1000 m or 304.8 m" in finding.found


def test_a_unit_that_only_one_of_the_ends_contradicts_stays(tmp_path: Path):
    text = in_two_units(ROUND, "M", "FT").replace("STOP.FT", "STOP.M").replace("STEP.FT", "STEP.M")
    well = read_text(tmp_path, text)
    np.testing.assert_allclose(well.axis, ROUND)
    assert codes(well) == ["depth-unit-conflict"]


def test_a_copy_of_such_a_file_holds_the_scores(tmp_path: Path):
    well = read_text(tmp_path, in_two_units(DEEP, "M", "FT"))
    added = AddedCurve("GR_DN", "gAPI", "denoised", well.channel("GR") / np.float32(3))
    write_flagged_las(tmp_path / "x.las", tmp_path / "copy.las", [added], well, "history")
    copy = read_las(tmp_path / "copy.las")
    np.testing.assert_array_equal(copy.axis, well.axis)
    np.testing.assert_array_equal(copy.channel("GR_DN"), added.values)
