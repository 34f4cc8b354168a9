"""Diagnostics besides the gains: every table is compared with an analytic answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import uniform_filter1d

from aemodels.evaluate.denoising.compare import denoising_table
from aemodels.evaluate.denoising.gaps import gap_lengths, gap_table, summarise_gaps
from aemodels.evaluate.denoising.interval_coverage import coverage_table, summarise_coverage
from aemodels.evaluate.denoising.noise2self import mask_samples, noise2self_table, summarise_noise2self
from aemodels.evaluate.denoising.paired import paired_table
from aemodels.evaluate.denoising.signal_distortion import signal_distortion_table, summarise_signal_distortion
from aemodels.evaluate.denoising.thin_bed_response import plant_beds, plant_events, thin_bed_table
from aemodels.noise import Dropout, Gaussian
from helpers.recordings import make_section


class Function:
    """A denoiser made of a function of the section."""

    def __init__(self, function) -> None:
        self.function = function

    def denoise(self, section):
        return np.asarray(self.function(section), dtype=np.float32)

    def arrays(self):
        return {}


class Sure(Function):
    """A denoiser that claims a normal error with standard deviation 0.1."""

    def half_widths(self, section):
        return np.stack([np.full(section.values.shape, 0.1 * z, dtype=np.float32) for z in (0.9945, 1.96)])


NOTHING = Function(lambda section: section.values)
ZERO = Function(lambda section: 0 * section.values)


def _noise(sigma: float, channels: int = 2, samples: int = 5000, name: str = "n"):
    return make_section(np.random.default_rng(0).normal(0, sigma, (channels, samples)), name=name)


def test_signal_distortion_is_the_change_over_the_noise():
    table = signal_distortion_table({"nothing": NOTHING, "zero": ZERO}, [_noise(0.1)], channels=("GR", "DTC"))
    ratio = table.set_index(["contender", "channel"])["ratio"]
    assert ratio["nothing", "GR"] == 0
    assert ratio["zero", "GR"] == pytest.approx(1.0, rel=0.05)
    assert summarise_signal_distortion(table)["contender"].tolist() == ["nothing", "zero"]


def test_signal_distortion_of_traces_is_pooled_and_of_a_noise_free_curve_infinite():
    table = signal_distortion_table({"zero": ZERO}, [_noise(0.1)], channels=())
    assert table["channel"].tolist() == ["all"]
    ramp = make_section(np.linspace(1, 2, 50)[None])
    assert signal_distortion_table({"zero": ZERO}, [ramp], channels=("GR",))["ratio"].tolist() == [np.inf]


def _gains(**gains: list[float]) -> pd.DataFrame:
    rows = [
        {"condition": "c", "section": f"w{n}", "channel": "all", "contender": name, "gain_db": gain}
        for name, values in gains.items()
        for n, gain in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_paired_differences_have_students_interval():
    row = paired_table(_gains(a=[5.0, 9.0, 7.0], b=[4.0, 7.0, 4.0])).iloc[0]
    assert (row["winner"], row["opponent"], row["ahead"], row["sections"]) == ("a", "b", 3, 3)
    assert row["mean_db"] == pytest.approx(2.0)
    half = 4.302653 * 1.0 / np.sqrt(3)  # Student's t with two degrees of freedom, standard deviation 1
    assert row["high_db"] - row["mean_db"] == pytest.approx(half, rel=1e-5)


def test_one_section_has_a_difference_and_no_interval():
    row = paired_table(_gains(a=[5.0], b=[4.0])).iloc[0]
    assert row["mean_db"] == 1.0
    assert np.isnan(row["low_db"])


def test_the_winner_of_every_condition_is_its_own():
    table = pd.concat([_gains(a=[2.0, 2.0], b=[1.0, 1.0]), _gains(a=[1.0, 1.0], b=[2.0, 2.5]).assign(condition="d")])
    assert paired_table(table).set_index("condition")["winner"].to_dict() == {"c": "a", "d": "b"}


@pytest.mark.parametrize("sigma", [0.1, 0.3])
def test_noise2self_gain_agrees_with_the_true_gain_if_the_truth_is_known(sigma):
    rng = np.random.default_rng(0)
    truth = uniform_filter1d(np.cumsum(rng.normal(0, 0.05, (2, 60_000)), axis=1), 15, axis=1)
    noisy = make_section(truth + rng.normal(0, sigma, truth.shape))

    def around(section):  # the mean of the eight samples around, never the sample itself
        total = uniform_filter1d(section.values, 9, axis=1) * 9
        return (total - section.values) / 8

    row = noise2self_table({"mean": Function(around)}, [noisy], channels=(), seed=1).iloc[0]
    hidden, lost = mask_samples(noisy, np.random.default_rng(5))
    error = np.mean((around(hidden) - truth)[lost] ** 2)
    best = (error * sigma**2) / (error + sigma**2)
    assert row["gain_db"] == pytest.approx(10 * np.log10(sigma**2 / best), abs=0.5)
    assert row["noise_sigma"] == pytest.approx(sigma, rel=0.05)


def test_masked_samples_cannot_be_seen():
    noisy = _noise(1.0, samples=400)
    hidden, lost = mask_samples(noisy, np.random.default_rng(0))
    assert lost.mean() == pytest.approx(0.1, abs=0.01)
    assert not (hidden.mask & lost).any()
    changed = make_section(np.where(lost, 99.0, noisy.values))
    again, _ = mask_samples(changed, np.random.default_rng(0))
    np.testing.assert_array_equal(again.values, hidden.values)


def test_a_better_denoiser_has_the_lower_noise2self_loss():
    rng = np.random.default_rng(0)
    noisy = make_section(np.sin(np.linspace(0, 60, 6000))[None] + rng.normal(0, 0.2, (1, 6000)))
    good = Function(lambda section: uniform_filter1d(section.values, 15, axis=1))
    table = noise2self_table({"nothing": NOTHING, "good": good}, [noisy], channels=("GR",), seed=1)
    summary = summarise_noise2self(table)
    assert summary["contender"].tolist() == ["good", "nothing"]
    assert set(table["channel"]) == {"all", "GR"}


def test_gaps_are_sorted_by_their_length():
    mask = np.array([[True, False, False, True, False, True, False]])
    assert gap_lengths(mask).tolist() == [[0, 2, 2, 0, 1, 0, 1]]
    rng = np.random.default_rng(0)
    truth = np.cumsum(rng.normal(0, 0.1, (2, 8000)), axis=1)
    section = make_section(truth)
    table = gap_table({"linear": NOTHING, "truth": Function(lambda _: truth + 1e-3)}, [section], seed=1)
    linear = table[table["contender"] == "linear"]
    assert linear["gain_db"].abs().max() == 0
    assert linear["mse"].iloc[3] > 3 * linear["mse"].iloc[1]  # a random walk strays further in 15 samples than in 4
    assert summarise_gaps(table)["gap"].tolist()[:4] == ["1-2", "3-5", "6-10", "11-20"]


def test_a_gap_condition_is_scored_at_the_lost_samples_alone():
    section = make_section(np.sin(np.linspace(0, 90, 4000))[None])
    table = denoising_table(
        {"linear": NOTHING, "wrong": Function(lambda s: s.values + s.mask)},
        [section],
        {"gaps": [Dropout(share=0.05, length=20)]},
        channels=(),
        seed=1,
    )
    assert table["gain_db"].tolist() == [0.0, 0.0]  # what happens to observed samples does not count


def test_doing_nothing_retains_every_bed_and_halving_retains_half():
    section = _noise(0.05, channels=3, samples=3000)
    half = Function(lambda s: 0.5 * s.values)
    for kind, beds in (
        ("logs", {"2 samples", "4 samples", "8 samples", "step"}),
        ("seismic", {"2 traces", "all traces"}),
    ):
        table = thin_bed_table({"nothing": NOTHING, "half": half}, [section], kind=kind, seed=1)
        assert beds <= set(table["event"]) | {"all traces", "2 traces"}
        kept = table.groupby("contender")["amplitude_retained"].agg(["min", "max"])
        np.testing.assert_allclose(kept.loc["nothing"], 1.0, atol=1e-5)
        np.testing.assert_allclose(kept.loc["half"], 0.5, atol=1e-5)
        assert (table["events"] > 0).all()


def test_a_running_mean_retains_the_analytic_share_of_a_bed():
    mean = Function(lambda s: uniform_filter1d(s.values, 5, axis=1, mode="nearest"))
    table = thin_bed_table({"mean": mean}, [make_section(np.full((2, 4000), 0.5))], kind="logs", seed=1)
    kept = table[table["noise"] == 0].set_index("event")["amplitude_retained"]
    # of a bed of 2, each sample's window of 5 holds 2: two fifths; of 4, the samples see 3, 4, 4, 3
    assert kept["2 samples"] == pytest.approx(2 / 5, abs=1e-5)
    assert kept["4 samples"] == pytest.approx((3 + 4 + 4 + 3) / 20, abs=1e-5)
    # across a step, the two samples behind it see 3 and 4 of 5, the two before it 1 and 2
    assert kept["step"] == pytest.approx((3 + 4 - 1 - 2) / 10, abs=1e-5)


def test_beds_are_planted_where_the_curve_is_observed():
    section = _noise(0.1, channels=2, samples=3000)
    mask = np.ones(section.mask.shape, dtype=bool)
    mask[0] = False
    _, beds = plant_beds(make_section(section.values, mask))
    assert {bed.channel for bed in beds} == {1}
    added, events = plant_events(_noise(0.1, channels=40, samples=200))
    assert {event.kind for event in events} == {"2 traces", "4 traces", "8 traces", "all traces"}
    assert events[0].amplitude_retained(added) == pytest.approx(1.0)


def test_coverage_of_intervals_is_measured_on_the_errors():
    section = make_section(np.zeros((2, 20_000)))
    table = coverage_table(
        {"sure": Sure(lambda s: s.values), "without": NOTHING},
        [section],
        {"0.1": [Gaussian(factor=0.1)], "0.2": [Gaussian(factor=0.2)]},
        seed=1,
    )
    assert set(table["contender"]) == {"sure"}
    coverage = summarise_coverage(table).set_index(["condition", "nominal"])["coverage"]
    assert coverage["0.1", 0.68] == pytest.approx(0.68, abs=0.01)
    assert coverage["0.1", 0.95] == pytest.approx(0.95, abs=0.01)
    assert coverage["0.2", 0.95] == pytest.approx(0.67, abs=0.02)  # half as wide as needed
