"""Scoring block by block is scoring at once."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.large_lines import check_segy_blocks, score_segy_blocks, window_grid
from aemodels.bundle.line_survey import merge_findings, survey_line
from aemodels.core.errors import DataError
from aemodels.core.findings import Finding
from aemodels.core.spec import Spec
from aemodels.core.types import Recording
from aemodels.detect.base import DetectContext
from aemodels.evaluate.detection.compare import compare_detectors
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io import read_segy, read_segy_blocks, write_segy
from aemodels.signal.quality_rules import assess
from aemodels.study import steps
from helpers.paths import ROOT
from helpers.recordings import make_line

SPEC = """
name: tiny-seismic
kind: seismic
minimum_samples: 100
normalise: {kind: recording_rms}
default: unet
contenders:
  - name: unet
    model:
      kind: unet
      rank: 2
      widths: [4, 8]
      kernel: 3
      window: {length: 32, stride: 16, width: 8, width_stride: 4, blend: hann}
      training: {epochs: 1, batch: 32, stride: 16, weight_by_sigma: true, noise: [{kind: gaussian, factor: 0.2}]}
  - {name: pca, model: {kind: pca, latent: 5, window: {length: 20, stride: 5, width: 1}}}
  - {name: pca_wiener, model: {kind: pca_wiener, window: {length: 16, stride: 4, width: 6, width_stride: 3}, stride: 4}}
  - {name: gaussian_filter, model: {kind: gaussian_filter}}
  - {name: wavelet, model: {kind: wavelet}}
test_conditions: [{name: noise 0.1, noise: [{kind: gaussian, factor: 0.1}]}]
tuning: [[{kind: gaussian, snr_db: 15.0}], [{kind: gaussian, snr_db: 3.0}]]
anomalies:
  fraction: 0.3
  threshold: quantile
  faults: [{kind: reversed}, {kind: noisy}]
  detectors:
    - {name: residual, model: {kind: reconstruction, contender: unet}}
    - {name: pca_error, model: {kind: pca_reconstruction, model: {window: {length: 32, stride: 8, width: 1}}}}
    - {name: forest, model: {kind: isolation_forest, trees: 20, rows: 1000}}
  thresholds: [{kind: quantile}]
"""
DENOISERS = ("unet", "pca", "pca_wiener", "gaussian_filter", "wavelet")
DETECTORS = ("residual", "pca_error", "forest")


@pytest.fixture(scope="module")
def parts() -> tuple[Bundle, dict[str, object]]:
    """A bundle, and detectors by name to put into it."""
    spec = ExperimentSpec.model_validate(yaml.safe_load(SPEC))
    prepared = steps.prepare(spec, [make_line(traces=120)])
    fitted = {c.name: steps.fit_contender(spec, c.name, prepared) for c in spec.contenders}
    denoisers = {name: fit.denoiser for name, fit in fitted.items()}
    found = compare_detectors(spec, prepared, denoisers)
    bundle = steps.assemble(spec, prepared, fitted, found)
    context = DetectContext(kind="seismic", seed=1, denoisers=denoisers)
    train = prepared.train
    return bundle, {d: spec.detector(d).model.fit(train, context) for d in DETECTORS}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A line of 203 traces whose amplitude and noise drift, with a dead, an absurd, a clipped and a damaged trace."""
    rng = np.random.default_rng(3)
    line = make_line(traces=203, samples=96, seed=4)
    values = line.values * np.geomspace(1, 300, 203)[:, None]
    values += rng.normal(0, 1, values.shape) * np.geomspace(20, 0.01, 203)[:, None]
    values[40], values[90], values[150, 20:60] = 0, values[90] * 1e9, 1e5
    values[77, 5] = np.nan
    target = tmp_path_factory.mktemp("line") / "line.sgy"
    write_segy(line.with_values(values.astype(np.float32)), target)
    return target


def with_parts(parts: tuple[Bundle, dict[str, object]], denoiser: str, detector: str) -> Bundle:
    bundle, detectors = parts
    return dataclasses.replace(
        bundle,
        spec=bundle.spec.model_copy(update={"default": denoiser}),
        denoiser=bundle.contenders[denoiser],
        detector_name=detector,
        detector=detectors[detector],
    )


@pytest.mark.parametrize("traces", [16, 40, 1000])
@pytest.mark.parametrize(
    ("denoiser", "detector"),
    [*((name, "residual") for name in DENOISERS), ("unet", "pca_error"), ("unet", "forest"), ("pca_wiener", "forest")],
)
def test_blocks_score_as_the_whole(parts, path: Path, denoiser: str, detector: str, traces: int):
    bundle = with_parts(parts, denoiser, detector)
    whole = bundle.score(read_segy(path))
    blocks = list(score_segy_blocks(path, bundle, traces=traces))
    assert len(blocks) == 1 if traces == 1000 else len(blocks) > 3
    np.testing.assert_allclose(np.concatenate([b.scores.score for b in blocks]), whole.score, rtol=1e-4)
    peak = np.nanmax(np.abs(whole.denoised), axis=1, keepdims=True) + 1e-30
    denoised = np.concatenate([block.scores.denoised for block in blocks])
    np.testing.assert_allclose(denoised / peak, whole.denoised / peak, atol=1e-4)
    assert tuple(reason for block in blocks for reason in block.scores.reason) == whole.reason
    assert tuple(name for block in blocks for name in block.recording.names) == tuple(f"trace {n}" for n in range(203))
    assert {block.scores.threshold for block in blocks} == {whole.threshold}


