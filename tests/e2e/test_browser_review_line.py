"""A line is reviewed in a real browser with the network cut: ranges of traces by keys and mouse, kept and shown."""

from __future__ import annotations

import dataclasses
import json

from aemodels.core.types import Recording, Scores
from helpers.recordings import make_line
from helpers.report_steps import HOSTILE, decided, save, write_report
from helpers.scored_field import publish, scores_of

pytest_plugins = ("helpers.browser_fixtures", "helpers.flow_fixtures")


def two_ranges(first: int = 0) -> tuple[Recording, Scores]:
    """A line, or a part of one from a trace on, with traces 20 to 22 dead and 40 noisy, counted from its first."""
    line = make_line("L-1")
    channels = tuple(
        dataclasses.replace(channel, headers=channel.headers | {"trace": first + number})
        for number, channel in enumerate(line.channels)
    )
    source = dataclasses.replace(line.source, sha256="ab" * 32)
    line = dataclasses.replace(line, source=source, channels=channels)
    scores = scores_of(line, slice(20, 23), "dead")
    score, reason = scores.score.copy(), list(scores.reason)
    score[40], reason[40] = 4.0, "noisy"
    return line, dataclasses.replace(scores, score=score, channel_score=score[:, None], reason=tuple(reason))


def test_a_review_by_keyboard_is_kept_and_shown_again_in_report_and_field_page(
    opened, command_json, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    outbox, (line, scores) = tmp_path / "outbox", two_ranges()
    publish(outbox, line, slice(20, 23), "dead")
    report = outbox / "reports" / "L-1.abababab.html"
    write_report(report, line, scores)
    shown = opened(line, scores)
    shown.page.get_by_label("Reviewer").fill(HOSTILE)
    shown.page.get_by_label("Reviewer").press("Enter")
    keys = shown.page.keyboard
    for key in "jajxn":
        keys.press(key)
    keys.type("ground roll, real")
    keys.press("Enter")
    path = save(shown, tmp_path)
    review = json.loads(path.read_text())
    assert path.name == "L-1.abababab.review.json"
    accepted, rejected = review["decisions"]
    assert accepted == {
        "action": "accept",
        "first_trace": 20,
        "last_trace": 22,
        "flagged_first_trace": 20,
        "flagged_last_trace": 22,
        "reason": "dead",
        "note": "",
    }
    assert (rejected["action"], rejected["first_trace"], rejected["note"]) == ("reject", 40, "ground roll, real")
    code, answer = command_json("reviews", "add", str(path), str(path))
    assert (code, [row["result"] for row in answer["reviews"]]) == (0, ["kept", "known"])
    code, answer = command_json("reviews", "apply", str(outbox))
    assert (code, answer["wells"][0]["problems"]) == (0, [])
    again = opened(line, scores, report.with_name("L-1.abababab.reviewed.html"))
    assert [row[:4] for row in decided(again)] == [
        ["accepted", "20", "22", "dead"],
        ["rejected", "40", "40", "noisy"],
    ]
    assert decided(again)[1][5] == f"{HOSTILE}, {review['made_at'][:10]}"
    assert again.page.locator("tr[data-first] .tag").all_inner_texts() == ["accepted", "rejected"]
    page = tmp_path / "field.html"
    command_json("field", str(outbox), "--out", str(page))
    again.page.goto(page.as_uri())
    again.page.locator("tr.file button").click()
    assert "Reviewed: 1 accepted, 1 rejected" in again.page.locator("tr.detail").inner_text()


def test_a_range_is_redrawn_and_one_added_with_the_mouse(opened, tmp_path) -> None:
    shown = opened(*two_ranges())
    shown.page.get_by_label("Reviewer").fill("B")
    shown.page.get_by_role("button", name="Add (i)").click()
    box, figure = shown.page.locator("canvas.over").bounding_box(), shown.page.locator(".figure")
    panel = (box["width"] - 62 - 70 - 2 * 18) / 3  # of the first of three sections, see assets/section.js
    place = [box["x"] + 62 + panel * (trace + 0.5) / 60 for trace in (30, 35)]
    before = figure.get_attribute("data-x1")
    shown.page.mouse.move(place[0], box["y"] + 300)
    shown.page.mouse.down()
    shown.page.mouse.move(place[1], box["y"] + 300, steps=3)
    shown.page.mouse.up()
    assert figure.get_attribute("data-x1") == before, "the drag marks, it does not zoom"
    shown.page.get_by_label("Reason").fill("spiky")
    shown.page.locator("tr[data-first]").first.click()
    shown.page.get_by_role("button", name="Redraw (e)").click()
    for value, said in (("19.5", "needs whole numbers"), ("60", "beyond the traces of this report, 0 to 59")):
        shown.page.get_by_label("Last trace").fill(value)
        shown.page.get_by_role("button", name="Save (s)").click()
        assert said in shown.page.get_by_role("status").inner_text()
    shown.page.get_by_label("Last trace").fill("25")
    shown.page.get_by_label("Last trace").press("Enter")
    added, redrawn = json.loads(save(shown, tmp_path).read_text())["decisions"]
    assert (added["first_trace"], added["last_trace"], added["reason"]) == (30, 35, "spiky")
    assert added["flagged_first_trace"] is None
    assert (redrawn["action"], redrawn["first_trace"], redrawn["last_trace"]) == ("redraw", 20, 25)
    assert redrawn["flagged_last_trace"] == 22
    blue = """canvas => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, 125 * (devicePixelRatio || 1));
        const blue = i => data[i] === 0 && data[i + 1] === 114 && data[i + 2] === 178;
        return data.filter((value, i) => i % 4 === 0 && blue(i)).length;
    }"""
    assert shown.page.locator("canvas.base").evaluate(blue) > 100, "both are marked above the sections"


def test_the_traces_of_a_part_of_a_line_are_those_of_the_file(opened, tmp_path) -> None:
    shown = opened(*two_ranges(first=5000))
    shown.page.get_by_label("Reviewer").fill("C")
    shown.page.get_by_label("Reviewer").press("Enter")
    for key in "ja":
        shown.page.keyboard.press(key)
    shown.page.wait_for_selector(".figure[data-x0='8']")  # the range with twelve traces on either side
    (one,) = json.loads(save(shown, tmp_path).read_text())["decisions"]
    assert (one["first_trace"], one["last_trace"]) == (5020, 5022)
