"""A well is reviewed in a real browser with the network cut: by keys and mouse, saved, kept, and shown again."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from aemodels.core.types import Recording, Scores
from helpers.browser import watch
from helpers.recordings import make_well
from helpers.report_steps import HOSTILE, decided, save, write_report
from helpers.scored_field import publish, scores_of

pytest_plugins = ("helpers.browser_fixtures", "helpers.flow_fixtures")
STEP = 0.1524


def two_flags() -> tuple[Recording, Scores]:
    """A well with two flagged intervals on GR."""
    well = make_well("A-1")
    well = dataclasses.replace(well, source=dataclasses.replace(well.source, sha256="ab" * 32))
    scores = scores_of(well, slice(200, 220), "stuck")
    score, curves = scores.score.copy(), scores.channel_score.copy()
    score[700:740] = curves[0, 700:740] = 4.0
    reason = tuple("stuck" if value > 1 else "" for value in score)
    return well, dataclasses.replace(scores, score=score, channel_score=curves, reason=reason)


def test_a_review_by_keyboard_is_saved_kept_and_shown_again(opened, command_json, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    shown = opened(*two_flags())
    keys = shown.page.keyboard
    for key in "jaj":
        keys.press(key)
    keys.press("x")
    keys.press("n")
    keys.type("a real bed")
    keys.press("Enter")
    keys.press("s")
    assert "Who reviews?" in shown.page.get_by_role("status").inner_text(), "the name is asked for"
    keys.type("A. Reviewer")
    keys.press("Enter")
    path = save(shown, tmp_path)
    assert path.name == "A-1.abababab.review.json"
    review = json.loads(path.read_text())
    assert [one["action"] for one in review["decisions"]] == ["accept", "reject"]
    assert review["decisions"][1]["note"] == "a real bed"
    first = review["decisions"][0]
    assert (first["curves"], first["reason"]) == (["GR"], "stuck")
    assert first["top_m"] == pytest.approx(1000 + 199.5 * STEP, abs=1e-3)
    code, answer = command_json("reviews", "add", str(path), str(path))
    assert (code, [row["result"] for row in answer["reviews"]]) == (0, ["kept", "known"])
    again = opened(*two_flags())
    again.page.get_by_label("Load a saved review").set_input_files(path)
    again.page.wait_for_selector("#review tbody tr")
    assert [row[0] for row in decided(again)] == ["accepted", "rejected"]
    assert decided(again)[1][5:7] == ["a real bed", f"A. Reviewer, {review['made_at'][:10]}"]
    assert again.page.locator("tr[data-on] .tag").all_inner_texts() == ["accepted", "rejected"]


def test_kept_reviews_are_shown_again_in_the_reviewed_report(
    opened, browser, command_json, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    outbox, (well, scores) = tmp_path / "outbox", two_flags()
    publish(outbox, well)
    report = outbox / "reports" / "A-1.abababab.html"
    write_report(report, well, scores)
    shown = opened(well, scores)
    shown.page.get_by_label("Reviewer").fill(HOSTILE)
    shown.page.get_by_label("Reviewer").press("Enter")
    for key in "jajx":
        shown.page.keyboard.press(key)
    command_json("reviews", "add", str(save(shown, tmp_path)))
    code, _ = command_json("reviews", "apply", str(outbox))
    assert code == 0
    again = watch(browser)
    again.page.goto((outbox / "reports" / "A-1.abababab.reviewed.html").as_uri())
    again.page.wait_for_selector("#review tbody tr")
    assert [row[0] for row in decided(again)] == ["accepted", "rejected"]
    assert decided(again)[0][6].startswith(HOSTILE)
    assert again.page.locator("tr[data-on] .tag").all_inner_texts() == ["accepted", "rejected"]
    page = tmp_path / "field.html"
    command_json("field", str(outbox), "--out", str(page))
    again.page.goto(page.as_uri())
    again.page.locator("tr.file button").click()
    assert "Reviewed: 1 accepted, 1 rejected" in again.page.locator("tr.detail").inner_text()
    assert again.complaints == []
    again.page.context.close()


def test_an_interval_is_redrawn_and_one_added_with_the_mouse(opened, tmp_path) -> None:
    shown = opened(*two_flags())
    shown.page.get_by_label("Reviewer").fill("B")
    shown.page.locator("tr[data-on]").last.click()
    shown.page.wait_for_timeout(100)
    figure = shown.page.locator(".figure")
    before = figure.get_attribute("data-y0")
    box = shown.page.locator("canvas.over").bounding_box()
    for button, low, high in (("Redraw (e)", 0.5, 0.6), ("Add (i)", 0.7, 0.8)):
        shown.page.get_by_role("button", name=button).click()
        box = shown.page.locator("canvas.over").bounding_box()
        shown.page.mouse.move(box["x"] + 300, box["y"] + low * box["height"])
        shown.page.mouse.down()
        shown.page.mouse.move(box["x"] + 300, box["y"] + high * box["height"], steps=3)
        shown.page.mouse.up()
    assert figure.get_attribute("data-y0") == before, "the drag marks, it does not zoom"
    shown.page.get_by_label("Curves").fill("RHOB, NOPE")
    shown.page.get_by_role("button", name="Save (s)").click()
    assert "names NOPE" in shown.page.get_by_role("status").inner_text()
    shown.page.get_by_label("Curves").fill("RHOB, GR")
    shown.page.get_by_label("Reason").fill("washout")
    shown.page.get_by_label("Reason").press("Enter")
    review = json.loads(save(shown, tmp_path).read_text())
    redrawn, added = review["decisions"]
    assert (redrawn["action"], added["action"]) == ("redraw", "add")
    assert redrawn["flagged_top_m"] == pytest.approx(1000 + 699.5 * STEP, abs=1e-3)
    assert redrawn["top_m"] > redrawn["flagged_top_m"] and redrawn["top_m"] < redrawn["base_m"] < added["top_m"]
    assert (added["flagged_top_m"], added["curves"], added["reason"]) == (None, ["RHOB", "GR"], "washout")


def test_a_decision_is_undone_and_typed_depths_count(opened, tmp_path) -> None:
    shown = opened(*two_flags())
    shown.page.get_by_label("Reviewer").fill("C")
    shown.page.get_by_label("Reviewer").press("Enter")
    keys = shown.page.keyboard
    for key in "jau":
        keys.press(key)
    assert decided(shown) == []
    keys.press("i")
    shown.page.get_by_label("Top (m)").fill("1010")
    shown.page.get_by_label("Base (m)").fill("1009")
    shown.page.get_by_label("Curves").fill("GR")
    shown.page.get_by_label("Curves").press("Enter")
    keys.press("s")
    assert "top above its base" in shown.page.get_by_role("status").inner_text()
    shown.page.get_by_label("Base (m)").fill("1012.5")
    shown.page.get_by_label("Base (m)").press("Enter")
    (one,) = json.loads(save(shown, tmp_path).read_text())["decisions"]
    assert (one["top_m"], one["base_m"]) == (1010, 1012.5)


def test_hostile_names_and_notes_stay_text(opened, tmp_path) -> None:
    well, scores = two_flags()
    scores = dataclasses.replace(scores, reason=tuple(HOSTILE if reason else "" for reason in scores.reason))
    shown = opened(dataclasses.replace(well, name=HOSTILE), scores)
    shown.page.get_by_label("Reviewer").fill(HOSTILE)
    shown.page.get_by_label("Reviewer").press("Enter")
    for key in "jan":
        shown.page.keyboard.press(key)
    shown.page.keyboard.type(HOSTILE)
    shown.page.keyboard.press("Enter")
    path = save(shown, tmp_path)
    shown.page.get_by_label("Load a saved review").set_input_files(path)
    shown.page.wait_for_selector("#review tbody tr:nth-child(2)")
    assert [row[5] for row in decided(shown)] == [HOSTILE, HOSTILE]
    assert json.loads(path.read_text())["well"] == HOSTILE
    assert shown.page.locator("main img").count() == 0


def test_another_wells_review_and_other_files_are_refused(opened, tmp_path) -> None:
    shown = opened(*two_flags())
    load = shown.page.get_by_label("Load a saved review")
    (tmp_path / "other.json").write_text(json.dumps({"sondeflow_review": 1, "sha256": "cd" * 32, "decisions": []}))
    (tmp_path / "letter.json").write_text("Dear all,")
    for name, said in (("other.json", "of another file"), ("letter.json", "is no review")):
        load.set_input_files(tmp_path / name)
        shown.page.wait_for_timeout(100)
        assert said in shown.page.get_by_role("status").inner_text()
    assert decided(shown) == []
    assert np.isfinite(two_flags()[1].score).all()
