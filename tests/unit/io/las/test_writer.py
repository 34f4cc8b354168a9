from __future__ import annotations

import io
from pathlib import Path

import las_rs
import lasio
import numpy as np
import pytest

from aemodels.core.errors import DataError, UnreadableFileError
from aemodels.core.types import Channel, Recording, Source
from aemodels.io import AddedCurve, read_las, write_flagged_las, write_las

HEADER = """~Version
VERS.   2.0 : CWLS LOG ASCII STANDARD - VERSION 2.0
WRAP.    NO : ONE LINE PER DEPTH STEP
~Well
STRT.m  100.0 : START
STOP.m  101.5 : STOP
STEP.m    0.5 : STEP
NULL. -9999.0 : NULL
WELL.     A-1 : WELL
~Curve
DEPT.m           : depth
GR  .gAPI        : gamma   ray
# a comment in the curve section
RHOB.g/cm3       : density
"""
OTHER = "~Other\nremarks of the client\n"
ROWS = (
    "  100.000   50.0000   2.3000",
    "  100.500  -9999.0   2.4000",
    "  101.000   70.0000   2.5000",
    "  101.500   80.0000   2.6000",
)
AXIS = np.array([100.0, 100.5, 101.0, 101.5])
DENOISED = np.array([51.5, np.nan, 0.1, 8e-7], dtype=np.float32)


def added(name: str = "GR_DN", values: np.ndarray = DENOISED) -> AddedCurve:
    return AddedCurve(name, "gAPI", "denoised: by sondeflow", values)


def flag(
    folder: Path, text: str | bytes, curves: tuple[AddedCurve, ...] = (added(),), axis: np.ndarray = AXIS
) -> bytes:
    source, target = folder / "in.las", folder / "out.las"
    before = text.encode() if isinstance(text, str) else text
    source.write_bytes(before)
    write_flagged_las(
        source,
        target,
        curves,
        well(np.zeros((0, axis.size), np.float32), (), axis),
        "sondeflow 0.1\n~sneaky second line",
    )
    assert source.read_bytes() == before
    return target.read_bytes()


def by_lasio(data: bytes, codec: str = "utf-8") -> lasio.LASFile:
    return lasio.read(io.StringIO(data.decode(codec)))


def well(values: np.ndarray, names: tuple[str, ...], axis: np.ndarray) -> Recording:
    channels = tuple(Channel(name) for name in names)
    return Recording(values.astype(np.float32), axis, channels, "logs", Source("x", "0" * 64), "B: 2/1-A")


def test_write_then_read_gives_the_same_well(tmp_path: Path):
    values = np.array([[1e-30, 0.1, np.nan], [2.65, 3.4e38, -7.0]], dtype=np.float32)
    before = well(values, ("GR", "TENS"), np.array([0.1, 0.30000000000000004, 7.0]))
    write_las(before, tmp_path / "w.las")
    after = read_las(tmp_path / "w.las")
    np.testing.assert_array_equal(after.axis, before.axis)
    np.testing.assert_array_equal(after.values, before.values)
    assert after.names == before.names
    assert after.channels[0].unit == "gAPI"
    assert after.name == "B; 2/1-A"


def test_lasio_reads_a_written_well(tmp_path: Path):
    write_las(well(np.array([[50.0, np.nan]]), ("GR",), np.array([10.0, 10.5])), tmp_path / "w.las")
    las = lasio.read(io.StringIO((tmp_path / "w.las").read_text()))
    np.testing.assert_array_equal(las["DEPT"], [10.0, 10.5])
    np.testing.assert_array_equal(las["GR"], [50.0, np.nan])
    assert las.well.STEP.value == 0.5


