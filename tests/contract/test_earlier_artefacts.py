"""What version 0.1 has stored still loads, and gives what it gave: bundles, specifications, ledger."""

from __future__ import annotations

import dataclasses
import gzip
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import yaml

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.reference_view import ReferenceView
from aemodels.bundle.summary import read_summary
from aemodels.bundle.unusual_curves import unusual_curves
from aemodels.core.spec import Spec
from aemodels.core.types import Channel, Kind, Recording, Source
from aemodels.denoisers.guarded.guards import FLAT_SAMPLES
from aemodels.experiment.spec import ExperimentSpec
from aemodels.signal.quality_rules import assess
from aemodels.signal.runs import flat_runs
from helpers.paths import TESTS

EARLIER = TESTS / "data" / "earlier"
SPECS = sorted(path.stem for path in (EARLIER / "specs").glob("*.yaml"))
# sha256 of the stored bundle.json: the ledger knows the bundle by it
IDENTITY = "9372829b31b465c2b0477b4f59e97c3c5d59abefc8627a3d4e8afbac03bed69b"


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(EARLIER / "bundles.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def stored_recording(kind: Kind) -> Recording:
    with np.load(EARLIER / f"{kind}-recording.npz") as stored:
        values, axis = stored["values"], stored["axis"]
    if kind == "logs":
        channels = tuple(Channel(curve) for curve in ("GR", "RHOB", "DTC"))
    else:
        channels = tuple(Channel(f"trace {n}", "amplitude", {"trace": n}) for n in range(len(values)))
    return Recording(values=values, axis=axis, channels=channels, kind=kind, source=Source("NEW", "0" * 64), name="NEW")


@pytest.mark.parametrize("kind", ["logs", "seismic"])
def test_a_stored_bundle_scores_as_it_did(bundles: Path, kind: Kind) -> None:
    bundle, recording = Bundle.load(bundles / kind), stored_recording(kind)
    scores = bundle.score(recording)
    with np.load(EARLIER / f"{kind}-scores.npz") as stored:
        expected = dict(stored)
    assert scores.threshold == expected["threshold"]
    for field in ("score", "channel_score"):
        np.testing.assert_allclose(getattr(scores, field), expected[field], rtol=1e-4, atol=1e-4, err_msg=field)
    # version 0.1 blended windows where networks now take the whole signal, and denoised equal readings in a row
    flat = np.stack([flat_runs(row, FLAT_SAMPLES) for row in scores.raw])
    section = bundle.section(recording, assess(recording))
    together = bundle.normaliser.invert(bundle.denoiser.denoise(section), section)
    together = np.where(np.isfinite(scores.raw), together, np.nan)
    np.testing.assert_allclose(together[~flat], expected["denoised"][~flat], rtol=2e-3, atol=1e-3)
    # and curves together with one outside the range of training, which are denoised apart now
    same = np.ones(len(scores.raw), dtype=bool) if kind == "seismic" else unusual_curves(section)
    assert same.any()
    np.testing.assert_allclose(scores.denoised[same], np.where(flat, scores.raw, together)[same], rtol=2e-3, atol=1e-3)
    np.testing.assert_allclose(scores.denoised[flat], scores.raw[flat], rtol=1e-5)
    assert list(scores.reason) == list(expected["reason"])
    assert {"", "stuck"} < set(scores.reason) or kind == "seismic"


def test_a_stored_bundle_keeps_its_identity(bundles: Path, tmp_path: Path) -> None:
    bundle = Bundle.load(bundles / "logs")
    assert bundle.content_hash == IDENTITY
    bundle.save(tmp_path / "again")
    again = Bundle.load(tmp_path / "again")
    assert again.spec == bundle.spec
    assert read_summary(bundles / "logs").content_hash == IDENTITY
    assert ReferenceView.load(bundles / "logs").content_hash == IDENTITY
    assert dataclasses.replace(bundle, threshold=2 * bundle.threshold).content_hash != IDENTITY


def test_a_stored_encoder_is_read_and_written_with_its_new_name(bundles: Path, tmp_path: Path) -> None:
    assert (bundles / "logs" / "code.npz").is_file()
    bundle = Bundle.load(bundles / "logs")
    bundle.save(tmp_path / "again")
    assert not (tmp_path / "again" / "code.npz").exists()
    with np.load(bundles / "logs" / "code.npz") as stored, np.load(tmp_path / "again" / "encoder.npz") as written:
        assert bundle.encoder is not None
        assert set(stored) == set(written) == set(bundle.encoder.arrays())
        for name in stored:
            np.testing.assert_array_equal(stored[name], written[name])


@pytest.mark.parametrize("name", SPECS)
def test_a_stored_specification_is_read(name: str) -> None:
    spec = ExperimentSpec.model_validate(yaml.safe_load((EARLIER / "specs" / f"{name}.yaml").read_text()))
    assert ExperimentSpec.model_validate(spec.model_dump(mode="json")) == spec


def test_a_stored_ledger_knows_what_was_scored(bundles: Path, tmp_path: Path) -> None:
    from aemodels.io import sha256_file
    from tasks.ledger import ClaimRequest, Key, finished, open_ledger

    (tmp_path / "ledger.db").write_bytes(gzip.decompress((EARLIER / "ledger.db.gz").read_bytes()))
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    key = Key(sha256_file(EARLIER / "W-3000.las"), "sondeflow-logs", IDENTITY[:12], IDENTITY)
    assert finished(ledger, [ClaimRequest(key, "W-3000.las")]) == {key}


class Renamed(Spec):
    earlier_names: ClassVar[Mapping[str, str]] = {"old": "new"}
    new: int = 1


def test_an_earlier_name_is_read_and_the_new_one_written() -> None:
    assert Renamed.model_validate({"old": 3}).model_dump() == {"new": 3}


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="old is the earlier name of new"):
        Renamed.model_validate({"old": 3, "new": 4})
