"""Every reader, on every file: a recording as it should be, or a refusal that says why.

The files are those of tests/data/formats, which always lie there and hold the known well or line, and public field data
beside the checkout where there are any. A new format is tested as soon as one of its files lies in tests/data/formats.
"""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path

import las_rs
import lasio
import numpy as np
import pytest
import segyio

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Channel, Recording, Scores
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.tables import unit_factor
from aemodels.io import (
    FORMATS,
    AddedCurve,
    HeaderPositions,
    find_format,
    list_files,
    read,
    read_blocks,
    read_segy_blocks,
    sha256_file,
    write_denoised_segy,
    write_flagged_las,
)
from aemodels.signal.quality_rules import assess
from helpers.known_recordings import KNOWN
from helpers.paths import FIELD_DATA, FORMATS_DATA


def format_name(name: str) -> str:
    """The format that a file's suffix states, "" if there is none."""
    form = find_format(name)
    return "" if form is None else form.name


FIELD = [path.relative_to(FIELD_DATA).as_posix() for path in list_files(FIELD_DATA)[0]] if FIELD_DATA.is_dir() else []
FIXTURES = [f"formats/{path.name}" for path in list_files(FORMATS_DATA)[0]]
FILES = FIXTURES + FIELD
FORCE = [name for name in FIELD if name.startswith("force2020/")]
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
    "formats/las-3.0.las",
}
GUESSED_UNIT = {"unit-missing", "unit-contradicted"}
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
READ_LAS = [name for name in READ if format_name(name) == "LAS"]
READ_LINES = [name for name in READ if format_name(name) == "SEG-Y"]
with_field_data = pytest.mark.skipif(not FIELD, reason=f"no field data at {FIELD_DATA}: tests/data/formats alone")


def path_of(name: str) -> Path:
    """Where a file lies: in the tree, or among the field data."""
    return (FORMATS_DATA.parent if name in FIXTURES else FIELD_DATA) / name


def test_every_format_has_a_file_in_the_tree():
    assert {format_name(name) for name in FIXTURES} == {form.name for form in FORMATS}


@with_field_data
def test_field_data_are_read_too():
    assert set(REFUSED) < set(FIELD)


@pytest.mark.parametrize("name", FIXTURES)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_file_of_the_tree_holds_the_known_recording(name: str, packed: bool, tmp_path: Path):
    path = packed_copy(path_of(name), tmp_path) if packed else path_of(name)
    result = read(path)
    known = KNOWN[result.kind]()
    assert not [finding for finding in result.findings if finding.severity == "warning"]
    assert set(known.names) <= set(result.names)
    for channel in known.channels:
        np.testing.assert_array_equal(result.channel(channel.name), known.channel(channel.name))
        assert channel.unit == result.channels[result.names.index(channel.name)].unit
    np.testing.assert_allclose(result.axis, known.axis, atol=1e-9)
    assert result.source.sha256 == sha256_file(path)
    assert result.source.path == path


@pytest.mark.parametrize("name", [name for name in FIXTURES if find_format(name).block_reader])  # type: ignore[union-attr]
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_file_of_the_tree_in_blocks_agrees_with_the_whole(name: str, packed: bool, tmp_path: Path):
    path = packed_copy(path_of(name), tmp_path) if packed else path_of(name)
    whole, blocks = read(path), list(read_blocks(path, traces=5))
    np.testing.assert_array_equal(np.concatenate([block.values for block in blocks]), whole.values)
    assert tuple(channel for block in blocks for channel in block.channels) == whole.channels


@pytest.mark.parametrize("name", FIXTURES)
def test_a_scored_copy_reads_back_as_it_was_written(name: str, tmp_path: Path):
    form = find_format(name)
    assert form is not None
    recording = read(path_of(name))
    before = path_of(name).read_bytes()
    target = tmp_path / f"scored{form.copy_suffix}"
    scores = half_and_score(recording)
    form.write_copy(path_of(name), target, recording, scores, "history")
    copy = read(target)
    assert path_of(name).read_bytes() == before
    np.testing.assert_array_equal(copy.axis, recording.axis)
    if recording.kind == "seismic":
        np.testing.assert_array_equal(copy.values, scores.denoised)
        assert copy.channels == recording.channels
        return
    assert copy.name == recording.name or copy.name == target.stem
    added = {f"{prefix}{curve}{suffix}" for curve in scores.channels for prefix, suffix in AFFIXES}
    assert set(copy.names) == {*recording.names, *added}
    for curve in recording.names:
        np.testing.assert_array_equal(copy.channel(curve), recording.channel(curve))
    for row, curve in enumerate(scores.channels):
        missing = np.isnan(scores.channel_score[row])
        np.testing.assert_array_equal(copy.channel(f"{curve}_DN"), scores.denoised[row])
        np.testing.assert_array_equal(copy.channel(f"ANOM_{curve}"), scores.channel_score[row])
        np.testing.assert_array_equal(
            copy.channel(f"BADLOG_{curve}"), np.where(missing, np.nan, scores.channel_flag[row]).astype(np.float32)
        )


