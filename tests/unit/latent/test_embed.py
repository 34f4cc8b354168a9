"""Embeddings compared with the projection, with the encoder's output, and after decoding."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from aemodels.core.errors import DataError
from aemodels.core.interfaces import FitContext
from aemodels.core.types import Channel, Recording
from aemodels.curves.lithology import FORCE_CURVE, UNKNOWN, lithology
from aemodels.denoisers.filters_1d.median import Median
from aemodels.denoisers.guarded.guards import Calibration, GuardedDenoiser, GuardedParts, Guards
from aemodels.denoisers.linear.pca import Pca, PcaWiener
from aemodels.denoisers.networks.denoiser import NetworkDenoiser
from aemodels.denoisers.networks.dense import Dense
from aemodels.denoisers.networks.encoder_decoder import decode_embeddings
from aemodels.denoisers.networks.unet import UNet
from aemodels.latent.embed import decode, embed, encoder_of, keep_channels
from aemodels.latent.embedding_table import embedding_table
from aemodels.signal.normalise import CurvePercentiles
from aemodels.signal.windows import WindowSpec, cut
from helpers.recordings import make_line, make_section, make_well

CONTEXT = FitContext(kind="logs", seed=0)


def noise_section(channels: int = 2, samples: int = 300, seed: int = 0):
    return make_section(np.random.default_rng(seed).normal(size=(channels, samples)))


def untrained(spec: Dense | UNet, features: int) -> NetworkDenoiser:
    weights = tuple(spec.build(features).get_weights())
    return NetworkDenoiser(spec, weights, np.array([0.0, 1.0], dtype=np.float32), features)


def with_lithology(well: Recording, numbers: np.ndarray, name: str = "LITHOLOGY") -> Recording:
    values = np.concatenate([well.values, np.asarray(numbers, dtype=np.float32)[None]])
    return dataclasses.replace(well, values=values, channels=(*well.channels, Channel(name)))


def test_components_of_full_rank_reconstruct_the_windows():
    section = noise_section()
    window = WindowSpec(length=10, stride=5, width=0)
    model = encoder_of(Pca(window=window, stride=1, latent=20).fit([section], [], CONTEXT).denoiser)
    embeddings = embed(model, section)
    np.testing.assert_allclose(decode(model, embeddings.values), cut(section, window).values, atol=1e-4)
    assert embeddings.values.shape == (len(embeddings.origin), 20)


def test_a_finer_stride_gives_more_windows_and_the_same_embeddings_of_common_ones():
    section = noise_section()
    model = encoder_of(
        Pca(window=WindowSpec(length=20, stride=20, width=0), latent=5).fit([section], [], CONTEXT).denoiser
    )
    coarse, fine = embed(model, section), embed(model, section, stride=4)
    common = np.isin(fine.origin[:, 1], coarse.origin[:, 1])
    np.testing.assert_array_equal(fine.origin[common], coarse.origin)
    np.testing.assert_allclose(fine.values[common], coarse.values, atol=1e-5)


def test_the_embedding_of_a_network_is_its_encoders_output_and_decodes_to_its_output():
    section = noise_section(channels=3)
    denoiser = untrained(Dense(widths=(12,), latent=4, window=WindowSpec(length=30, stride=15, width=1)), 1)
    embeddings = embed(encoder_of(denoiser), section)
    windows = cut(section, denoiser.spec.window)
    inputs = denoiser.spec.inputs(windows.values, windows.mask, denoiser.affine)
    np.testing.assert_allclose(
        embeddings.values, np.asarray(denoiser.network.get_layer("encoder")(inputs[..., 0])), atol=1e-5
    )
    np.testing.assert_allclose(decode(denoiser, embeddings.values), np.asarray(denoiser.network(inputs)), atol=1e-5)


def test_embeddings_of_another_size_are_refused_with_both_sizes():
    denoiser = untrained(Dense(widths=(12,), latent=4, window=WindowSpec(length=30, stride=15, width=1)), 1)
    with pytest.raises(DataError, match=r"\(4,\).*\(7,\)"):
        decode_embeddings(denoiser, np.zeros((2, 7), dtype=np.float32))


def test_embeddings_of_all_curves_are_concatenated_per_start():
    section = noise_section(channels=3)
    model = encoder_of(
        Pca(window=WindowSpec(length=20, stride=10, width=1), latent=4).fit([section], [], CONTEXT).denoiser
    )
    embeddings = embed(model, section)
    beside = embeddings.concatenate_channels()
    assert beside.values.shape == (len(embeddings.values) // 3, 12)
    second = embeddings.values[embeddings.origin[:, 0] == 1]
    np.testing.assert_array_equal(beside.values[:, 4:8], second)
    np.testing.assert_array_equal(beside.centre, embeddings.centre[embeddings.origin[:, 0] == 0])


def test_the_encoder_is_found_behind_guards_and_is_none_if_absent():
    section = noise_section()
    inner = Pca(latent=3).fit([section], [], CONTEXT).denoiser
    empty = np.zeros((1, 1), dtype=np.float64)
    guarded = GuardedDenoiser(GuardedParts(inner), Guards(None, 1.0, 1), Calibration(empty, empty, empty))
    assert encoder_of(guarded) is inner
    assert encoder_of(Median().fit([section], [section], CONTEXT).denoiser) is None
    assert encoder_of(untrained(UNet(widths=(4, 6), kernel=3, window=WindowSpec(length=32, stride=16)), 2)) is None


def test_the_embedding_of_a_shrinkage_is_its_leading_components():
    section = noise_section(samples=400)
    model = encoder_of(PcaWiener(window=WindowSpec(length=20, stride=10, width=0)).fit([section], [], CONTEXT).denoiser)
    embeddings = embed(model, section)
    assert embeddings.values.shape[1] == 16
    assert (np.diff(embeddings.values.var(axis=0)) <= 0.3).all(), "in the order of their variance"


def test_a_blanked_curve_equals_a_missing_one():
    well = make_well(samples=200, curves=("GR", "RHOB"))
    normaliser = CurvePercentiles().fit([well], ("GR", "RHOB"))
    without = normaliser.apply(well.select(slice(0, 1)))
    left = keep_channels(normaliser.apply(well), [0])
    np.testing.assert_array_equal(left.values, without.values)
    np.testing.assert_array_equal(left.mask, without.mask)


def test_lithology_is_read_from_whole_numbers_only():
    well = make_well(samples=100)
    numbers = np.where(np.arange(100) < 60, 65000.0, np.nan)
    found = lithology(with_lithology(well, numbers, FORCE_CURVE))
    assert found.tolist() == [65000] * 60 + [UNKNOWN] * 40
    assert lithology(well) is None
    assert lithology(with_lithology(well, np.linspace(0, 1, 100))) is None, "a share of shale is no lithology"


@pytest.mark.parametrize("width", [0, 1])
def test_every_window_of_a_table_has_its_depth_curve_and_lithology(width, tmp_path):
    well = with_lithology(make_well(samples=200, curves=("GR", "RHOB")), np.repeat([1.0, 2.0], 100))
    section = CurvePercentiles().fit([well], ("GR", "RHOB")).apply(well)
    model = encoder_of(
        Pca(window=WindowSpec(length=40, stride=20, width=width), latent=3).fit([section], [], CONTEXT).denoiser
    )
    table = embedding_table(well, embed(model, section), ("GR", "RHOB"), "train")
    table.to_parquet(tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), table)
    assert set(table["curve"]) == ({"GR", "RHOB"} if width else {"all"})
    first = table.iloc[0]
    assert (first["from"], first["to"]) == (well.axis[0], well.axis[39])
    middle = table["from"] + 20 * 0.1524
    assert ((table["lithology"] == 2) == (middle > well.axis[99])).all()
    assert table["to"].max() == well.axis[-1]


def test_traces_are_labelled_by_their_number_in_the_file():
    line = make_line(traces=20, samples=80).select(slice(5, 12))
    section = make_section(line.values)
    model = encoder_of(
        Pca(window=WindowSpec(length=40, stride=20, width=1), latent=3).fit([section], [], CONTEXT).denoiser
    )
    table = embedding_table(line, embed(model, section), (), "test")
    assert sorted(set(table["trace"])) == list(range(5, 12))
    assert "lithology" not in table
