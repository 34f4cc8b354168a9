"""Line sections that adjoin are one panel; each is still judged by itself."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from aemodels.core.types import Channel, FloatArray, LineRange, Recording, Section, Source
from aemodels.detect.base import Detector, FaultScores
from aemodels.detect.thresholds import Quantile
from aemodels.evaluate.denoising.compare import denoising_table
from aemodels.evaluate.detection.faulty_copies import FaultyCopy, score_copies, section_scores
from aemodels.noise import Gaussian
from aemodels.signal.adjoining_sections import denoise_adjoining, join_adjoining, normalise_adjoining
from aemodels.signal.normalise import TraceNormaliser


def line(traces: int = 12, samples: int = 20, *, sha: str = "a" * 64) -> Recording:
    """Traces that grow louder along the line."""
    rng = np.random.default_rng(3)
    values = (rng.normal(size=(traces, samples)) * np.arange(1, traces + 1)[:, None]).astype(np.float32)
    channels = tuple(Channel(f"trace {n}", "amplitude", {"trace": n}) for n in range(traces))
    return Recording(values, np.arange(samples) * 0.004, channels, "seismic", Source("line.sgy", sha), "line")


def cut(recording: Recording, *ranges: tuple[int, int]) -> list[Recording]:
    return [recording.select(slice(a, b), f"{recording.name}[{a}:{b}]") for a, b in ranges]


class Neighbours:
    """Every trace becomes the mean of itself and the next one: what it is given beside a trace matters."""

    def denoise(self, section: Section) -> FloatArray:
        padded = np.pad(section.values, ((0, 1), (0, 0)), mode="edge")
        return (padded[:-1] + padded[1:]) / 2

    def arrays(self) -> dict[str, np.ndarray]:
        return {}


class Counting:
    """Scores a trace by the number of traces that are beside it."""

    def score(self, section: Section) -> FloatArray:
        return np.full((len(section.values), 1), len(section.values), dtype=np.float32)

    def arrays(self) -> dict[str, np.ndarray]:
        return {}


def test_a_recording_knows_its_part_of_the_line():
    found = line().select(slice(3, 7)).line_range
    assert found == LineRange("a" * 64, 3, 7)
    assert dataclasses.replace(line(), channels=line().channels[::-1]).line_range is None
    assert dataclasses.replace(line(), kind="logs").line_range is None


def test_adjoining_sections_are_denoised_as_the_whole_line():
    sections = normalise_adjoining(TraceNormaliser(), cut(line(), (0, 5), (5, 9), (9, 12)))
    whole = TraceNormaliser().apply(line())
    found = denoise_adjoining(Neighbours(), sections)
    assert [len(part) for part in found] == [5, 4, 3]
    np.testing.assert_array_equal(np.concatenate(found), Neighbours().denoise(whole))


@pytest.mark.parametrize(
    "recordings",
    [
        cut(line(), (0, 5), (6, 12)),
        cut(line(), (6, 12), (0, 6)),
        [line(6), *cut(line(12, sha="b" * 64), (6, 12))],
    ],
    ids=["a gap between", "the other way round", "two lines"],
)
def test_what_does_not_adjoin_is_left_apart(recordings):
    sections = normalise_adjoining(TraceNormaliser(), recordings)
    panels = list(join_adjoining(sections))
    assert [panel for panel, _ in panels] == list(sections)
    assert [rows for _, (rows,) in panels] == [slice(0, len(section.values)) for section in sections]


def test_adjoining_sections_share_an_amplitude_and_others_do_not():
    first, second, apart = normalise_adjoining(TraceNormaliser(), cut(line(), (0, 4), (4, 8), (9, 12)))
    assert first.scale[0] == second.scale[0] < apart.scale[0]
    assert first.scale[0] == TraceNormaliser().apply(line(8)).scale[0]


def test_adjoining_sections_are_scored_as_one_panel():
    sections = normalise_adjoining(TraceNormaliser(), cut(line(), (0, 4), (4, 8), (9, 12)))
    detector: Detector = Counting()
    assert [rows.tolist() for rows in section_scores(detector, sections, "seismic")] == [[8] * 4, [8] * 4, [3] * 3]


def test_copies_that_adjoin_are_scored_as_one_panel_with_their_own_reasons():
    class Explaining(Counting):
        def fault_scores(self, section: Section) -> FaultScores:
            return FaultScores(("dead",), np.arange(len(section.values), dtype=np.float32)[None])

    recordings = cut(line(), (0, 4), (4, 9))
    sections = normalise_adjoining(TraceNormaliser(), recordings)
    copies = [
        FaultyCopy(recording.name, recording, section, *np.zeros((2, len(section.values)), np.bool_), ())
        for recording, section in zip(recordings, sections, strict=True)
    ] * 2
    found = score_copies(Explaining(), copies, "seismic", threshold=Quantile(), explain=True)
    assert [item.faulty_copy for item in found] == copies
    assert [item.rows.tolist() for item in found] == [[9] * 4, [9] * 5] * 2
    told = [item.fault_scores.score[0].tolist() for item in found if item.fault_scores]
    assert told == [[0, 1, 2, 3], [4, 5, 6, 7, 8]] * 2


def test_sections_that_adjoin_share_their_noise_and_are_evaluated_separately():
    """Traces grow louder along the line: 0 dB of the whole is far below 0 dB of its quiet end."""
    sections = normalise_adjoining(TraceNormaliser(), cut(line(), (0, 4), (4, 8), (8, 12)))
    conditions = {"0 dB": [Gaussian(snr_db=0.0)]}
    table = denoising_table({"n": Neighbours()}, sections, conditions, channels=(), seed=1)
    assert table["section"].tolist() == [section.name for section in sections]
    noise = table["mse_noisy"].to_numpy()
    whole = np.mean([np.mean(section.values**2) for section in sections])
    np.testing.assert_allclose(noise, whole, rtol=0.5)
    assert np.mean(sections[0].values ** 2) < whole / 5