AFFIXES = (("", "_DN"), ("ANOM_", ""), ("BADLOG_", ""))


def packed_copy(path: Path, folder: Path) -> Path:
    target = folder / f"{path.name}.gz"
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def half_and_score(recording: Recording) -> Scores:
    """Scores of a recording: half its values as the denoised ones, and every fifth row anomalous."""
    rows = recording.values[: len(recording.channels)]
    half = (rows / np.float32(2)).astype(np.float32)
    count = recording.axis.size if recording.kind == "logs" else len(rows)
    score = (np.arange(count) % 5 == 0).astype(np.float32) / np.float32(3)
    each = np.where(np.isnan(rows), np.nan, score[None, :]) if recording.kind == "logs" else score[:, None]
    return Scores(
        kind=recording.kind,
        score=score,
        threshold=0.1,
        reason=tuple("spike" if value > 0.1 else "" for value in score),
        channels=recording.names,
        raw=rows,
        denoised=half,
        channel_score=each.astype(np.float32),
    )


def findings_of(path: Path) -> tuple[Finding, ...]:
    try:
        return read(path).findings
    except UnreadableFileError as error:
        return error.findings


@pytest.mark.parametrize("name", FILES)
def test_findings_say_what_where_and_what_to_do(name: str):
    for finding in findings_of(path_of(name)):
        assert all(finding.to_dict().values()), finding
        assert finding.code == finding.code.lower().replace(" ", "-")


@pytest.mark.parametrize("name", READ)
def test_a_file_gives_a_recording_as_it_should_be(name: str):
    result = read(path_of(name))
    assert "error" not in {finding.severity for finding in result.findings}
    form = find_format(name)
    assert form is not None
    assert result.kind == form.kind
    assert result.source.sha256 == sha256_file(path_of(name))
    assert result.name
    canonical = [channel for channel in result.channels if channel.name in CANONICAL]
    assert [channel.unit for channel in canonical] == [CANONICAL[channel.name].unit for channel in canonical]
    assert result.channels[: len(canonical)] == tuple(canonical)
    for mask in assess(result).flags.values():
        assert mask.shape == (len(result.channels), result.axis.size if result.kind == "logs" else 1)


@with_field_data
@pytest.mark.parametrize(("name", "code"), REFUSED.items())
def test_files_that_hold_no_recording(name: str, code: str):
    with pytest.raises(UnreadableFileError) as caught:
        read(path_of(name))
    assert code in {finding.code for finding in caught.value.findings}


@pytest.mark.parametrize("name", FORCE)
def test_field_wells_agree_with_lasio_and_are_mostly_good(name: str):
    well = read(path_of(name))
    las = lasio.read(io.StringIO((path_of(name)).read_text()), mnemonic_case="preserve")
    np.testing.assert_array_equal(well.axis, las["DEPT"])
    for channel in well.channels:
        np.testing.assert_array_equal(well.channel(channel.name), las[channel.headers["mnemonic"]].astype(np.float32))
    assert {"GR", "RHOB", "NPHI", "DTC", "RDEP"} <= set(well.names)
    outside = assess(well).flags["range"]
    for curve in ("GR", "RHOB", "NPHI", "DTC", "RDEP"):
        row = well.names.index(curve)
        assert outside[row].sum() <= 0.005 * np.isfinite(well.values[row]).sum(), curve


def factor_of(channel: Channel, findings: tuple[Finding, ...]) -> float | None:
    """Factor to the canonical unit: of the unit that the file states, or of the one that a finding says was taken."""
    for finding in findings:
        taken = re.search(r"multiplied by ([-\d.e+]*\d)", finding.remedy)
        if taken and finding.code in GUESSED_UNIT and finding.where == f"curve {channel.headers['mnemonic']}":
            return float(taken[1])
    return unit_factor(channel.headers["original_unit"], channel.unit)


def by_lasio(path: Path, codec: str) -> lasio.LASFile | None:
    """lasio's reading of a file that it can decode and read."""
    try:
        return lasio.read(io.StringIO(path.read_text(encoding=codec)), mnemonic_case="preserve")
    except (ValueError, TypeError, KeyError):
        return None


@pytest.mark.parametrize("name", READ_LAS)
def test_a_value_is_lasio_s_or_missing_with_a_finding_that_says_why(name: str):
    well = read(path_of(name))
    theirs = by_lasio(path_of(name), well.headers["encoding"])
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
            told = codes & {"depth-missing", "depth-repeated", "several-data-sections", "other-section"}
            assert told or name in LASIO_FAILS, channel.name
            continue
        factor = factor_of(channel, well.findings) if channel.name in CANONICAL else 1.0
        expected = (column * (factor or 1.0)).astype(np.float32)
        ours = well.channel(channel.name)
        same = (ours == expected) | (np.isnan(ours) & np.isnan(expected))
        parted = np.isnan(expected) if "run-on" in codes else np.zeros(len(ours), dtype=bool)
        assert np.isnan(ours[~same & ~parted]).all(), channel.name
        assert same.all() or codes & (MADE_MISSING | {"run-on"}), channel.name