def test_las_rs_reads_a_written_well(tmp_path: Path):
    values = np.array([[50.0, np.nan, 1e-30], [2.65, 0.1, -7.0]], dtype=np.float32)
    axis = np.array([0.1, 0.30000000000000004, 7.0])
    write_las(well(values, ("GR", "TENS"), axis), tmp_path / "w.las")
    las = las_rs.read(str(tmp_path / "w.las"))
    assert [curve.mnemonic for curve in las.curves] == ["DEPT", "GR", "TENS"]
    assert las.curves["GR"].unit == "gAPI"
    np.testing.assert_array_equal(las["DEPT"], axis)
    np.testing.assert_array_equal(np.asarray(las["GR"], dtype=np.float32), values[0])
    np.testing.assert_array_equal(np.asarray(las["TENS"], dtype=np.float32), values[1])


def test_las_rs_reads_a_flagged_file(tmp_path: Path):
    flag(tmp_path, HEADER + OTHER + "~A\n" + "\n".join(ROWS) + "\n")
    before, after = (las_rs.read(str(tmp_path / name)) for name in ("in.las", "out.las"))
    for curve in ("DEPT", "GR", "RHOB"):
        np.testing.assert_array_equal(after[curve], before[curve])
    np.testing.assert_array_equal(np.asarray(after["GR_DN"], dtype=np.float32), DENOISED)


def test_a_line_is_not_written_as_a_well(tmp_path: Path):
    line = Recording(
        np.zeros((1, 2), np.float32), np.array([0.0, 1.0]), (Channel("t"),), "seismic", Source("x", "0"), "L"
    )
    with pytest.raises(DataError, match="'logs'"):
        write_las(line, tmp_path / "w.las")
    assert list(tmp_path.iterdir()) == []


def test_flagged_text_is_the_original_with_columns_behind(tmp_path: Path):
    text = HEADER + OTHER + "~A  DEPT   GR   RHOB\n" + "\n".join(ROWS) + "\n"
    out = flag(tmp_path, text).decode().splitlines()
    assert out[: len(HEADER.splitlines())] == HEADER.splitlines()
    assert out[14:21] == [
        " GR_DN.gAPI : denoised; by sondeflow",
        "~Other",
        "remarks of the client",
        " sondeflow 0.1",
        " sneaky second line",
        "~A  DEPT   GR   RHOB GR_DN",
        ROWS[0] + "    51.5",
    ]
    assert [line[: len(row)] for line, row in zip(out[20:], ROWS, strict=True)] == list(ROWS)


def test_the_new_curves_read_back_and_the_old_ones_are_untouched(tmp_path: Path):
    data = flag(tmp_path, HEADER + OTHER + "~Ascii\n" + "\n".join(ROWS) + "\n")
    again = read_las(tmp_path / "out.las")
    first = read_las(tmp_path / "in.las")
    np.testing.assert_array_equal(again.channel("GR_DN"), DENOISED)
    for name in first.names:
        np.testing.assert_array_equal(again.channel(name), first.channel(name))
    las = by_lasio(data)
    np.testing.assert_allclose(las["GR_DN"], DENOISED, rtol=1e-6)
    np.testing.assert_array_equal(las["GR"], [50, np.nan, 70, 80])
    assert "sondeflow 0.1" in las.other


def test_an_other_section_is_made_where_there_is_none(tmp_path: Path):
    las = by_lasio(flag(tmp_path, HEADER + "~Ascii\n" + "\n".join(ROWS) + "\n"))
    assert las.other.splitlines()[0].strip() == "sondeflow 0.1"
    assert las["RHOB"][-1] == 2.6


def test_missing_values_take_the_file_s_null(tmp_path: Path):
    rows = flag(tmp_path, HEADER + "~Ascii\n" + "\n".join(ROWS) + "\n").decode().splitlines()[-4:]
    assert float(rows[1].split()[-1]) == -9999.0


def test_missing_values_are_minus_999_25_where_the_file_names_no_null(tmp_path: Path):
    text = HEADER.replace("NULL. -9999.0 : NULL\n", "") + "~Ascii\n" + "\n".join(ROWS) + "\n"
    assert float(flag(tmp_path, text).decode().splitlines()[-3].split()[-1]) == -999.25
    np.testing.assert_array_equal(read_las(tmp_path / "out.las").channel("GR_DN"), DENOISED)


