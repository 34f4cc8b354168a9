"""Values sent to MLflow: flat parameters, few metrics, no passwords."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.address import Address, hide_credentials
from tasks.settings import Settings
from tasks.tracking import flatten, log_metrics

LEAF = st.integers() | st.booleans() | st.text(max_size=5) | st.none()
KEY = st.text("abcxyz", min_size=1, max_size=4)


def test_nested_specs_become_dotted_keys():
    nested = {"model": {"kind": "unet", "widths": [8, 16]}, "noise": [{"kind": "gaussian", "factor": 0.1}]}
    assert flatten(nested) == {
        "model.kind": "unet",
        "model.widths": "[8, 16]",
        "noise.0.kind": "gaussian",
        "noise.0.factor": 0.1,
    }


@given(st.recursive(st.dictionaries(KEY, LEAF), lambda inner: st.dictionaries(KEY, inner | LEAF), max_leaves=20))
def test_flattening_loses_no_leaf(value):
    def leaves(node):
        return [leaf for item in node.values() for leaf in leaves(item)] if isinstance(node, dict) else [node]

    flat = flatten(value)
    assert sorted(map(repr, flat.values())) == sorted(map(repr, leaves(value)))


def test_too_many_metrics_belong_into_a_table(tmp_path):
    with pytest.raises(ValueError, match="table"):
        log_metrics(Settings(home=tmp_path), "run", {f"m{n}": 0.0 for n in range(31)})


@pytest.mark.parametrize(
    ("text", "shown", "base"),
    [
        ("postgresql://me:secret@db:5432/mlflow", "postgresql://***@db:5432/mlflow", "postgresql://db:5432/mlflow"),
        ("postgresql://me:a@b/c?d@db/x", "postgresql://***@db/x", "postgresql://db/x"),
        ("https://token@mlflow.example.org/", "https://***@mlflow.example.org/", "https://mlflow.example.org"),
        ("http://h/p?token=secret&v=1", "http://h/p?token=***&v=***", "http://h/p"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000", "http://127.0.0.1:5000"),
    ],
)
def test_a_shown_address_has_no_password(text, shown, base):
    address = Address(text)
    assert (str(address), repr(address), f"{address}", address.base) == (shown, shown, shown, base)
    settings = Settings(home=Path("/nowhere"), tracking_uri=address, ledger_url=address)
    assert address.reveal() == text
    for seen in (repr(settings), str(settings.model_dump_json()), str(settings.model_dump(mode="json"))):
        assert shown in seen
        assert "secret" not in seen


def test_credentials_in_a_message_are_hidden():
    message = "no reply from http://me:se/cr@et@host:5000/api, see s3://bucket/a@b.las and https://host/x@y"
    assert hide_credentials(message) == (
        "no reply from http://***@host:5000/api, see s3://bucket/a@b.las and https://host/x@y"
    )
