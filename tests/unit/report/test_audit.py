"""Choice of flagged intervals for a person to check, the page, and the count of answers."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pytest

from aemodels.core.types import Recording, Scores
from aemodels.report.audit import HIGHEST, RANDOM, RULES, audit_items, choose_items
from aemodels.report.html.audit import item_id, item_label, render_audit, share_right
from helpers.recordings import make_well

WELL = make_well(samples=3000)
TOPS = (100, 500, 900, 1300, 1700, 2100)


def _scores(well: Recording = WELL) -> Scores:
    """Six intervals of ten samples, each with a higher score than the one above it."""
    channel = np.zeros(well.values.shape, dtype=np.float32)
    for number, top in enumerate(TOPS):
        channel[number % len(well.names), top : top + 10] = 2.0 + number
    flagged = channel.max(axis=0) > 1.0
    reason = tuple(np.where(flagged, "spike", "").tolist())
    return Scores("logs", channel.max(axis=0), 1.0, reason, well.names, well.values, well.values, channel)


def _items() -> list:
    by_rule = np.zeros(3000, dtype=bool)
    by_rule[TOPS[0] : TOPS[0] + 10] = True
    by_rule[TOPS[5] : TOPS[5] + 4] = True  # less than half of its interval
    return audit_items(0, WELL, _scores(), by_rule)


def test_an_interval_belongs_to_a_rule_that_decides_most_of_it() -> None:
    assert [item.by_rule for item in _items()] == [True, False, False, False, False, False]


def test_the_highest_and_a_random_sample_of_the_rest_have_nothing_in_common() -> None:
    groups = choose_items(_items(), 2, seed=0)
    scores = {name: [item.interval.max_score for item in members] for name, members in groups.items()}
    assert scores[HIGHEST] == [7.0, 6.0]
    assert set(scores[RANDOM]) <= {3.0, 4.0, 5.0}
    assert len(scores[RANDOM]) == 2
    assert scores[RULES] == [2.0]
    assert choose_items(_items(), 2, seed=0) == groups


def test_the_page_has_a_picture_and_a_question_for_each_interval_and_asks_for_nothing_else() -> None:
    groups = choose_items(_items(), 2, seed=0)
    answered = item_id([WELL], groups[HIGHEST][0])
    page = html.unescape(render_audit([WELL], groups, note="A note.", answers={answered: "wrong"}))
    assert page.count("data:image/png;base64,") == 5
    assert page.count('value="right"') == 5
    assert page.count(" checked") == 1
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)=.?https?:", page)


def test_text_of_a_file_is_escaped() -> None:
    well = make_well("<script>alert(1)</script>", samples=3000)
    page = render_audit([well], {HIGHEST: audit_items(0, well, _scores(well), np.zeros(3000, bool))[:1]}, note="")
    assert "<script>alert" not in page
    (label,) = re.findall(r"data-label='([^']*)'", page)
    assert json.loads(label.replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">"))["well"] == well.name


def test_the_share_counts_decided_answers_only() -> None:
    labels = [item_label(WELL, item, HIGHEST) for item in _items()]
    given = ["right", "right", "right", "wrong", "undecided", "undecided"]
    answers = [label | {"answer": answer} for label, answer in zip(labels, given, strict=True)]
    assert share_right(answers)[HIGHEST] == {"right": 3, "wrong": 1, "undecided": 2, "share_right": 0.75}
    assert share_right([]) == {}


def test_a_suspect_interval_is_one_in_which_nothing_is_flagged() -> None:
    from dataclasses import replace

    from aemodels.report.flagged_intervals import suspect_intervals

    scores = replace(_scores(), threshold=4.5, suspect_threshold=2.5)
    found = suspect_intervals(WELL.axis, scores)
    assert [interval.max_score for interval in found] == [4.0, 3.0]
    assert found[0].top == pytest.approx(WELL.axis[TOPS[2]] - 0.0762, abs=1e-3)
