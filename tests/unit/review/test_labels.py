"""Labels: what reviewers agree on, and what they contradict each other about."""

from __future__ import annotations

import json

import numpy as np

from aemodels.review.document import Review, TraceDecision, parse_review
from aemodels.review.labels import Label, as_one_fault, labels_by_content

SHA = "ab" * 32


def review(author: str, *decisions: dict[str, object], day: int = 1) -> Review:
    values = {
        "sondeflow_review": 1,
        "sha256": SHA,
        "author": author,
        "made_at": f"2026-01-{day:02d}T06:00:00Z",
        "decisions": decisions,
    }
    return parse_review(json.dumps(values).encode(), "a.json")


def flag(action: str, top: float = 10.0, curves: tuple[str, ...] = ("GR",)) -> dict[str, object]:
    flagged = {} if action == "add" else {"flagged_top_m": top, "flagged_base_m": top + 2}
    return {"action": action, "top_m": top, "base_m": top + 2, "curves": curves, "reason": "spike", **flagged}


def test_faults_and_sound_intervals_are_told_apart():
    found = labels_by_content([review("A", flag("accept"), flag("reject", 20.0), flag("add", 30.0))])[SHA]
    assert [(label.top_m, label.fault, label.missed) for label in found.labels] == [
        (10.0, True, False),
        (20.0, False, False),
        (30.0, True, True),
    ]
    assert found.disputed == 0


def test_a_flag_that_one_accepts_and_another_rejects_is_no_label():
    found = labels_by_content([review("A", flag("accept")), review("B", flag("reject"), flag("reject", 20.0))])[SHA]
    assert [label.top_m for label in found.labels] == [20.0]
    assert found.disputed == 2


def test_the_last_word_of_an_author_counts_and_two_who_agree_give_one_label():
    found = labels_by_content(
        [
            review("A", flag("reject"), day=1),
            review("A", flag("accept"), day=3),
            review("B", flag("accept", curves=("GR", "RHOB")), day=2),
        ]
    )[SHA]
    assert [(label.fault, label.curves) for label in found.labels] == [(True, ("GR",))]


def test_a_fault_added_inside_a_rejected_flag_of_the_same_author_is_the_label():
    inside = {"action": "add", "top_m": 10.5, "base_m": 11.0, "curves": ["GR"]}
    found = labels_by_content([review("A", flag("reject"), inside)])[SHA]
    assert [(label.top_m, label.fault) for label in found.labels] == [(10.5, True)]
    assert found.disputed == 0


def test_labels_of_other_curves_do_not_contradict_each_other():
    found = labels_by_content([review("A", flag("accept")), review("B", flag("reject", curves=("DTC",)))])[SHA]
    assert len(found.labels) == 2


def test_pieces_of_one_fault_are_one():
    pieces = [Label(10, 11, ("GR",), True), Label(12, 13, ("GR", "DTC"), True), Label(20, 21, ("GR",), True)]
    sound = Label(13.5, 14, ("GR",), False)
    found = as_one_fault([*pieces, sound])
    assert [(one.top_m, one.base_m, one.curves) for one in found] == [
        (10, 13, ("GR", "DTC")),
        (13.5, 14, ("GR",)),
        (20, 21, ("GR",)),
    ]


def test_an_interval_shorter_than_a_sample_has_one_row():
    axis = 1000.0 + 0.5 * np.arange(10)
    assert Label(1002.1, 1002.2, (), True).rows(axis).sum() == 1
    assert not Label(900.0, 901.0, (), True).rows(axis).any()


def test_lines_have_labels_of_their_own() -> None:
    values = {"action": "reject", "first_trace": 3, "last_trace": 5}
    flagged = {"flagged_first_trace": 3, "flagged_last_trace": 5}
    one = TraceDecision.model_validate(values | flagged)
    line = review("A", flag("accept")).model_copy(update={"decisions": (one,), "sha256": "cd" * 32})
    assert set(labels_by_content([review("A", flag("accept")), line])) == {SHA}
    (label,) = labels_by_content([review("A", flag("accept")), line], "seismic")["cd" * 32].labels
    assert (label.top_m, label.base_m, label.fault) == (2.5, 5.5, False)
