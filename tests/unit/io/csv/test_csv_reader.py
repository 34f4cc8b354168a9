"""The CSV reader: what a table may look like, and what is said of one that cannot be used."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Recording
from aemodels.io import read
from aemodels.io.csv.reader import read_csv

DEPTHS = np.array([1000.0, 1000.5, 1001.0])
GR = np.float32([40.5, 50.0, 60.25])
RHOB = np.float32([2.25, np.nan, 2.5])
PLAIN = "DEPTH (m),GR (gAPI),RHOB (g/cm3)\n1000,40.5,2.25\n1000.5,50,\n1001,60.25,2.5\n"


def written(folder: Path, text: str | bytes, name: str = "w.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def recording(folder: Path, text: str | bytes) -> Recording:
    return read_csv(written(folder, text))


def findings(folder: Path, text: str | bytes) -> tuple[Finding, ...]:
    try:
        return recording(folder, text).findings
    except UnreadableFileError as error:
        return error.findings


def only(folder: Path, text: str | bytes) -> Finding:
    (finding,) = findings(folder, text)
    return finding


def assert_plain(well: Recording) -> None:
    """The three depths with GR and RHOB of `PLAIN`."""
    np.testing.assert_allclose(well.axis, DEPTHS, atol=1e-9)
    np.testing.assert_array_equal(well.channel("GR"), GR)
    np.testing.assert_array_equal(well.channel("RHOB"), RHOB)
    assert [(channel.name, channel.unit) for channel in well.channels[:2]] == [("GR", "gAPI"), ("RHOB", "g/cm3")]


VARIANTS = {
    "plain": PLAIN,
    "semicolon": PLAIN.replace(",", ";"),
    "tab": PLAIN.replace(",", "\t"),
    "decimal comma": PLAIN.replace(",", ";").replace(".", ","),
    "tab and decimal comma": PLAIN.replace(",", "\t").replace(".", ","),
    "quoted decimal comma": (
        'DEPTH (m),GR (gAPI),RHOB (g/cm3)\n"1000,0","40,5","2,25"\n"1000,5",50,\n1001,"60,25","2,5"\n'
    ),
    "square brackets": PLAIN.replace(" (", "[").replace(")", "]"),
    "units behind the names": "DEPTH_M,GR_gAPI,RHOB_G/CC\n" + PLAIN.partition("\n")[2],
    "units behind a blank": "MD m,GR API,RHOB g/cm3\n" + PLAIN.partition("\n")[2],
    "row of units": "DEPTH,GR,RHOB\nm,gAPI,g/cm3\n" + PLAIN.partition("\n")[2],
    "row of units in brackets": "DEPTH,GR,RHOB\n[m],[gAPI],[g/cm3]\n" + PLAIN.partition("\n")[2],
    "windows line ends": PLAIN.replace("\n", "\r\n"),
    "old line ends": PLAIN.replace("\n", "\r"),
    "no last line end": PLAIN.rstrip("\n"),
    "byte order mark": PLAIN.encode("utf-8-sig"),
    "utf-16": PLAIN.encode("utf-16"),
    "comments and blank lines": "# a comment, with commas\n\n" + PLAIN.replace("\n1001", "\n# half\n\n1001"),
    "quoted": PLAIN.replace("DEPTH (m)", '"DEPTH (m)"').replace("40.5", '"40.5"'),
    "blanks around cells": PLAIN.replace(",", " , "),
    "bars": PLAIN.replace(",", "|"),
    "blanks": "DEPTH(m) GR(gAPI)   RHOB(g/cm3)\n 1000  40.5 2.25\n 1000.5 50.0 NaN\n 1001  60.25 2.5\n",
    "blanks and decimal commas": "DEPTH(m) GR(gAPI) RHOB(g/cm3)\n1000,0 40,5 2,25\n1000,5 50,0 NaN\n1001,0 60,25 2,5\n",
    "blanks, units behind a blank": "DEPTH (m) GR (gAPI) RHOB (g/cm3)\n1000 40.5 2.25\n1000.5 50 NaN\n1001 60.25 2.5\n",
    "units behind commas": PLAIN.replace("DEPTH (m),GR (gAPI),RHOB (g/cm3)", '"DEPTH, m","GR, gAPI","RHOB, g/cm3"'),
    "units behind slashes": PLAIN.replace(" (", "/").replace(")", ""),
    "units behind points": PLAIN.replace(" (", ".").replace(")", ""),
    "the separator of Excel": "sep=,\n" + PLAIN,
    "titles above": "Well: A-1, north\nDate,1999\nMD in the hole\n\n" + PLAIN,
    "delimiter at the end of all lines": PLAIN.replace("\n", ",\n"),
    "delimiter at the end of the rows": PLAIN.replace("\n", ",\n").replace(",\n", "\n", 1),
    "depth not first": "GR (gAPI),DEPTH (m),RHOB (g/cm3)\n40.5,1000,2.25\n50,1000.5,\n60.25,1001,2.5\n",
    "upwards": "DEPTH (m),GR (gAPI),RHOB (g/cm3)\n1001,60.25,2.5\n1000.5,50,\n1000,40.5,2.25\n",
    "feet": "DEPT (ft),GR (gAPI),RHOB (kg/m3)\n3280.839895,40.5,2250\n3282.480315,50,\n3284.120735,60.25,2500\n",
    "NaN": PLAIN.replace("50,\n", "50,NaN\n"),
    "null": PLAIN.replace("50,\n", "50,NULL\n"),
    "-999.25": PLAIN.replace("50,\n", "50,-999.25\n"),
    "-9999": PLAIN.replace("50,\n", "50,-9999\n"),
    "unknown depth name with a unit": PLAIN.replace("DEPTH", "TEUFE"),
    "aliases of the curves": PLAIN.replace("GR (", "GAM (").replace("RHOB (", "DEN ("),
    "more columns": PLAIN.replace("g/cm3)", "g/cm3),X")
    .replace("2.25", "2.25,1")
    .replace("50,", "50,,2")
    .replace("2.5\n", "2.5,3\n"),
}


@pytest.mark.parametrize("text", VARIANTS.values(), ids=VARIANTS)
def test_all_ways_to_write_a_table_give_the_same_well(text: str | bytes, tmp_path: Path):
    well = recording(tmp_path, text)
    assert_plain(well)
    assert not [finding for finding in well.findings if finding.severity != "info"]


def test_a_plain_table_has_no_findings(tmp_path: Path):
    assert findings(tmp_path, PLAIN) == ()


def test_the_file_or_a_column_names_the_well(tmp_path: Path):
    assert recording(tmp_path, PLAIN).name == "w"
    named = PLAIN.replace("\n", ",A-1\n").replace(",A-1", ",WELL", 1)
    assert recording(tmp_path, named).name == "A-1"
    assert_plain(recording(tmp_path, named))


def test_windows_1252_is_read(tmp_path: Path):
    text = PLAIN.replace("\n", ",Br\u00fcnn\n").replace(",Br\u00fcnn", ",WELL", 1)
    well = recording(tmp_path, text.encode("cp1252"))
    assert (well.name, well.headers["encoding"]) == ("Br\u00fcnn", "cp1252")


def test_units_are_converted_and_others_are_kept(tmp_path: Path):
    well = recording(tmp_path, "DEPTH (m),DT (us/m),X (furlong)\n1,328.084,7\n2,656.168,8\n")
    np.testing.assert_allclose(well.channel("DTC"), [100.0, 200.0], rtol=1e-5)
    assert [(channel.name, channel.unit) for channel in well.channels] == [("DTC", "us/ft"), ("X", "furlong")]


def test_a_name_that_ends_like_a_unit_by_chance_stays_whole(tmp_path: Path):
    well = recording(tmp_path, "DEPTH (m),NPHI_SS,RES_M,RHOB_ADN\n1,0.2,5,2.3\n2,0.3,6,2.4\n")
    assert [channel.headers["mnemonic"] for channel in well.channels] == ["RHOB_ADN", "NPHI_SS", "RES_M"]


def test_equal_names_are_kept_apart(tmp_path: Path):
    well = recording(tmp_path, "DEPTH (m),X,X,\n1,0.2,5,\n2,0.3,6,\n")
    assert well.names == ("X", "X:2")


def test_the_measured_depth_takes_precedence(tmp_path: Path):
    text = "TVD (m),MD (m),GR (gAPI)\n900,1000,40\n901,1001,50\n"
    well = recording(tmp_path, text)
    assert well.axis.tolist() == [1000.0, 1001.0]
    (finding,) = (finding for finding in well.findings if finding.code == "depth-chosen")
    assert finding.severity == "info"
    assert well.names == ("GR", "TVD")


def test_own_aliases_name_depth_and_curves(tmp_path: Path):
    aliases = tmp_path / "own.yaml"
    aliases.write_text("depth: [TEUFE]\nmnemonics: {GR: [[GAMMASTRAHLUNG]]}\n")
    path = written(tmp_path, "TEUFE,GAMMASTRAHLUNG (gAPI)\n1,40\n2,50\n")
    well = read(path, aliases=aliases)
    assert well.channel("GR").tolist() == [40.0, 50.0]
    assert {finding.code for finding in well.findings} == {"depth-unit-missing", "curve-renamed"}


def test_a_thousands_separator_is_never_taken_for_a_decimal_mark(tmp_path: Path):
    text = "DEPTH (m);X (t)\n1000,0;1,5\n1000,5;1.500\n1001,0;2,5\n1001,5;3,5\n"
    well = recording(tmp_path, text)
    np.testing.assert_array_equal(well.channel("X"), np.float32([1.5, np.nan, 2.5, 3.5]))
    (finding,) = well.findings
    assert (finding.code, finding.where) == ("unreadable-cell", "curve X, line 3")
    assert "'1.500'" in finding.found


# Each file has this finding alone; where it is an error, nothing is read.
EXAMPLES = {
    "not-csv": ("Dear all,\nplease find the logs in the next mail.\n", "line 1"),
    "long-line": ("DEPTH (m),GR\n1,2\n" + "3," * 600_000 + "\n", "line 3"),
    "lines-above-header": ("Well: A-1\nField: North\n\nDEPTH (m),GR (gAPI)\n1,40\n2,50\n", "line 1"),
    "several-wells": ("WELL,DEPTH (m),GR (gAPI)\nA-1,1,40\nA-1,2,50\nA-2,1,40\n", "line 4"),
    "depth-chosen": ("TVD (m),MD (m),GR (gAPI)\n900,1000,40\n901,1001,50\n", "line 1"),
    "no-depth-index": ("X,GR (gAPI)\n1,40\n2,50\n", "line 1"),
    "no-curves": ("DEPTH (m),WELL\n1,A\n2,A\n", "header row"),
    "header-too-large": ("DEPTH (m)," + ",".join(f"X{n}" for n in range(3001)) + "\n1" + ",2" * 3001 + "\n", "line 1"),
    "too-short": ("DEPTH (m),GR (gAPI)\n1,40\n", "file"),
    "column-count": ("DEPTH (m),GR (gAPI)\n1,40\n2,50,7\n3,60,7\n4,70\n", "line 3, 4"),
    "ragged-row": ("DEPTH (m),GR (gAPI)\n1,40\n2,50,7\n3,60\n4,70\n", "line 3"),
    "text-column": ("DEPTH (m),GR (gAPI),ROCK\n1,40,sand\n2,50,sand\n", "curve ROCK, line 2"),
    "unreadable-cell": ("DEPTH (m),GR (gAPI)\n1,40\n2,1.#IND\n3,60\n4,70\n", "curve GR, line 3"),
    "missing-word": ("DEPTH (m),GR (gAPI)\n1,40\n2,(null)\n3,60\n4,70\n", "curve GR, line 3"),
    "decimal-comma": (
        "DEPTH (m);GR (gAPI);X;Y\n1.5;40,5;1.0;1.5\n2.5;50,5;1.0;1.5\n3.5;60,5;1.0;1.5\n",
        "curve GR, line 2",
    ),
    "infinite": ("DEPTH (m),GR (gAPI)\n1,40\n2,1e400\n3,60\n", "data"),
    "null-missing": ("DEPTH (m),GR (gAPI)\n1,40\n2,-999.25\n3,60\n", "data"),
    "depth-unit-missing": ("DEPTH,GR (gAPI)\n1,40\n2,50\n", "depth index"),
    "depth-converted": ("DEPTH (ft),GR (gAPI)\n1,40\n2,50\n", "curve DEPTH"),
    "depth-reversed": ("DEPTH (m),GR (gAPI)\n2,40\n1,50\n", "file"),
    "depth-not-monotonic": ("DEPTH (m),GR (gAPI)\n1,40\n3,50\n2,60\n", "line 4 (data row 3)"),
    "depth-repeated": ("DEPTH (m),GR (gAPI)\n1,40\n1,50\n2,60\n", "line 3"),
    "depth-missing": ("DEPTH (m),GR (gAPI)\n1,40\n,50\n2,60\n", "line 3"),
    "ambiguous-curve": ("DEPTH (m),ILD (ohm.m),LLD (ohm.m)\n1,4,5\n2,5,6\n", "curves ILD, LLD"),
    "unknown-unit": ("DEPTH (m),GR (cps)\n1,40\n2,50\n", "curve GR"),
    "unit-missing": ("DEPTH (m),GR\n1,40\n2,50\n", "curve GR"),
    "implausible-values": ("DEPTH (m),GR (gAPI)\n1,4000\n2,4100\n", "curve GR"),
}


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_finding_names_the_place_the_value_and_the_remedy(code: str, tmp_path: Path):
    text, where = EXAMPLES[code]
    finding = only(tmp_path, text)
    assert (finding.code, finding.where) == (code, where)
    assert all(finding.to_dict().values())
    assert "~Curve" not in str(finding)


def test_a_table_without_a_header_row_is_refused_with_the_remedy(tmp_path: Path):
    finding = only(tmp_path, "1000,40\n1001,50\n1002,60\n")
    assert finding.code == "no-depth-index"
    assert "no header row but numbers: 1000, 40" in finding.found
    assert "DEPTH (m)" in finding.remedy


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04\x00\x00" * 40, b"# nothing\n", b"\n\n", b"DEPTH (m)\n1\n2\n", b"\xff\xfe"]
)
def test_what_is_not_a_table_is_refused(data: bytes, tmp_path: Path):
    assert only(tmp_path, data).code == "not-csv"


def test_a_cell_of_200_kb_is_a_finding(tmp_path: Path):
    cells = {"x" * 200_000: "unreadable-cell", "9" * 200_000: "infinite", '"' + "a,b" * 70_000 + '"': "unreadable-cell"}
    for cell, code in cells.items():
        well = recording(tmp_path, f"DEPTH (m),GR (gAPI)\n1,40\n2,{cell}\n3,60\n4,70\n")
        assert [finding.code for finding in well.findings] == [code]
        assert len(well.findings[0].found) < 200
        np.testing.assert_array_equal(well.channel("GR"), np.float32([40, np.nan, 60, 70]))


def test_a_quote_that_is_never_closed_takes_its_own_row_only(tmp_path: Path):
    finding = only(tmp_path, 'DEPTH (m),GR (gAPI),X\n1,40,1\n2,"' + "x" * 200_000 + ",2\n3,60,3\n4,70,4\n")
    assert (finding.code, finding.where) == ("ragged-row", "line 3")
    assert "header row" in finding.expected


def test_a_large_number_of_words_is_read_in_linear_time(tmp_path: Path):
    def seconds(rows: int) -> float:
        lines = [f"{n},{n % 50},{'sand' if n % 3 else ''},2.{n % 7}" for n in range(rows)]
        path = written(tmp_path, "DEPTH (m),GR (gAPI),ROCK,X\n" + "\n".join(lines) + "\n")
        gc.disable()  # it looks at every object of the process, of which other tests may have left millions
        try:
            started = time.process_time()
            read_csv(path)
            return time.process_time() - started
        finally:
            gc.enable()

    seconds(1000)
    short = min(seconds(20_000) for _ in range(3))
    assert min(seconds(80_000) for _ in range(3)) < 12 * max(short, 0.05)


def test_quotes_and_delimiters_in_a_row_take_linear_time(tmp_path: Path):
    row = '1,"' + '""' * 200_000 + '",' + " " * 200_000 + ",3"
    started = time.process_time()
    well = recording(tmp_path, f"DEPTH (m),NOTE,X,GR (gAPI)\n{row}\n2,a,1,3\n3,b,2,4\n")
    assert time.process_time() - started < 5.0
    assert well.channel("GR").tolist() == [3.0, 3.0, 4.0]


def test_damaged_files_give_a_recording_or_a_refusal(tmp_path: Path):
    rng = np.random.default_rng(3)
    seeds = [text if isinstance(text, bytes) else text.encode() for text in VARIANTS.values()]
    parts = (
        b",",
        b";",
        b"\t",
        b'"',
        b"\n",
        b"\r",
        b"#",
        b"\x00",
        b"-999.25",
        b"1e999",
        b"nan",
        b"DEPTH",
        b"(",
        b"]",
        b"\xff",
    )
    read_count = 0
    for _ in range(400):
        data = bytearray(seeds[rng.integers(0, len(seeds))])
        for _ in range(int(rng.integers(1, 4))):
            at = int(rng.integers(0, len(data)))
            data[at : at + int(rng.integers(0, 6))] = parts[rng.integers(0, len(parts))]
        try:
            well = recording(tmp_path, bytes(data))
        except UnreadableFileError as error:
            assert any(finding.severity == "error" for finding in error.findings)
            continue
        read_count += 1
        assert not np.isinf(well.values).any()
        assert (np.diff(well.axis) > 0).all()
    assert 40 < read_count < 400


def test_thousands_in_quoted_cells(tmp_path: Path):
    path = tmp_path / "w.csv"
    rows = [f'"1,{500 + row}.0",{50 + row}.5,"2,{300 + row}"' for row in range(30)]
    path.write_text("\n".join(["DEPTH (m),GR (gAPI),RHOB (kg/m3)", *rows]) + "\n")
    well = read_csv(path)
    assert (well.axis[0], well.channel("GR")[0]) == (1500.0, 50.5)
    np.testing.assert_allclose(well.channel("RHOB")[:2], [2.300, 2.301], rtol=1e-6)
    assert "thousands-separator" in {finding.code for finding in well.findings}


@pytest.mark.parametrize("head", ["NPHI", "NPHI (%)"])
def test_percent_signs_behind_the_numbers(head: str, tmp_path: Path):
    rows = "".join(f"{1000 + row},{10 + row}.5%\n" for row in range(4)) + "1004,\n"
    well = recording(tmp_path, f"DEPTH (m),{head}\n{rows}")
    np.testing.assert_allclose(well.channel("NPHI"), [0.105, 0.115, 0.125, 0.135, np.nan], rtol=1e-6)
    assert {finding.code for finding in well.findings} == {"unit-converted"}


def test_a_porosity_without_unit_that_varies_below_one_is_a_fraction(tmp_path: Path):
    porosity = 0.2 + 0.1 * np.sin(np.arange(40.0))
    rows = "".join(f"{1000 + row},{value:.3f}\n" for row, value in enumerate(porosity))
    well = recording(tmp_path, f"DEPTH (m),NPHI\n{rows}")
    np.testing.assert_allclose(well.channel("NPHI"), np.round(porosity, 3), rtol=1e-6)
    assert [(finding.severity, finding.code) for finding in well.findings] == [("warning", "unit-missing")]