@pytest.mark.parametrize("mark", [",", "\t"])
def test_other_delimiters(tmp_path: Path, mark: str):
    rows = [mark.join(row.split()) for row in ROWS]
    data = flag(tmp_path, HEADER + "~Ascii\n" + "\n".join(rows) + "\n")
    assert data.decode().splitlines()[-4] == rows[0] + mark + "51.5"
    np.testing.assert_array_equal(read_las(tmp_path / "out.las").channel("GR_DN"), DENOISED)


@pytest.mark.parametrize(
    ("codec", "newline"), [("cp1252", "\r\n"), ("utf-16-le", "\r\n"), ("utf-8-sig", "\n"), ("utf-8", "\r")]
)
def test_encoding_and_line_ends_stay(tmp_path: Path, codec: str, newline: str):
    text = (HEADER + OTHER + "~Ascii\n" + "\n".join(ROWS) + "\n").replace("client", "Ærfugl")
    data = flag(tmp_path, text.replace("\n", newline).encode(codec))
    out = data.decode(codec)
    assert "remarks of the Ærfugl" + newline in out
    assert out.count(newline) == text.count("\n") + 3
    assert out.replace(newline, "").count("\n") == 0
    assert read_las(tmp_path / "out.las").names == ("GR", "RHOB", "GR_DN")


def test_depth_in_feet_downwards_is_matched_as_the_reader_reads_it(tmp_path: Path):
    text = HEADER.replace("DEPT.m", "DEPT.F").replace("T.m", "T.F").replace("P.m", "P.F")
    source = text + "~Ascii\n" + "\n".join(reversed(ROWS)) + "\n"
    rows = flag(tmp_path, source, axis=AXIS * 0.3048).decode().splitlines()[-4:]
    assert all(row.startswith(old) for row, old in zip(rows, reversed(ROWS), strict=True))
    again = read_las(tmp_path / "out.las")
    np.testing.assert_array_equal(again.axis, AXIS * 0.3048)
    np.testing.assert_array_equal(again.channel("GR_DN"), DENOISED)


def test_rows_that_the_reader_leaves_out_get_null(tmp_path: Path):
    rows = (ROWS[0], ROWS[0], "-9999.0 1 2", *ROWS[1:])
    out = flag(tmp_path, HEADER + "~Ascii\n" + "\n".join(rows) + "\n").decode().splitlines()[-6:]
    assert [float(row.split()[-1]) for row in out[:3]] == [51.5, -9999.0, -9999.0]
    np.testing.assert_array_equal(read_las(tmp_path / "out.las").channel("GR_DN"), DENOISED)


def test_a_wrapped_file_is_unwrapped_with_its_cells_untouched(tmp_path: Path):
    wrapped = HEADER.replace("WRAP.    NO", "WRAP.   YES") + "~Ascii\n"
    wrapped += "".join(f"{row.split()[0]}\n{row.split()[1]}\n{row.split()[2]}\n" for row in ROWS)
    data = flag(tmp_path, wrapped)
    out = data.decode().splitlines()
    assert [line.split()[:3] for line in out[-4:]] == [row.split() for row in ROWS]
    np.testing.assert_array_equal(read_las(tmp_path / "out.las").channel("GR_DN"), DENOISED)
    np.testing.assert_array_equal(by_lasio(data)["GR"], [50, np.nan, 70, 80])


def test_a_second_run_adds_beside_the_first(tmp_path: Path):
    first = flag(tmp_path, HEADER + "~Ascii\n" + "\n".join(ROWS) + "\n")
    flag(tmp_path, first)
    assert read_las(tmp_path / "out.las").names == ("GR", "RHOB", "GR_DN", "GR_DN_2")


def test_a_last_line_without_end(tmp_path: Path):
    data = flag(tmp_path, HEADER + "~Ascii\n" + "\n".join(ROWS))
    assert not data.endswith(b"\n")
    np.testing.assert_array_equal(read_las(tmp_path / "out.las").channel("GR_DN"), DENOISED)


