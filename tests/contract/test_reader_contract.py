"""Every reader, on every real file: a sound recording, or a refusal that says why."""

from __future__ import annotations

import io
from pathlib import Path

import las_rs
import lasio
import numpy as np
import pytest
import segyio

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.resolve import unit_factor
from aemodels.io import (
    AddedCurve,
    HeaderPositions,
    list_files,
    read,
    read_segy_blocks,
    sha256_file,
    write_denoised_segy,
    write_flagged_las,
)
from aemodels.signal.quality_rules import assess
from helpers.paths import FIELD_DATA

FILES = [path.relative_to(FIELD_DATA).as_posix() for path in list_files(FIELD_DATA)[0]] if FIELD_DATA.is_dir() else []
FORCE = [name for name in FILES if name.startswith("force2020/")]
# Refused, and why. All other files are read.
REFUSED = {
    "las/lasio_3.0_Curve-Param_Error_#10_(SS).LAS": "no-data",
    "las/lasio_3.0_Curve-Param_Error_#12_(SS).LAS": "no-data",
    "las/lasio_3.0_Curve-Param_Error_#14_(SS).LAS": "no-data",
    "las/lasio_3.0_Curve-Param_Error_#16_(SS).LAS": "no-data",
    "las/lasio_3.0_Curve-Param_Error_#2_(MS).LAS": "no-data",
    "las/lasio_3.0_Curve-Param_Error_#4_(MS).LAS": "no-data",
    "las/lasio_3.0_Curve-Param_Error_#6_(SS).LAS": "no-data",
    "las/lasio_3.0_Curve-Param_Unknown_#1(SS).las": "no-data",
    "las/lasio_3.0_Good_File_(SS).las": "no-depth-index",
    "las/lasio_3.0_Reshape_Error_#2_(SS).las": "no-data",
    "las/lasio_alog.las": "too-short",
    "las/lasio_barebones.las": "no-curves",
    "las/lasio_blank_line.las": "no-curves",
    "las/lasio_data_characters_numeric.las": "no-depth-index",
    "las/lasio_excess_curves.las": "column-count",
    "las/lasio_issue83.las": "column-count",
    "las/lasio_single_step_20.las": "too-short",
    "segy/segyio_broken.sgy": "truncated",
    "segy/segyio_interval-neg-bin-neg-trace.sgy": "too-short",
    "segy/segyio_interval-neg-bin-pos-trace.sgy": "too-short",
    "segy/segyio_multi-text.sgy": "too-short",
    "segy/segyio_text.sgy": "header-only",
}
# lasio stops, or finds no curves under the names that LAS 3.0 gives its sections.
LASIO_FAILS = {
    "las/kgs_Wellington_KGS-1-32.las",
    "las/lasio_3.0_0-d_Array_#2_(MS).las",
    "las/lasio_3.0_Curve-Param_Error_#8_(SS).las",
}
MADE_MISSING = {
    "unreadable-cell",
    "missing-word",
    "null-missing",
    "null-rounded",
    "null-conflict",
    "other-null",
    "infinite",
}
READ = [name for name in FILES if name not in REFUSED]
READ_LINES = [name for name in READ if name.startswith("segy/")]

pytestmark = pytest.mark.skipif(not FILES, reason=f"no field data at {FIELD_DATA}")


def findings_of(path: Path) -> tuple[Finding, ...]:
    try:
        return read(path).findings
    except UnreadableFileError as error:
        return error.findings


@pytest.mark.parametrize("name", FILES)
def test_findings_say_what_where_and_what_to_do(name: str):
    for finding in findings_of(FIELD_DATA / name):
        assert all(finding.to_dict().values()), finding
        assert finding.code == finding.code.lower().replace(" ", "-")


@pytest.mark.parametrize("name", READ)
def test_a_file_gives_a_sound_recording(name: str):
    result = read(FIELD_DATA / name)
    assert "error" not in {finding.severity for finding in result.findings}
    assert result.kind == ("logs" if name.lower().endswith("las") else "seismic")
    assert result.source.sha256 == sha256_file(FIELD_DATA / name)
    assert result.name
    canonical = [channel for channel in result.channels if channel.name in CANONICAL]
    assert [channel.unit for channel in canonical] == [CANONICAL[channel.name].unit for channel in canonical]
    assert result.channels[: len(canonical)] == tuple(canonical)
    for mask in assess(result).flags.values():
        assert mask.shape == (len(result.channels), result.axis.size if result.kind == "logs" else 1)


