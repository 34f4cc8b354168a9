"""The HTML report is complete, escapes text from files, and makes no network request."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np

from aemodels.core.findings import Finding
from aemodels.core.types import Channel, Recording, Scores, Source
from aemodels.report.html.report import MAX_ROWS, render_report

HOSTILE = "<script>alert(1)</script><img src='http://x/y.png' onerror=alert(2)>\"&"


class Page(HTMLParser):
    """The tags, attributes and table rows of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self.in_cell = self.in_cell and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.in_cell:
            self.rows[-1][-1] += data


def well(
    flagged: list[int], *, samples: int = 4000, name: str = "A-1", uri: str = "in/a.las"
) -> tuple[Recording, Scores]:
    values = np.ones((2, samples), dtype=np.float32)
    channels = (
        Channel("GR", "gAPI", {"mnemonic": "SGR", "original_unit": "API"}),
        Channel("RHOB", "g/cm3", {"mnemonic": "DEN", "original_unit": "kg/m3"}),
    )
    axis = 1000.0 + 0.5 * np.arange(samples)
    recording = Recording(values, axis, channels, "logs", Source(uri, "ab" * 32), name)
    channel_score = np.zeros((2, samples), dtype=np.float32)
    channel_score[1, flagged] = 7.0
    reason = tuple("stuck" if value else "" for value in channel_score[1])
    denoised = values + np.float32(0.001)
    denoised[1, flagged] = 0.5
    parts = reason, ("GR", "RHOB"), values.copy(), denoised, channel_score
    scores = Scores("logs", channel_score.max(0), 2.0, *parts)
    return recording, scores


def line(flagged: list[int], *, traces: int = 300) -> tuple[Recording, Scores]:
    values = np.random.default_rng(0).normal(size=(traces, 20)).astype(np.float32)
    channels = tuple(
        Channel(f"trace {n}", "amplitude", {"trace": n, "inline": 5, "crossline": 900 + n}) for n in range(traces)
    )
    recording = Recording(values, 0.004 * np.arange(20), channels, "seismic", Source("l.sgy", "cd" * 32), "L-1")
    score = np.zeros(traces, dtype=np.float32)
    score[flagged] = 3.0
    reason = tuple("dead" if value else "" for value in score)
    parts = reason, recording.names, values.copy(), values.copy(), score[:, None].copy()
    return recording, Scores("seismic", score, 1.0, *parts)


def page(
    recording: Recording, scores: Scores, *findings: Finding, label: str = "sondeflow-logs v3"
) -> tuple[str, Page]:
    html = render_report(recording, scores, bundle_label=label, findings=findings)
    return html, Page(html)


def test_a_flagged_interval_is_listed_with_all_its_fields() -> None:
    html, parsed = page(*well([100, 101, 102]))
    assert ["1049.75", "1051.25", "1.50", "RHOB", "stuck", "7", "RHOB +0.5 g/cm3 (337 σ)"] in parsed.rows
    assert "1 interval is flagged, 1.5 m of 2,000.0 m scored (0.1%)" in html
    assert "between 1049.8 and 1051.2 m on RHOB" in html
    assert ["RHOB", "g/cm3", "DEN kg/m3", "100.0%", "0.1%"] in parsed.rows
    assert "sondeflow-logs v3" in parsed.text


def test_intervals_closer_than_a_metre_are_one_row() -> None:
    _, parsed = page(*well([100, 102]))
    assert [row[:3] for row in parsed.rows if "stuck" in row] == [["1049.75", "1051.25", "1.50"]]


def test_at_most_two_hundred_rows_are_listed_and_the_others_counted() -> None:
    html, parsed = page(*well(list(range(0, 4000, 10))))
    assert sum("stuck" in row for row in parsed.rows) == MAX_ROWS == 200
    assert "200 more intervals are not listed here" in html


def test_flagged_traces_carry_their_header_numbers() -> None:
    html, parsed = page(*line([7, 9]))
    assert ["7", "7", "1", "5", "907", "3", "dead"] in parsed.rows
    assert ["9", "9", "1", "5", "909", "3", "dead"] in parsed.rows
    assert "2 of 300 scored traces are flagged (0.7%)" in html


def test_adjacent_traces_with_one_reason_are_one_row() -> None:
    recording, scores = line([7, 8, 9, 11])
    reasons = tuple("noisy" if number == 9 else reason for number, reason in enumerate(scores.reason))
    _, parsed = page(recording, dataclasses.replace(scores, reason=reasons))
    listed = [row for row in parsed.rows if row[-1] in {"dead", "noisy"}]
    assert [(*row[:3], row[4], row[6]) for row in listed] == [
        ("7", "8", "2", "907 to 908", "dead"),
        ("9", "9", "1", "909", "noisy"),
        ("11", "11", "1", "911", "dead"),
    ]


def test_a_line_without_geometry_shows_dashes() -> None:
    recording, scores = line([7])
    bare = tuple(Channel(channel.name) for channel in recording.channels)
    _, parsed = page(dataclasses.replace(recording, channels=bare), scores)
    assert ["7", "7", "1", "–", "–", "3", "dead"] in parsed.rows


