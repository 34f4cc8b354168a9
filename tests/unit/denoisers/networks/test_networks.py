from __future__ import annotations

import numpy as np
import pytest

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import FitContext
from aemodels.denoisers.networks.dense import Dense
from aemodels.denoisers.networks.unet import UNet
from aemodels.denoisers.training.batches import augment
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.noise import Gaussian
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section


def test_published_dense_network_has_17838_parameters():
    network = Dense().build(1)
    assert network.count_params() == 17_838
    by_hand = [100 * 64 + 64, 64 * 32 + 32, 32 * 10 + 10, 10 * 32 + 32, 32 * 64 + 64, 64 * 100 + 100]
    layers = network.get_layer("encoder").layers + network.get_layer("decoder").layers
    assert [layer.count_params() for layer in layers] == by_hand == [6464, 2080, 330, 352, 2112, 6500]


def test_encoder_and_decoder_share_the_autoencoders_weights():
    network = Dense().build(1)
    windows = np.random.default_rng(0).random((3, 100, 1), dtype=np.float32)
    code = network.get_layer("encoder")(windows[:, :, 0])
    assert code.shape == (3, 10)
    rebuilt = np.asarray(network.get_layer("decoder")(code))
    np.testing.assert_allclose(rebuilt, np.asarray(network(windows))[:, :, 0], atol=1e-6)


@pytest.mark.parametrize("block", ["plain", "residual"])
@pytest.mark.parametrize(("rank", "width", "channels"), [(1, 0, 5), (2, 8, 8)])
def test_untrained_unet_is_the_identity(rank, width, channels, block):
    window = WindowSpec(length=32, stride=16, width=width)
    spec = UNet(rank=rank, widths=(4, 6, 8), kernel=3, block=block, window=window)
    values = np.random.default_rng(0).normal(size=(2, 32, channels)).astype(np.float32)
    affine = np.array([0.3, 1.0], dtype=np.float32)
    inputs = spec.inputs(values, np.ones(values.shape, dtype=bool), affine)
    out = spec.outputs(np.asarray(spec.build(channels)(inputs)), affine)
    np.testing.assert_allclose(out, values, atol=1e-5)


def test_residual_blocks_add_a_projection_where_the_width_changes():
    window = WindowSpec(length=8, stride=4)
    plain, residual = (UNet(widths=(4, 6), kernel=3, block=block, window=window) for block in ("plain", "residual"))
    # by hand: 3 inputs to 4 wide, 4 to 6 and 6 + 4 to 4, each with its bias
    added = (3 * 4 + 4) + (4 * 6 + 6) + (10 * 4 + 4)
    assert residual.build(1).count_params() - plain.build(1).count_params() == added


def test_a_unet_of_rank_two_asks_for_a_panel_width():
    with pytest.raises(ValueError, match="panel width"):
        UNet(rank=2, widths=(4, 6, 8), window=WindowSpec(length=32))


def _sections(count: int, seed: int) -> list:
    rng = np.random.default_rng(seed)
    waves = np.sin(np.linspace(0, 60, 800)[None] + rng.uniform(0, 6, (count, 2, 1)))
    return [make_section(0.5 + 0.3 * wave, name=f"s{n}") for n, wave in enumerate(waves)]


TINY = UNet(
    widths=(4, 8),
    kernel=3,
    window=WindowSpec(length=32, stride=16),
    training=TrainingSpec(
        epochs=12, batch=16, stride=4, learning_rate=5e-3, noise=(Gaussian(factor=0.2),), patience=12
    ),
)


def test_training_lowers_the_loss_and_the_noise_and_reports_each_epoch():
    seen: list[int] = []
    context = FitContext("logs", 3, on_epoch=lambda epoch, logs: seen.append(epoch))
    result = TINY.fit(_sections(3, 0), _sections(1, 1), context)
    assert seen == list(range(12))
    assert result.history["val_loss"][-1] < result.history["val_loss"][0]
    clean = _sections(1, 2)[0]
    noise = np.random.default_rng(0).normal(0, 0.2, clean.values.shape)
    noisy = clean.with_values((clean.values + noise).astype(np.float32))
    error = np.mean((result.denoiser.denoise(noisy) - clean.values) ** 2)
    assert error < 0.5 * np.mean(noise**2)


def test_best_weights_are_restored():
    blow_up = TINY.model_copy(
        update={
            "training": TINY.training.model_copy(
                update={"learning_rate": 0.5, "schedule": "constant", "epochs": 5, "clip_norm": 1000.0}
            )
        }
    )
    result = blow_up.fit(_sections(2, 0), _sections(1, 1), FitContext("logs", 3))
    losses = result.history["val_loss"]
    from aemodels.denoisers.training.batches import observed_windows, training_pair
    from aemodels.denoisers.training.losses import masked_squared_error

    values, mask = observed_windows(blow_up, _sections(1, 1), stride=blow_up.window.stride)
    denoiser = result.denoiser
    inputs, target = training_pair(blow_up, (values, mask), denoiser.affine, np.random.default_rng([3, 1]))
    assert float(masked_squared_error(target, denoiser.network(inputs))) == pytest.approx(min(losses), rel=1e-3)