@pytest.mark.parametrize(("name", "code"), REFUSED.items())
def test_files_that_hold_no_recording(name: str, code: str):
    with pytest.raises(UnreadableFileError) as caught:
        read(FIELD_DATA / name)
    assert code in {finding.code for finding in caught.value.findings}


@pytest.mark.parametrize("name", FORCE)
def test_field_wells_agree_with_lasio_and_are_mostly_good(name: str):
    well = read(FIELD_DATA / name)
    las = lasio.read(io.StringIO((FIELD_DATA / name).read_text()), mnemonic_case="preserve")
    np.testing.assert_array_equal(well.axis, las["DEPT"])
    for channel in well.channels:
        np.testing.assert_array_equal(well.channel(channel.name), las[channel.headers["mnemonic"]].astype(np.float32))
    assert {"GR", "RHOB", "NPHI", "DTC", "RDEP"} <= set(well.names)
    outside = assess(well).flags["range"]
    for curve in ("GR", "RHOB", "NPHI", "DTC", "RDEP"):
        row = well.names.index(curve)
        assert outside[row].sum() <= 0.005 * np.isfinite(well.values[row]).sum(), curve


def by_lasio(path: Path, codec: str) -> lasio.LASFile | None:
    """lasio's reading of a file that it can decode and read."""
    try:
        return lasio.read(io.StringIO(path.read_text(encoding=codec)), mnemonic_case="preserve")
    except (ValueError, TypeError, KeyError):
        return None


@pytest.mark.parametrize("name", [name for name in READ if not name.startswith("segy/")])
def test_a_value_is_lasio_s_or_missing_with_a_finding_that_says_why(name: str):
    well = read(FIELD_DATA / name)
    theirs = by_lasio(FIELD_DATA / name, well.headers["encoding"])
    codes = {finding.code for finding in well.findings}
    if theirs is None:
        assert name in LASIO_FAILS
        return
    seen: dict[str, int] = {}
    for channel in well.channels:
        mnemonic = channel.headers["mnemonic"]
        curves = [curve.data for curve in theirs.curves if (curve.original_mnemonic.strip() or "UNKNOWN") == mnemonic]
        number = seen[mnemonic] = seen.get(mnemonic, -1) + 1
        if not curves or curves[number].dtype.kind != "f":
            assert name in LASIO_FAILS or codes & {"missing-word", "text-column"}, channel.name
            continue
        column = curves[number][:: -1 if "depth-reversed" in codes else 1]
        if len(column) != well.axis.size:
            assert codes & {"depth-missing", "depth-repeated", "several-data-sections", "other-section"}, channel.name
            continue
        factor = unit_factor(channel.headers["original_unit"], channel.unit) if channel.name in CANONICAL else 1.0
        expected = (column * (factor or 1.0)).astype(np.float32)
        ours = well.channel(channel.name)
        same = (ours == expected) | (np.isnan(ours) & np.isnan(expected))
        parted = np.isnan(expected) if "run-on" in codes else np.zeros(len(ours), dtype=bool)
        assert np.isnan(ours[~same & ~parted]).all(), channel.name
        assert same.all() or codes & (MADE_MISSING | {"run-on"}), channel.name


def test_numbers_that_lasio_drops_are_read_where_the_columns_end():
    """`7.020101130.188` and `7.345116238.453` among columns of ten characters; lasio gives NaN for all four numbers."""
    well = read(FIELD_DATA / "las/lasio_null_policy_runon.las")
    np.testing.assert_array_equal(well.channel("C04"), np.float32([7.682, 7.345, 7.33, 7.02, 9.207]))
    np.testing.assert_array_equal(
        well.channel("C05"), np.float32([4182.679, 116238.453, -19508.961, 101130.188, 4648.011])
    )


@pytest.mark.parametrize("name", READ_LINES)
def test_samples_agree_with_segyio(name: str):
    result = read(FIELD_DATA / name)
    with segyio.open(FIELD_DATA / name, ignore_geometry=True, endian=result.headers["endian"]) as file:
        np.testing.assert_array_equal(result.values, file.trace.raw[:].astype(np.float32))
        np.testing.assert_allclose(result.axis, file.samples * 1e-3, atol=1e-6)