def test_the_summary_states_that_nothing_is_flagged() -> None:
    assert "Nothing is flagged in 2,000.0 m scored." in page(*well([]))[0]
    assert "None of 300 scored traces is flagged." in page(*line([]))[0]


def test_the_summary_states_that_nothing_was_scored() -> None:
    recording, scores = well([])
    blank = dataclasses.replace(scores, score=np.full(4000, np.nan, dtype=np.float32))
    assert "Nothing could be scored" in page(recording, blank)[0]


def test_findings_are_listed() -> None:
    finding = Finding("warning", "unknown-unit", "curve NPHI", "pu?", "v/v or %", "mend the unit in line 12")
    _, parsed = page(*well([]), finding)
    assert ["warning", "curve NPHI", "pu? [unknown-unit]", "v/v or %", "mend the unit in line 12"] in parsed.rows


def test_text_from_the_file_is_escaped() -> None:
    recording, scores = well([5], name=HOSTILE, uri=f"in/{HOSTILE.replace('/', '_')}.las")
    channels = (Channel("GR", HOSTILE, {"mnemonic": HOSTILE}), recording.channels[1])
    recording = dataclasses.replace(recording, channels=channels)
    reasons = (HOSTILE if reason else "" for reason in scores.reason)
    scores = dataclasses.replace(scores, reason=tuple(reasons))
    finding = Finding("error", HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    _, parsed = page(recording, scores, finding, label=HOSTILE)
    assert sum(tag == "script" for tag, _ in parsed.tags) == 2, "the data and our own"
    assert not [attributes for _, attributes in parsed.tags if any(key.startswith("on") for key in attributes)]
    assert not [tag for tag, _ in parsed.tags if tag == "img"]
    assert parsed.text.count("<script>alert(1)</script>") >= 8, "the text itself stays readable"


def test_the_page_makes_no_request_and_its_policy_forbids_them() -> None:
    html, parsed = page(*line([7]))
    assert not [key for _, attributes in parsed.tags for key in attributes if key in {"src", "href", "action"}]
    assert not re.search(r"@import|url\(|https?:", html)
    policy = [attributes.get("content", "") for tag, attributes in parsed.tags if tag == "meta"]
    assert any("default-src 'none'" in str(content) for content in policy)


def test_the_figure_contains_the_flagged_intervals_and_the_bad_hole() -> None:
    recording, scores = well([100, 101, 102])
    hole = np.full((2, 4000), 8.5, dtype=np.float32)
    hole[0, 101:300] = 11.0
    channels = (*recording.channels, Channel("CALI", "in"), Channel("BS", "in"))
    recording = dataclasses.replace(recording, values=np.vstack([recording.values, hole]), channels=channels)
    html, parsed = page(recording, scores)
    view = data_block(html)
    assert [(flag["top"], flag["base"], flag["curves"]) for flag in view["flags"]] == [(1049.75, 1051.25, ["RHOB"])]
    assert view["bad"] == [[1050.25, 1149.75]]
    assert view["affected"] == {"RHOB": [[1049.75, 1051.25]]}
    assert [row[7] for row in parsed.rows if "stuck" in row] == ["67%"], "two of three samples lie in the bad hole"


def test_the_model_card_is_a_link_only_if_it_is_an_http_address() -> None:
    recording, scores = well([])
    for card, links in (
        ("http://mlflow:5000/#/models", 1),
        ("models:/sondeflow-logs/3", 0),
        ("javascript:alert(1)", 0),
    ):
        html = render_report(recording, scores, bundle_label="v3", findings=[], card=card)
        parsed = Page(html)
        assert sum(tag == "a" for tag, _ in parsed.tags) == links
        assert card in parsed.text


def test_a_long_well_and_a_large_line_stay_small_pages() -> None:
    recording, scores = well([5, 60_000], samples=200_000)
    html, _ = page(recording, scores)
    assert len(html) < 2_000_000
    recording, scores = line([7, 3000], traces=4000)
    html, parsed = page(recording, scores)
    assert len(html) < 2_000_000
    view = data_block(html)
    assert view["every"] == 4
    assert {7, 3000} <= set(view["indices"]), "a flagged trace stands for its group"
    assert "of every 4 traces the one with the highest score is drawn" in parsed.text


def test_a_part_of_a_line_shows_the_trace_numbers_of_the_file() -> None:
    recording, scores = line([7])
    assert "trace in the file" not in data_block(page(recording, scores)[0])["headers"]
    shifted = tuple(
        dataclasses.replace(c, headers={**c.headers, "trace": 5000 + n}) for n, c in enumerate(recording.channels)
    )
    headers = data_block(page(dataclasses.replace(recording, channels=shifted), scores)[0])["headers"]
    assert headers["trace in the file"][7] == 5007
    assert headers["crossline"][7] == 907


def data_block(html: str) -> dict:
    block = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert block is not None
    return json.loads(block.group(1))
