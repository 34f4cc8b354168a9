"""Single values of an experiment set on the command line."""

from __future__ import annotations

import pytest

from aemodels.core.errors import SpecError
from aemodels.experiment.changes import with_changes
from flows.catalogue import load_spec
from flows.console import BadUsageError

DOCUMENT = {"seed": 20, "contenders": [{"name": "unet", "model": {"widths": [4, 8]}}, {"name": "pca", "model": {}}]}


def test_elements_are_named_by_name_or_place_and_the_original_stays():
    changed = with_changes(
        DOCUMENT, ["contenders.unet.model.widths=[16, 32]", "contenders.1.model.latent=3", "seed=7", "note=a=b"]
    )
    assert changed == {
        "seed": 7,
        "note": "a=b",
        "contenders": [{"name": "unet", "model": {"widths": [16, 32]}}, {"name": "pca", "model": {"latent": 3}}],
    }
    assert DOCUMENT["seed"] == 20 and DOCUMENT["contenders"][0]["model"] == {"widths": [4, 8]}


def test_a_later_change_wins():
    assert with_changes(DOCUMENT, ["seed=7", "seed=8"])["seed"] == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("seed", "expected PATH=VALUE"),
        ("=7", "expected PATH=VALUE"),
        ("contenders.vae.model.latent=3", "no 'vae' there; expected one of unet, pca"),
        ("contenders.2.name=x", "no '2' there; expected one of unet, pca"),
        ("contenders.pca.training.epochs=3", "no 'training' there; expected one of name, model"),
        ("seed.low=3", "no 'low' there; expected no further key"),
        ("seed=[1", "the value is not YAML"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_with_what_is_there(change: str, message: str):
    with pytest.raises(SpecError, match=message):
        with_changes(DOCUMENT, [change])


def test_a_shipped_experiment_takes_changes_and_refuses_unknown_settings():
    longer = load_spec("logs", ["contenders.unet.model.inner.training.epochs=77"])
    assert longer.contender("unet").model.inner.training.epochs == 77
    assert longer.model_copy(update={"contenders": ()}) == load_spec("logs").model_copy(update={"contenders": ()})
    with pytest.raises(BadUsageError, match="--set epoks: expected PATH=VALUE"):
        load_spec("logs", ["epoks"])
    with pytest.raises(BadUsageError, match=r"(?s)epoks=3 is not a valid experiment.*epoks"):
        load_spec("logs", ["contenders.unet.model.inner.training.epoks=3"])