def test_lengths_and_names_are_checked(tmp_path: Path):
    with pytest.raises(DataError, match="one per depth"):
        flag(tmp_path, HEADER + "~Ascii\n" + "\n".join(ROWS), axis=AXIS[:3])
    with pytest.raises(DataError, match="curve name"):
        added("GR DN")
    with pytest.raises(DataError, match="float32"):
        added(values=DENOISED.astype(np.float64))
    assert not (tmp_path / "out.las").exists()


def test_what_is_no_las_cannot_be_flagged(tmp_path: Path):
    with pytest.raises(UnreadableFileError, match="no-data"):
        flag(tmp_path, "hello\n")


def test_a_depth_unit_that_only_the_user_s_aliases_know_is_flagged_too(tmp_path: Path):
    aliases = tmp_path / "aliases.yaml"
    aliases.write_text("units:\n  m: {ELLE: 0.5}\ndepth: [TIEFE]\n")
    source, target = tmp_path / "w.las", tmp_path / "out.las"
    lines = ["~V", "VERS. 2.0 :", "WRAP. NO :", "~W", "NULL. -999.25 :", "~C", "TIEFE.ELLE :", "GR.gAPI :", "~A"]
    source.write_text("\n".join([*lines, "2000 10", "2001 11", "2002 12", "2003 13", ""]))
    recording = read_las(source, aliases=aliases)
    assert recording.axis.tolist() == [1000.0, 1000.5, 1001.0, 1001.5]
    scores = np.array([1, 2, 3, 4], dtype=np.float32)
    write_flagged_las(source, target, [AddedCurve("ANOM_GR", "", "score", scores)], recording, "scored")
    np.testing.assert_array_equal(read_las(target, aliases=aliases).channel("ANOM_GR"), scores)


def test_a_row_without_depth_does_not_upset_a_unit_that_only_the_user_s_aliases_know(tmp_path: Path):
    aliases = tmp_path / "aliases.yaml"
    aliases.write_text("units:\n  m: {ELLE: 0.5}\ndepth: [TIEFE]\n")
    source, target = tmp_path / "in.las", tmp_path / "out.las"
    rows = (ROWS[0], "  -9999.0    60.0000   2.4000", *ROWS[2:])
    source.write_text(HEADER.replace("DEPT.m", "TIEFE.ELLE") + "~A\n" + "\n".join(rows) + "\n")
    recording = read_las(source, aliases=aliases)
    np.testing.assert_array_equal(recording.axis, [50.0, 50.5, 50.75])
    scores = np.array([0.25, 0.5, 1.0], dtype=np.float32)
    write_flagged_las(source, target, [AddedCurve("ANOM_GR", "", "score", scores)], recording, "scored")
    np.testing.assert_array_equal(read_las(target, aliases=aliases).channel("ANOM_GR"), scores)


def test_curves_are_added_to_the_definition_of_the_data_they_follow(tmp_path: Path):
    """A LAS 3.0 file whose first data belong to its second definition."""
    source, target = tmp_path / "in.las", tmp_path / "out.las"
    source.write_text(
        HEADER.replace("~Curve", "~Log_Definition[1]")
        + "~Log_Definition[2]\nDEPT.m : depth\nSP.mV : potential\n"
        + "~Log_Data[2] | Log_Definition[2]\n900 -40\n901 -41\n~Log_Data[1] | Log_Definition[1]\n"
        + "\n".join(ROWS)
        + "\n"
    )
    recording = read_las(source)
    scores = np.array([0.25, 0.5], dtype=np.float32)
    write_flagged_las(source, target, [AddedCurve("ANOM_SP", "", "score", scores)], recording, "scored")
    copy = read_las(target)
    assert copy.names == ("SP", "ANOM_SP")
    np.testing.assert_array_equal(copy.channel("ANOM_SP"), scores)
    np.testing.assert_array_equal(read_las(target, section=2).values, read_las(source, section=2).values)
