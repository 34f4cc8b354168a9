"""Summary of a bundle: the same identity as that of the loaded bundle, and every file checked."""

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


def test_the_summary_agrees_with_the_bundle(folder):
    summary, bundle = read_summary(folder), Bundle.load(folder)
    assert (summary.kind, summary.name, summary.content_hash) == (bundle.kind, bundle.name, bundle.content_hash)


@pytest.mark.parametrize("damage", ["altered", "missing", "no json", "no bundle", "other schema", "no manifest"])
def test_a_damaged_bundle_is_refused(folder, damage):
    manifest, array_file = folder / "bundle.json", next(folder.glob("*.npz"))
    if damage == "altered":
        array_file.write_bytes(array_file.read_bytes()[:-1] + b"x")
    elif damage == "missing":
        array_file.unlink()
    elif damage == "no manifest":
        manifest.unlink()
    else:
        content = json.loads(manifest.read_text())
        texts = {"no json": "{", "no bundle": "[]", "other schema": json.dumps({**content, "schema_version": 99})}
        manifest.write_text(texts[damage])
    with pytest.raises(BundleError, match=r"bundle|sha256|missing|schema"):
        read_summary(folder)
