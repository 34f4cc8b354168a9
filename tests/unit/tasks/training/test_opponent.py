"""The opponent of a challenger: the champion, its start, or the bundle that comes with sondeflow."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.shipped import shipped_bundle
from aemodels.experiment.spec import ExperimentSpec
from helpers.tiny_specs import LOGS
from tasks.settings import Settings
from tasks.training.opponent import find_opponent
from tasks.training.prepare import PreparedRef


@dataclass(frozen=True)
class Version:
    """As much of a registered version as names it."""

    version: str


SPEC = ExperimentSpec.model_validate(LOGS)


def data(*test: str) -> PreparedRef:
    """Return data whose hold-out are files of these hashes."""
    members = {"test": {f"W-{number}": sha256 for number, sha256 in enumerate(test)}}
    return PreparedRef(refs=(), members=members, data_sha256="d", holdout_sha256="h", curves=SPEC.curves, findings=())


def opponent(spec: ExperimentSpec = SPEC, champion: str | None = None, test: str = "new", **settings: bool):
    before = None if champion is None else Version(champion)
    settings = {"compare_with_shipped": True} | settings  # whatever the environment of other tests says
    return find_opponent(Version("2"), before, spec, data(test), Settings(**settings))


def test_without_a_champion_it_is_the_shipped_bundle():
    found = opponent()
    assert found.name == "logs-v1, which comes with sondeflow"
    assert found.load().content_hash == shipped_bundle("logs-v1").content_hash


def test_the_champion_goes_first_and_is_not_compared_with_itself():
    assert opponent(champion="1").name == "champion v1"
    assert opponent(champion="2") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"compare_with_shipped": False},
        {"spec": SPEC.model_copy(update={"name": "demo-logs"})},
        {"spec": SPEC.model_copy(update={"curves": ("GR", "PEF")})},
    ],
    ids=["by setting", "demo", "another curve"],
)
def test_the_shipped_bundle_is_left_out(changes):
    assert opponent(**changes) is None


def test_a_bundle_that_has_seen_the_hold_out_is_no_opponent():
    seen = Bundle.load(shipped_bundle("logs-v1").folder).trained_on[0]
    assert opponent(test=seen) is None