def test_equal_seeds_train_equal_networks():
    short = TINY.model_copy(update={"training": TINY.training.model_copy(update={"epochs": 2, "stride": 16})})
    first, second = (short.fit(_sections(2, 0), _sections(1, 1), FitContext("logs", 5)).denoiser for _ in range(2))
    section = _sections(1, 4)[0]
    np.testing.assert_allclose(first.denoise(section), second.denoise(section), atol=1e-4)


def test_recordings_observed_too_little_are_refused():
    section = make_section(np.zeros((2, 100)), np.zeros((2, 100), dtype=bool))
    with pytest.raises(SpecError, match="observed less"):
        TINY.fit([section], [section], FitContext("logs", 0))


def test_loss_counts_observed_samples_only():
    from aemodels.denoisers.training.losses import masked_squared_error

    values = np.zeros((1, 4, 1), dtype=np.float32)
    weights = np.array([1, 1, 0, 0], dtype=np.float32).reshape(1, 4, 1)
    prediction = np.array([1, 3, 100, 100], dtype=np.float32).reshape(1, 4, 1)
    loss = masked_squared_error(np.concatenate([values, weights], axis=-1), prediction)
    assert float(loss) == pytest.approx((1 + 9) / 2, rel=1e-4)


def test_a_mirrored_denoiser_treats_up_and_down_alike():
    training = TINY.training.model_copy(update={"epochs": 1, "stride": 16})
    spec = TINY.model_copy(update={"training": training, "mirror": True})
    denoiser = spec.fit(_sections(2, 0), _sections(1, 1), FitContext("logs", 5)).denoiser
    upright = _sections(1, 4)[0]
    reversed_section = make_section(upright.values[:, ::-1], name="reversed")
    np.testing.assert_allclose(denoiser.denoise(reversed_section)[:, ::-1], denoiser.denoise(upright), atol=1e-5)
    alone = spec.model_copy(update={"mirror": False}).restore(denoiser.arrays())
    assert np.abs(alone.denoise(reversed_section)[:, ::-1] - alone.denoise(upright)).max() > 1e-4


def test_a_mirrored_denoiser_of_panels_treats_both_directions_of_a_line_alike():
    window = WindowSpec(length=32, stride=16, width=6, width_stride=2)
    training = TINY.training.model_copy(update={"epochs": 1, "stride": 16, "flip": 0.5, "invert": 0.5})
    spec = TINY.model_copy(update={"rank": 2, "window": window, "training": training, "mirror": True})
    rng = np.random.default_rng(1)
    train, check, line = (make_section(rng.normal(size=(12, 96)), name=name) for name in ("a", "b", "c"))
    denoiser = spec.fit([train], [check], FitContext("seismic", 5)).denoiser
    backwards = make_section(line.values[::-1], name="backwards")
    np.testing.assert_allclose(denoiser.denoise(backwards)[::-1], denoiser.denoise(line), atol=1e-5)
    alone = spec.model_copy(update={"mirror": False}).restore(denoiser.arrays())
    assert np.abs(alone.denoise(backwards)[::-1] - alone.denoise(line)).max() > 1e-4


@pytest.mark.parametrize(("width", "turned"), [(0, np.s_[:, ::-1]), (3, np.s_[:, :, ::-1])])
def test_windows_of_logs_are_turned_upside_down_and_panels_end_for_end(width, turned):
    spec = TINY.model_copy(update={"window": WindowSpec(length=8, stride=4, width=width)})
    spec = spec.model_copy(update={"training": TINY.training.model_copy(update={"flip": 1.0, "invert": 1.0})})
    values = np.random.default_rng(2).normal(size=(4, 8, 3)).astype(np.float32)
    mask = values > -1
    found, seen = augment(spec, values, mask, np.random.default_rng(0))
    np.testing.assert_allclose(found, -values[turned], atol=1e-6)
    np.testing.assert_array_equal(seen, mask[turned])


def test_half_of_the_windows_are_turned_and_half_of_them_reversed():
    training = TINY.training.model_copy(update={"flip": 0.5, "invert": 0.5})
    values = np.ones((2000, 4, 1), dtype=np.float32) * np.arange(1, 5)[:, None].astype(np.float32)
    spec = TINY.model_copy(update={"training": training})
    found, _ = augment(spec, values, values > 0, np.random.default_rng(0))
    first = found[:, 0, 0].round(3)
    for kind in (1.0, 4.0, -1.0, -4.0):
        assert np.mean(first == kind) == pytest.approx(0.25, abs=0.04)