def test_without_the_survey_of_the_line_scores_differ(parts, path: Path):
    """The survey is needed: scaling each block by its own amplitude gives other scores."""
    bundle = with_parts(parts, "gaussian_filter", "forest")
    whole = bundle.score(read_segy(path)).score
    alone = np.concatenate([bundle.score(block).score for block in read_segy_blocks(path, traces=40)])
    assert not np.allclose(alone, whole, rtol=1e-2)


def test_a_survey_is_the_same_for_any_blocks(path: Path):
    one, many = (survey_line(read_segy_blocks(path, traces=traces)) for traces in (1000, 17))
    assert dataclasses.replace(one, findings=()) == dataclasses.replace(many, findings=())
    assert {f.code for f in one.findings} == {f.code for f in many.findings} == {"not-finite"}


@pytest.mark.parametrize("traces", [None, 30])
def test_checking_blocks_finds_what_checking_the_whole_finds(path: Path, traces: int | None):
    whole = read_segy(path)
    survey, findings = check_segy_blocks(path, traces=traces)
    assert (survey.traces, survey.samples) == whole.values.shape
    assert findings == (*whole.findings, *assess(whole).findings)
    assert {f.code for f in findings} >= {"dead", "absurd", "clipped", "missing", "not-finite"}


def test_findings_of_many_blocks_are_listed_once():
    one = Finding("warning", "not-finite", "trace 3", "x", "y", "z")
    two = dataclasses.replace(one, where="trace 400 and 2 more")
    other = Finding("info", "precision", "samples", "x", "y", "z")
    assert merge_findings([other, one, two, other]) == (
        other,
        dataclasses.replace(one, where="trace 3, and 1 more blocks"),
    )


def test_blocks_lie_where_windows_and_levels_begin(parts):
    assert window_grid(parts[0]) == (2, 12)
    assert window_grid(with_parts(parts, "pca_wiener", "residual")) == (6, 12)


def test_a_filter_over_panels_gets_a_wide_margin(parts):
    """A kind that is not known to work trace by trace, also inside of another denoiser."""

    class PanelFilter(Spec):
        kind: str = "panel_filter"

    @dataclasses.dataclass(frozen=True)
    class Fitted:
        spec: PanelFilter

    @dataclasses.dataclass(frozen=True)
    class Guarded:
        inner: Fitted
        other: object

    panel = Guarded(Fitted(PanelFilter()), parts[0].contenders["pca_wiener"])
    assert window_grid(dataclasses.replace(parts[0], denoiser=panel)) == (240, 240)
    assert window_grid(with_parts(parts, "gaussian_filter", "forest")) == (1, 2)


def test_a_window_over_all_traces_cannot_be_cut(parts):
    pca = parts[0].contenders["pca"]
    window = pca.spec.window.model_copy(update={"width": 0})
    wide = dataclasses.replace(pca, spec=pca.spec.model_copy(update={"window": window}))
    with pytest.raises(DataError, match="width 0"):
        window_grid(dataclasses.replace(parts[0], denoiser=wide))


def test_a_line_shorter_than_a_window(parts, tmp_path: Path):
    line: Recording = make_line(traces=3, samples=20)
    write_segy(line, tmp_path / "short.sgy")
    (block,) = score_segy_blocks(tmp_path / "short.sgy", parts[0], traces=1000)
    np.testing.assert_allclose(block.scores.score, parts[0].score(read_segy(tmp_path / "short.sgy")).score, rtol=1e-4)


STREAM = """
import sys
from pathlib import Path
from aemodels.bundle.bundle import Bundle
from aemodels.io import write_denoised_blocks
from aemodels.bundle.large_lines import score_segy_blocks
source, target, bundle = Path(sys.argv[1]), Path(sys.argv[2]), Bundle.load(Path(sys.argv[3]))
rows = 0
def denoised():
    global rows
    for block in score_segy_blocks(source, bundle, traces=2000):
        rows += len(block.scores.score)
        yield block.scores.denoised
write_denoised_blocks(source, target, denoised(), "history")
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")), rows)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_memory_is_flat_while_scoring(parts, tmp_path: Path):
    """Scored and copied: 50 MB and 200 MB."""
    with_parts(parts, "gaussian_filter", "forest").save(tmp_path / "bundle")
    write_segy(make_line(traces=200, samples=440), tmp_path / "part.sgy")
    data = (tmp_path / "part.sgy").read_bytes()
    peaks = []
    for traces in (25_000, 100_000):
        with (tmp_path / "large.sgy").open("wb") as stream:
            stream.write(data[:3600])
            for _ in range(traces // 200):
                stream.write(data[3600:])
        done = subprocess.run(
            [sys.executable, "-c", STREAM, *(str(tmp_path / name) for name in ("large.sgy", "copy.sgy", "bundle"))],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        peak, rows = map(int, done.stdout.split())
        assert rows == traces
        assert (tmp_path / "copy.sgy").stat().st_size == (tmp_path / "large.sgy").stat().st_size
        peaks.append(peak)
    assert peaks[1] < 1.2 * peaks[0]
