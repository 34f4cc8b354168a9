"""The search for similar intervals, with intervals planted in wells."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aemodels.core.errors import DataError
from aemodels.core.interfaces import FitContext
from aemodels.denoisers.linear.pca import Pca
from aemodels.latent.embed import encoder_of
from aemodels.latent.similar_intervals import QueryInterval, find_similar
from aemodels.signal.resample import median_step, resample
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section, make_well


def wiggle(seed: int, samples: int = 1500, channels: int = 3) -> np.ndarray:
    """Draw smooth random curves."""
    noise = np.random.default_rng(seed).normal(size=(channels, samples + 20))
    return np.stack([np.convolve(row, np.hanning(21), mode="valid") for row in noise])[:, :samples] / 4


def free(section) -> np.ndarray:
    return np.zeros(section.values.shape[1], dtype=bool)


def model_of(length: int = 32):
    spec = Pca(window=WindowSpec(length=length, stride=length // 2, width=0), stride=4, latent=12)
    return encoder_of(
        spec.fit([make_section(wiggle(seed)) for seed in range(90, 94)], [], FitContext("logs", 0)).denoiser
    )


@pytest.fixture(scope="module")
def model():
    return model_of()


def planted(samples: int):
    """A well with an interval, the same interval with a little noise in another well, and a third well without it."""
    own, other = wiggle(1), wiggle(2)
    other[:, 701 : 701 + samples] = own[:, 300 : 300 + samples]
    other += np.random.default_rng(0).normal(0, 0.02, other.shape)
    sections = [make_section(values, name=f"W-{n}") for n, values in enumerate((own, other, wiggle(3)))]
    return QueryInterval(sections[0], 300, 300 + samples), sections


@pytest.mark.parametrize(("samples", "ahead"), [(20, 0.8), (32, 0.6), (100, 0.6), (333, 0.6)])
def test_a_planted_repeat_is_found_first(model, samples, ahead):
    """Shorter than a window it is embedded with different surroundings, and its lead is smaller."""
    interval, sections = planted(samples)
    excluded = free(sections[0])
    excluded[300 : 300 + samples] = True
    search = find_similar(model, interval, [(sections[0], excluded), *((s, free(s)) for s in sections[1:])], top=5)
    best, second = search.matches[:2]
    assert best.well == 1
    assert abs(best.start - 701) <= 2, "to within the step of the search"
    assert best.stop - best.start == samples
    assert best.distance < ahead * second.distance
    assert best.distance < search.median_distance


def test_the_query_itself_has_distance_zero_unless_it_is_excluded(model):
    interval, sections = planted(96)
    own = sections[0]
    found = find_similar(model, interval, [(own, free(own))], top=1).matches[0]
    assert (found.start, found.distance) == (300, pytest.approx(0.0, abs=1e-5))
    excluded = free(own)
    excluded[300:396] = True
    others = find_similar(model, interval, [(own, excluded)], top=20).matches
    assert all(match.stop <= 300 or match.start >= 396 for match in others)


def test_the_order_of_beds_matters(model):
    """Two beds in reverse order have the same mean but a different sequence."""
    rng = np.random.default_rng(0)
    base = 0.05 * rng.normal(size=(3, 1500))
    step = np.repeat([1.0, 2.0], 60)
    base[:, 200:320] += step
    base[:, 600:720] += step[::-1]
    base[:, 1000:1120] += step
    section = make_section(base)
    excluded = free(section)
    excluded[200:320] = True
    best = find_similar(model, QueryInterval(section, 200, 320), [(section, excluded)], top=1).matches[0]
    assert abs(best.start - 1000) <= 2


def test_a_well_that_lacks_a_curve_is_compared_by_the_other_curves(model):
    interval, sections = planted(120)
    mask = np.ones(sections[1].values.shape, dtype=bool)
    mask[2] = False
    values = sections[1].values.copy()
    values[2] = 0.5
    without = make_section(values, mask)
    search = find_similar(model, interval, [(without, free(without))], top=1)
    assert search.compared == ((0, 1),)
    assert abs(search.matches[0].start - 701) <= 2
    mask = mask.copy()
    mask[1] = False
    poor = make_section(values, mask)
    assert find_similar(model, interval, [(poor, free(poor))], top=1).compared == ((),), "one curve of three is too few"


def test_unobserved_intervals_are_not_matched(model):
    interval, sections = planted(120)
    mask = np.ones(sections[1].values.shape, dtype=bool)
    mask[:, 690:800] = False
    hidden = make_section(sections[1].values, mask)
    for match in find_similar(model, interval, [(hidden, free(hidden))], top=20).matches:
        assert mask[:, match.start : match.stop].mean() >= 0.8


def test_an_interval_without_a_curve_is_refused(model):
    section = make_section(wiggle(0), np.zeros((3, 1500), dtype=bool))
    with pytest.raises(DataError, match="no curve is observed"):
        find_similar(model, QueryInterval(section, 10, 60), [(section, free(section))], top=1)


def test_a_well_shorter_than_the_interval_has_no_match(model):
    interval, _ = planted(200)
    short = make_section(wiggle(5, samples=120))
    assert find_similar(model, interval, [(short, free(short))], top=3).matches == ()


@given(start=st.integers(0, 1400), samples=st.integers(4, 100), top=st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_matches_are_sorted_do_not_overlap_and_lie_inside_the_well(start, samples, top):
    section = make_section(wiggle(7))
    found = find_similar(
        MODEL, QueryInterval(section, start, start + samples), [(section, free(section))], top=top
    ).matches
    assert len(found) <= top
    assert [match.distance for match in found] == sorted(match.distance for match in found)
    spans = sorted((match.start, match.stop) for match in found)
    assert all(first >= 0 and last <= 1500 and last - first == samples for first, last in spans)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))


MODEL = model_of()


def test_another_step_is_resampled_and_an_equal_one_is_kept():
    well = make_well(samples=400)
    assert resample(well, 0.1524) is well
    assert resample(well, 0.152) is well, "the step of one field in metres and in feet"
    ramp = well.with_values(np.tile(well.axis.astype(np.float32), (5, 1)))
    coarse = resample(ramp, 0.5)
    assert median_step(coarse.axis) == pytest.approx(0.5)
    np.testing.assert_allclose(coarse.values[0], coarse.axis, rtol=1e-6)
    holed = ramp.values.copy()
    holed[0, 100] = np.nan
    fine = resample(ramp.with_values(holed), 0.05)
    gap = np.abs(fine.axis - well.axis[100]) < 0.1524 - 1e-9
    assert np.isnan(fine.values[0, gap]).all()
    assert np.isfinite(fine.values[0, ~gap]).all()
