"""Reviews are validated with the field and the value, and are equal if they say the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aemodels.core.errors import DataError
from aemodels.review.document import MAX_BYTES, decision_rows, latest_decisions, parse_review

FLAG = {"flagged_top_m": 100.0, "flagged_base_m": 104.5}
ACCEPT = {
    "action": "accept",
    "top_m": 100.0,
    "base_m": 104.5,
    **FLAG,
    "curves": ["RHOB"],
    "reason": "stuck",
    "note": "",
}


def document(**changes: Any) -> dict[str, Any]:
    base = {
        "sondeflow_review": 1,
        "sha256": "ab" * 32,
        "well": "A-1",
        "file": "A-1.las",
        "bundle": "logs-v1",
        "author": "A. Petrophysicist",
        "made_at": "2026-01-31T06:00:00Z",
        "decisions": [ACCEPT],
    }
    return base | changes


def parse(**changes: Any):
    return parse_review(json.dumps(document(**changes)).encode(), "r.json")


def test_a_review_is_read() -> None:
    review = parse()
    assert (review.author, review.decisions[0].action, review.decisions[0].curves) == (
        "A. Petrophysicist",
        "accept",
        ("RHOB",),
    )


def test_the_layout_of_the_file_makes_no_difference_but_its_content_does() -> None:
    packed = json.dumps(document(), separators=(",", ":")).encode()
    turned = json.dumps(dict(reversed(document().items())), indent=4).encode()
    assert parse_review(packed, "a").content_hash == parse_review(turned, "b").content_hash
    assert parse().content_hash == parse_review(parse().text.encode(), "kept").content_hash
    assert parse(author="B").content_hash != parse().content_hash


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sondeflow_review": 2}, "sondeflow_review"),
        ({"sha256": "xyz"}, "sha256: 'xyz'"),
        ({"author": " "}, "author"),
        ({"author": "a\x00b"}, "NUL"),
        ({"made_at": "2026-01-31T06:00:00"}, "time zone"),
        ({"decisions": []}, "decisions"),
        ({"decisions": [{**ACCEPT, "action": "shrug"}]}, "decisions.0.action: 'shrug'"),
        ({"decisions": [{**ACCEPT, "base_m": 99.0}]}, "expected a top above the base"),
        ({"decisions": [{**ACCEPT, "top_m": 1e9}]}, "decisions.0.top_m"),
        ({"decisions": [{**ACCEPT, "flagged_top_m": None}]}, "needs flagged_top_m"),
        ({"decisions": [{**ACCEPT, "action": "add"}]}, "added interval has no flagged_top_m"),
        ({"decisions": [{**ACCEPT, "note": "x" * 5000}]}, "decisions.0.note"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=r"r\.json") as error:
        parse(**changes)
    assert said in str(error.value)


@pytest.mark.parametrize("content", [b"", b"Dear all,", b"[1]", b'{"a": 1}', b"\xff\xfe", b"[" * 100_000, b"NaN"])
def test_other_files_are_no_reviews(content: bytes) -> None:
    with pytest.raises(DataError, match="expected a review"):
        parse_review(content, "r.json")


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(DataError, match="at most"):
        parse_review(b" " * (MAX_BYTES + 1), "r.json")


def test_nan_is_no_depth() -> None:
    text = json.dumps(document(decisions=[{**ACCEPT, "top_m": float("nan")}]))
    with pytest.raises(DataError, match="top_m"):
        parse_review(text.encode(), "r.json")


def test_the_last_decision_of_each_author_on_an_interval_counts() -> None:
    later = {"made_at": "2026-02-01T06:00:00Z"}
    reject = {**ACCEPT, "action": "reject"}
    redraw = {**ACCEPT, "action": "redraw", "top_m": 101.0}
    added = {"action": "add", "top_m": 300.0, "base_m": 301.0, "curves": ["GR"]}
    reviews = [
        parse(decisions=[reject, added], **later),
        parse(),
        parse(author="B", decisions=[redraw]),
    ]
    found = [(review.author, decision.action) for review, decision in latest_decisions(reviews)]
    assert sorted(found) == [("A. Petrophysicist", "add"), ("A. Petrophysicist", "reject"), ("B", "redraw")]
    rows = decision_rows(reviews)
    assert {row["curves"] for row in rows} == {"RHOB", "GR"}
    assert len({row["review"] for row in rows}) == 2


@given(note=st.text(max_size=200), author=st.text(min_size=1, max_size=50).filter(str.strip))
def test_any_text_is_kept_or_refused(note: str, author: str) -> None:
    content = json.dumps(document(author=author, decisions=[{**ACCEPT, "note": note}])).encode()
    try:
        review = parse_review(content, "r.json")
    except DataError:
        assert "\x00" in note + author or any("\ud800" <= c <= "\udfff" for c in note + author) or not author.strip()
        return
    again = parse_review(review.text.encode("ascii"), "kept")
    assert (again, again.decisions[0].note, again.author) == (review, note, author)


RANGE = {"action": "accept", "first_trace": 20, "last_trace": 22, "flagged_first_trace": 20, "flagged_last_trace": 22}


def test_a_review_of_a_line_is_about_traces() -> None:
    added = {"action": "add", "first_trace": 40, "last_trace": 40, "reason": "dead"}
    review = parse(well="L-1", decisions=[RANGE, added])
    assert (review.kind, parse().kind) == ("seismic", "logs")
    assert [decision.extent for decision in review.decisions] == [(19.5, 22.5), (39.5, 40.5)]
    assert parse_review(review.text.encode(), "kept") == review
    (first, _), line, well = decision_rows([review]), decision_rows([review])[1], decision_rows([parse()])[0]
    assert (first["first_trace"], first["last_trace"], first["top_m"], first["curves"]) == (20, 22, None, "")
    assert (line["kind"], line["reason"], line["flagged_first_trace"]) == ("seismic", "dead", None)
    assert (well["top_m"], well["first_trace"]) == (100.0, None)
    assert set(first) == set(well), "one table holds both"


def test_the_hash_of_a_review_of_a_well_is_that_of_earlier_versions() -> None:
    """Reviews are kept by it: another one would keep them twice."""
    assert [*json.loads(parse().text)["decisions"][0]] == sorted(ACCEPT)
    assert parse().content_hash == "802d4a675e6551d00d4dcf29e68100a17636420414117e1987341cb2d1007ca5"


@pytest.mark.parametrize(
    ("decisions", "said"),
    [
        ([RANGE | {"last_trace": 19}], "decisions.0: Value error, first_trace is 20 and last_trace 19"),
        ([RANGE | {"first_trace": 1.5}], "decisions.0.first_trace: 1.5"),
        ([RANGE | {"first_trace": -1}], "decisions.0.first_trace: -1"),
        ([RANGE | {"curves": ["GR"]}], "decisions.0.curves"),
        ([{**RANGE, "flagged_last_trace": None}], "accept needs flagged_first_trace and flagged_last_trace"),
        ([RANGE | {"action": "add"}], "an added range has no flagged_first_trace"),
        ([RANGE, ACCEPT], "some decisions are on depths and others on traces"),
    ],
)
def test_a_bad_review_of_a_line_is_refused_with_field_and_value(decisions, said) -> None:
    with pytest.raises(DataError) as caught:
        parse(decisions=decisions)
    assert said in str(caught.value)