@with_field_data
def test_numbers_that_lasio_drops_are_read_where_the_columns_end():
    """`7.020101130.188` and `7.345116238.453` among columns of ten characters; lasio gives NaN for all four numbers."""
    well = read(FIELD_DATA / "las/lasio_null_policy_runon.las")
    np.testing.assert_array_equal(well.channel("C04"), np.float32([7.682, 7.345, 7.33, 7.02, 9.207]))
    np.testing.assert_array_equal(
        well.channel("C05"), np.float32([4182.679, 116238.453, -19508.961, 101130.188, 4648.011])
    )


@pytest.mark.parametrize("name", READ_LINES)
def test_samples_agree_with_segyio(name: str):
    result = read(path_of(name))
    with segyio.open(path_of(name), ignore_geometry=True, endian=result.headers["endian"]) as file:
        np.testing.assert_array_equal(result.values, file.trace.raw[:].astype(np.float32))
        np.testing.assert_allclose(result.axis, file.samples * 1e-3, atol=1e-6)


@pytest.mark.parametrize("name", READ_LINES)
def test_trace_headers_agree_with_segyio(name: str):
    result = read(path_of(name))
    places = result.headers["positions"]
    assert places == HeaderPositions().model_dump() or "line-positions" in {f.code for f in result.findings}
    with segyio.open(path_of(name), ignore_geometry=True, endian=result.headers["endian"]) as file:
        scalar = file.attributes(segyio.TraceField.SourceGroupScalar)[:].astype(float)
        factor = np.where(scalar < 0, -1 / np.where(scalar == 0, 1, scalar), np.where(scalar == 0, 1, scalar))
        for field in ("inline", "crossline", "cdp_x", "cdp_y"):
            expected = file.attributes(places[field])[:] * (factor if field.startswith("cdp") else 1)
            np.testing.assert_allclose([channel.headers[field] for channel in result.channels], expected, rtol=1e-12)
        offsets = file.attributes(segyio.TraceField.offset)[:]
        assert [channel.headers["offset"] for channel in result.channels] == offsets.tolist()


@pytest.mark.parametrize("name", READ_LINES)
def test_blocks_agree_with_the_whole(name: str):
    whole, blocks = read(path_of(name)), list(read_segy_blocks(path_of(name), traces=7))
    np.testing.assert_array_equal(np.concatenate([block.values for block in blocks]), whole.values)
    assert tuple(channel for block in blocks for channel in block.channels) == whole.channels


@pytest.mark.parametrize("name", [name for name in READ_LAS if name not in FORCE[2:]])
def test_a_flagged_copy_keeps_every_original_value(name: str, tmp_path: Path):
    well = read(path_of(name))
    score = np.linspace(0, 1, well.axis.size, dtype=np.float32)
    target = tmp_path / "flagged.las"
    write_flagged_las(path_of(name), target, [AddedCurve("ANOM_GR", "", "score", score)], well, "history")
    copy = read(target)
    np.testing.assert_array_equal(copy.axis, well.axis)
    np.testing.assert_array_equal(copy.channel("ANOM_GR"), score)
    for channel in well.names:
        np.testing.assert_array_equal(copy.channel(channel), well.channel(channel))


@with_field_data
@pytest.mark.parametrize("name", [*FORCE[:2], "las/nlog_F03-02.las", "las/nlog_L0507_comp.las"])
def test_other_readers_find_the_originals_untouched_in_a_flagged_copy(name: str, tmp_path: Path):
    well = read(path_of(name))
    score = np.linspace(0, 1, well.axis.size, dtype=np.float32)
    target = tmp_path / "flagged.las"
    write_flagged_las(path_of(name), target, [AddedCurve("ANOM_GR", "", "score", score)], well, "history")
    before, after = (by_lasio(path, "utf-8") for path in (path_of(name), target))
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
    line = read(path_of(name))
    target = tmp_path / "denoised.sgy"
    write_denoised_segy(path_of(name), target, line.values.copy(), "history")
    assert target.read_bytes()[3200:] == (path_of(name)).read_bytes()[3200:]
    half = (line.values / np.float32(2)).astype(np.float32)
    write_denoised_segy(path_of(name), target, half, "history")
    copy = read(target)
    tolerance = 0.5 if line.headers["format"] not in (1, 5, 6) else 0.0
    np.testing.assert_allclose(copy.values, half, rtol=1e-6, atol=tolerance)
    assert [dict(channel.headers) for channel in copy.channels] == [dict(channel.headers) for channel in line.channels]
