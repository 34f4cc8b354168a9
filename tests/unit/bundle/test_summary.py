"""A bundle's card: the same identity as the loaded bundle's, and every file checked."""

from __future__ import annotations

import json

import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.summary import read_summary
from aemodels.core.errors import BundleError
from helpers.cheap_bundle import save_cheap_bundle


@pytest.fixture
def folder(tmp_path):
    return save_cheap_bundle(tmp_path / "bundle")


def test_the_card_is_the_bundles(folder):
    card, bundle = read_summary(folder), Bundle.load(folder)
    assert (card.kind, card.name, card.content_hash) == (bundle.kind, bundle.name, bundle.content_hash)


@pytest.mark.parametrize("harm", ["altered", "missing", "no json", "no bundle", "other schema", "no manifest"])
def test_a_damaged_bundle_is_refused(folder, harm):
    manifest, victim = folder / "bundle.json", next(folder.glob("*.npz"))
    if harm == "altered":
        victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    elif harm == "missing":
        victim.unlink()
    elif harm == "no manifest":
        manifest.unlink()
    else:
        content = json.loads(manifest.read_text())
        texts = {"no json": "{", "no bundle": "[]", "other schema": json.dumps({**content, "schema_version": 99})}
        manifest.write_text(texts[harm])
    with pytest.raises(BundleError, match=r"bundle|sha256|missing|schema"):
        read_summary(folder)