@pytest.mark.parametrize("name", READ_LINES)
def test_trace_headers_agree_with_segyio(name: str):
    result = read(FIELD_DATA / name)
    places = result.headers["positions"]
    assert places == HeaderPositions().model_dump() or "line-positions" in {f.code for f in result.findings}
    with segyio.open(FIELD_DATA / name, ignore_geometry=True, endian=result.headers["endian"]) as file:
        scalar = file.attributes(segyio.TraceField.SourceGroupScalar)[:].astype(float)
        factor = np.where(scalar < 0, -1 / np.where(scalar == 0, 1, scalar), np.where(scalar == 0, 1, scalar))
        for field in ("inline", "crossline", "cdp_x", "cdp_y"):
            expected = file.attributes(places[field])[:] * (factor if field.startswith("cdp") else 1)
            np.testing.assert_allclose([channel.headers[field] for channel in result.channels], expected, rtol=1e-12)
        offsets = file.attributes(segyio.TraceField.offset)[:]
        assert [channel.headers["offset"] for channel in result.channels] == offsets.tolist()


@pytest.mark.parametrize("name", READ_LINES)
def test_blocks_agree_with_the_whole(name: str):
    whole, blocks = read(FIELD_DATA / name), list(read_segy_blocks(FIELD_DATA / name, traces=7))
    np.testing.assert_array_equal(np.concatenate([block.values for block in blocks]), whole.values)
    assert tuple(channel for block in blocks for channel in block.channels) == whole.channels


@pytest.mark.parametrize("name", [name for name in READ if name.startswith("las/")] + FORCE[:2])
def test_a_flagged_copy_keeps_every_original_value(name: str, tmp_path: Path):
    well = read(FIELD_DATA / name)
    score = np.linspace(0, 1, well.axis.size, dtype=np.float32)
    target = tmp_path / "flagged.las"
    write_flagged_las(FIELD_DATA / name, target, [AddedCurve("ANOM_GR", "", "score", score)], well, "history")
    copy = read(target)
    np.testing.assert_array_equal(copy.axis, well.axis)
    np.testing.assert_array_equal(copy.channel("ANOM_GR"), score)
    for channel in well.names:
        np.testing.assert_array_equal(copy.channel(channel), well.channel(channel))


@pytest.mark.parametrize("name", [*FORCE[:2], "las/nlog_F03-02.las", "las/nlog_L0507_comp.las"])
def test_other_readers_find_the_originals_untouched_in_a_flagged_copy(name: str, tmp_path: Path):
    well = read(FIELD_DATA / name)
    score = np.linspace(0, 1, well.axis.size, dtype=np.float32)
    target = tmp_path / "flagged.las"
    write_flagged_las(FIELD_DATA / name, target, [AddedCurve("ANOM_GR", "", "score", score)], well, "history")
    before, after = (by_lasio(path, "utf-8") for path in (FIELD_DATA / name, target))
    assert before is not None
    assert after is not None
    assert after.keys() == [*before.keys(), "ANOM_GR"]
    rust = las_rs.read(str(target))
    for curve in [item.mnemonic for item in before.curves]:
        np.testing.assert_array_equal(after[curve], before[curve])
        np.testing.assert_array_equal(rust[curve], before[curve])
    upwards = "depth-reversed" in {finding.code for finding in well.findings}
    np.testing.assert_array_equal(after["ANOM_GR"].astype(np.float32), score[:: -1 if upwards else 1])


@pytest.mark.parametrize("name", READ_LINES)
def test_a_denoised_copy_keeps_all_but_the_samples(name: str, tmp_path: Path):
    line = read(FIELD_DATA / name)
    target = tmp_path / "denoised.sgy"
    write_denoised_segy(FIELD_DATA / name, target, line.values.copy(), "history")
    assert target.read_bytes()[3200:] == (FIELD_DATA / name).read_bytes()[3200:]
    half = (line.values / np.float32(2)).astype(np.float32)
    write_denoised_segy(FIELD_DATA / name, target, half, "history")
    copy = read(target)
    tolerance = 0.5 if line.headers["format"] not in (1, 5, 6) else 0.0
    np.testing.assert_allclose(copy.values, half, rtol=1e-6, atol=tolerance)
    assert [dict(channel.headers) for channel in copy.channels] == [dict(channel.headers) for channel in line.channels]
