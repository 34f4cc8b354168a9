"""Units against values, marks of missing values per curve, code pages, and depth units with two meanings."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from aemodels.io.files.encodings import likely_codec
from helpers.las_files import codes, las_text, read_text, refused

ROWS = 40
PORES = [0.05 + 0.005 * row for row in range(ROWS)]


def rows_of(*columns: list[float], last: dict[int, str] | None = None) -> list[str]:
    table = [[f"{value:.10g}" for value in row] for row in zip(*columns, strict=True)]
    for row, cell in (last or {}).items():
        table[row][-1] = cell
    return [f"{1000 + n} " + " ".join(cells) for n, cells in enumerate(table)]


def well_of(folder: Path, rows: list[str], *curves: tuple[str, str], **changes: str):
    return read_text(folder, las_text(rows, curves, start="1000", stop="1039", **changes))


@pytest.mark.parametrize("unit", ["%", "PU"])
def test_a_neutron_of_fractions_under_percent(tmp_path: Path, unit: str):
    well = well_of(tmp_path, rows_of(PORES), ("NPHI", unit))
    np.testing.assert_allclose(well.channel("NPHI"), PORES, rtol=1e-6)
    assert codes(well) == ["unit-contradicted"]


def test_a_tight_rock_in_percent_stays(tmp_path: Path):
    tight = [0.2 * np.sin(row) for row in range(ROWS)]
    well = well_of(tmp_path, rows_of(tight), ("NPHI", "%"))
    np.testing.assert_allclose(well.channel("NPHI"), 0.01 * np.array(tight), rtol=1e-5, atol=1e-9)
    assert codes(well) == []


@pytest.mark.parametrize("size", [60.3, 75.7, 96.1, 122.6])
def test_calipers_of_core_holes_keep_their_unit(tmp_path: Path, size: float):
    """BQ, NQ, HQ and PQ core holes, with some readings of a closed tool."""
    values = [45.0] * 4 + [size + 0.1 * (row % 7) for row in range(ROWS - 4)]
    well = well_of(tmp_path, rows_of(values), ("CALI", "MM"))
    np.testing.assert_allclose(well.channel("CALI"), np.array(values) / 25.4, rtol=1e-6)
    assert codes(well) == []


@pytest.mark.parametrize("mark", ["1E30", "1e+30", "-1e30", "1E37", "9999", "99999", "9999.25", "-9999", "-32768"])
@pytest.mark.parametrize(("curve", "unit"), [("GR", "gAPI"), ("XYZ", "")])
def test_marks_of_missing_values_of_other_programs(tmp_path: Path, mark: str, curve: str, unit: str):
    values = [50.0 + row for row in range(ROWS)]
    well = well_of(tmp_path, rows_of(values, last=dict.fromkeys(range(5), mark)), (curve, unit))
    np.testing.assert_array_equal(np.isnan(well.channel(curve)), [True] * 5 + [False] * (ROWS - 5))
    assert codes(well) == ["other-null"]


def test_values_that_a_resistivity_may_have_stay(tmp_path: Path):
    ohmm = [10.0 ** (row / 9) for row in range(ROWS - 1)] + [9999.0]
    well = well_of(tmp_path, rows_of(ohmm), ("ILD", "ohmm"))
    np.testing.assert_allclose(well.channel("RDEP"), ohmm, rtol=1e-6)
    assert codes(well) == []


RUSSIAN = {"unit": "м", "strt_unit": "м", "well": "12-Пласт"}


@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "cp866", "koi8-r"])
def test_cyrillic_code_pages(tmp_path: Path, codec: str):
    curves = (("ГК", "API"), ("ГГКП", "г/см3"), ("АК", "мкс/м"))
    values = [[50.0 + row for row in range(ROWS)], [2.3 + 0.01 * row for row in range(ROWS)], [300.0] * ROWS]
    text = las_text(rows_of(*values), curves, start="1000", stop="1039", **RUSSIAN)
    well = read_text(tmp_path, text.replace(": depth", ": глубина").encode(codec))
    assert (well.name, well.names, well.headers["encoding"]) == ("12-Пласт", ("GR", "RHOB", "DTC"), codec)
    np.testing.assert_allclose(well.channel("DTC"), 91.44, rtol=1e-6)


def test_chinese_and_western_code_pages(tmp_path: Path):
    rows = rows_of([80.0] * ROWS)
    chinese = las_text(rows, (("DT", "微秒/英尺"),), start="1000", stop="1039", unit="米", strt_unit="米")
    assert read_text(tmp_path, chinese.encode("gb18030")).names == ("DTC",)
    for codec in ("cp437", "cp1252"):
        western = las_text(rows, (("DT", "µs/ft"),), start="1000", stop="1039", well="A-1")
        well = read_text(tmp_path, western.encode(codec))
        assert (well.names, codes(well)) == (("DTC",), [])


@pytest.mark.parametrize("text", ["Ærfugl", "Größe über Straße", "Campo São João", "Åsgård Øst", "Forêt d'été"])
def test_western_text_is_not_taken_for_another(text: str):
    assert likely_codec(f"~W\nWELL. {text} : {text}\nFLD. {text} : x\n".encode("cp1252")) == "cp1252"


def test_hundreds_of_feet(tmp_path: Path):
    rows = rows_of([50.0] * ROWS)
    well = well_of(tmp_path, rows, ("GR", "gAPI"), unit="HFT")
    assert (round(float(well.axis[0]), 4), codes(well)) == (304.8, ["depth-unit-unsure"])
    shallow = [f"{10 + n / 10:g} 50" for n in range(ROWS)]
    assert refused(tmp_path, las_text(shallow, (("GR", "gAPI"),), unit="HFT", start="10", stop="13.9"))


def test_no_library_writes_to_the_console(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    text = (
        las_text(strt_unit="FT").replace("STOP.FT", "STOP.m").replace("~Curve\n", "~Curve\nremark among the curves\n")
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_text(tmp_path, text)
    assert capfd.readouterr() == ("", "")
