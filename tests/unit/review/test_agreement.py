"""Precision of reviewed flags and agreement of reviewers, with known answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aemodels.review.agreement import agreement_rows, flag_rows
from aemodels.review.document import Review, latest_decisions, parse_review


def flag(number: int, action: str, **more: object) -> dict[str, Any]:
    top = float(10 * number)
    flagged = {} if action == "add" else {"flagged_top_m": top, "flagged_base_m": top + 2}
    return {"action": action, "top_m": top, "base_m": top + 2, "curves": ["GR"], "reason": "spike", **flagged, **more}


def review(author: str, decisions: list[dict[str, Any]], **more: object) -> Review:
    values = {
        "sondeflow_review": 1,
        "sha256": "ab" * 32,
        "bundle": "logs-v1",
        "author": author,
        "made_at": "2026-01-31T06:00:00Z",
        "decisions": decisions,
        **more,
    }
    return parse_review(json.dumps(values).encode(), "a.json")


def test_redrawn_flags_are_right_and_added_ones_were_missed():
    decisions = [
        flag(1, "accept"),
        flag(2, "reject", reason="washout"),
        flag(3, "redraw", curves=["GR", "RHOB"]),
        flag(4, "reject"),
        flag(5, "add", base_m=53.5),
    ]
    rows = {(row["curve"], row["reason"]): row for row in flag_rows(latest_decisions([review("A", decisions)]))}
    assert list(rows) == [("all", "all"), ("all", "spike"), ("all", "washout"), ("GR", "all"), ("RHOB", "all")]
    total = rows["all", "all"]
    assert (total["flags"], total["right"], total["precision"]) == (4, 2, 0.5)
    # Wilson's interval of 2 of 4
    assert (total["low"], total["high"]) == (pytest.approx(0.1500, abs=1e-4), pytest.approx(0.8500, abs=1e-4))
    assert (total["missed"], total["missed_m"]) == (1, 3.5)
    assert (rows["all", "washout"]["precision"], rows["RHOB", "all"]["precision"]) == (0.0, 1.0)


def test_without_flags_there_is_no_precision():
    (total, *_) = flag_rows(latest_decisions([review("A", [flag(1, "add")])]))
    assert (total["flags"], total["precision"], total["low"], total["missed"]) == (0, None, None, 1)
    assert flag_rows([]) == []


def test_kappa_of_a_known_table():
    # 20 flags that both accept, 15 that both reject, 5 accepted by the first alone, 10 by the second alone
    first = ["accept"] * 20 + ["reject"] * 15 + ["accept"] * 5 + ["reject"] * 10
    second = ["accept"] * 20 + ["reject"] * 15 + ["reject"] * 5 + ["redraw"] * 10
    reviews = [
        review(author, [flag(number, action) for number, action in enumerate(actions)])
        for author, actions in (("A", first), ("B", second))
    ]
    (row,) = agreement_rows(latest_decisions(reviews))
    assert (row["first"], row["second"], row["flags"], row["agree"]) == ("A", "B", 50, 0.7)
    assert row["kappa"] == pytest.approx(0.4)


def test_only_flags_of_the_same_bundle_and_content_that_both_have_judged_are_compared():
    one = review("A", [flag(1, "accept"), flag(2, "accept")])
    assert agreement_rows(latest_decisions([one, review("B", [flag(3, "accept")])])) == []
    assert agreement_rows(latest_decisions([one, review("B", [flag(1, "reject")], bundle="logs-v2")])) == []
    assert agreement_rows(latest_decisions([one, review("B", [flag(1, "reject")], sha256="cd" * 32)])) == []
    (row,) = agreement_rows(latest_decisions([one, review("B", [flag(1, "accept"), flag(2, "accept")])]))
    assert (row["flags"], row["agree"], row["kappa"]) == (2, 1.0, None), "chance would explain it"
