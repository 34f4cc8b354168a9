"""A review as it is saved from a report: one JSON document per sitting of one person at one well or line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from aemodels.core.errors import DataError
from aemodels.core.types import Kind

SUFFIX = ".review.json"  # end of the name of a review saved from a report
MAX_BYTES = 5_000_000
MAX_DECISIONS = 10_000
MAX_TRACE = 2**40
OF_DEPTHS, OF_TRACES = "depths", "traces"  # what decisions are about; in messages of pydantic, and nowhere stored
Action: TypeAlias = Literal["accept", "reject", "redraw", "add"]


def _plain(text: str) -> str:
    r"""Refuse what no database stores: NUL and lone surrogates."""
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("a text holds a NUL or half a character")
    return text


Text: TypeAlias = Annotated[str, AfterValidator(_plain)]
Depth: TypeAlias = Annotated[float, Field(ge=-2000.0, le=20000.0, allow_inf_nan=False)]
Trace: TypeAlias = Annotated[int, Field(ge=0, le=MAX_TRACE)]


class Decision(BaseModel):
    """Decision of a reviewer on one depth interval of a well.

    Args:
        action: "accept": the flag is right; "reject": it is wrong; "redraw": something is wrong there, but between
            other depths; "add": something is wrong that was not flagged.
        top_m, base_m: the interval, m; of a redrawn one the new depths.
        flagged_top_m, flagged_base_m: the flagged interval; None of an added one.
        curves: names of the affected curves, at least one unless the flag named none.
        reason: kind of fault, or a word of the reviewer's; of a rejected flag the reason that it named.
        note: free text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    top_m: Depth
    base_m: Depth
    flagged_top_m: Depth | None = None
    flagged_base_m: Depth | None = None
    curves: tuple[Annotated[Text, Field(min_length=1, max_length=60)], ...] = Field(default=(), max_length=60)
    reason: Text = Field(default="", max_length=200)
    note: Text = Field(default="", max_length=4000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.top_m >= self.base_m:
            raise ValueError(f"top_m is {self.top_m} and base_m {self.base_m}; expected a top above the base")
        flagged = (self.flagged_top_m, self.flagged_base_m)
        if self.action == "add":
            if flagged != (None, None):
                raise ValueError("an added interval has no flagged_top_m and flagged_base_m")
        elif None in flagged:
            raise ValueError(f"{self.action} needs flagged_top_m and flagged_base_m, the interval that was flagged")
        return self

    @property
    def interval(self) -> tuple[float | None, float | None, float, float]:
        """Interval that the decision is about, by which a later decision on the same one replaces it."""
        if self.action == "add":
            return None, None, self.top_m, self.base_m
        return self.flagged_top_m, self.flagged_base_m, 0.0, 0.0

    @property
    def extent(self) -> tuple[float, float]:
        """Ends of the interval, m."""
        return self.top_m, self.base_m


class TraceDecision(BaseModel):
    """Decision of a reviewer on a range of traces of a line.

    Args:
        action: as of `Decision`.
        first_trace, last_trace: the range with both ends, traces of the file counted from 0; of a redrawn one the new
            range.
        flagged_first_trace, flagged_last_trace: the flagged range; None of an added one.
        reason, note: as of `Decision`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    first_trace: Trace
    last_trace: Trace
    flagged_first_trace: Trace | None = None
    flagged_last_trace: Trace | None = None
    reason: Text = Field(default="", max_length=200)
    note: Text = Field(default="", max_length=4000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.first_trace > self.last_trace:
            raise ValueError(
                f"first_trace is {self.first_trace} and last_trace {self.last_trace}; expected a first trace that is "
                "not behind the last"
            )
        flagged = (self.flagged_first_trace, self.flagged_last_trace)
        if self.action == "add":
            if flagged != (None, None):
                raise ValueError("an added range has no flagged_first_trace and flagged_last_trace")
        elif None in flagged:
            raise ValueError(
                f"{self.action} needs flagged_first_trace and flagged_last_trace, the range that was flagged"
            )
        return self

    @property
    def curves(self) -> tuple[str, ...]:
        """Nothing: a line has no curves."""
        return ()

    @property
    def interval(self) -> tuple[float | None, float | None, float, float]:
        """Range that the decision is about, by which a later decision on the same one replaces it."""
        if self.action == "add":
            return None, None, self.first_trace, self.last_trace
        return self.flagged_first_trace, self.flagged_last_trace, 0.0, 0.0

    @property
    def extent(self) -> tuple[float, float]:
        """Ends of the range, half a trace beyond its outer ones."""
        return self.first_trace - 0.5, self.last_trace + 0.5


def _subject(decision: Any) -> str:
    """Return what a decision is about, given it or its JSON values."""
    if isinstance(decision, dict):
        return OF_TRACES if "first_trace" in decision or "last_trace" in decision else OF_DEPTHS
    return OF_TRACES if isinstance(decision, TraceDecision) else OF_DEPTHS


AnyDecision: TypeAlias = Annotated[
    Annotated[Decision, Tag(OF_DEPTHS)] | Annotated[TraceDecision, Tag(OF_TRACES)], Discriminator(_subject)
]


class Review(BaseModel):
    """Decisions of one person on one scored well or line, saved at one time.

    Args:
        sondeflow_review: version of the format, 1.
        sha256: of the input that was scored.
        well: name of the well or line.
        file: name of the file.
        bundle: name and version of the bundle whose flags were reviewed.
        author: the person.
        made_at: when it was saved, with a time zone.
        decisions: at least one; of a well on depths, of a line on traces.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sondeflow_review: Literal[1]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    well: Text = Field(default="", max_length=500)
    file: Text = Field(default="", max_length=500)
    bundle: Text = Field(default="", max_length=300)
    author: Text = Field(min_length=1, max_length=200, pattern=r"\S")
    made_at: datetime
    decisions: tuple[AnyDecision, ...] = Field(min_length=1, max_length=MAX_DECISIONS)

    @model_validator(mode="after")
    def _at_a_known_time(self) -> Self:
        if self.made_at.tzinfo is None:
            raise ValueError("made_at has no time zone, e.g. 2026-01-31T06:00:00Z")
        return self

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if len({type(decision) for decision in self.decisions}) > 1:
            raise ValueError("some decisions are on depths and others on traces; expected those of one well or line")
        return self

    @property
    def kind(self) -> Kind:
        """Kind of the recording that was reviewed: "logs" or "seismic"."""
        return "seismic" if isinstance(self.decisions[0], TraceDecision) else "logs"

    @property
    def text(self) -> str:
        """The document as JSON; equal reviews have equal texts, however their files are laid out."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=True, separators=(",", ":"))

    @property
    def content_hash(self) -> str:
        """Hash of the document, by which it is kept once."""
        return hashlib.sha256(self.text.encode("ascii")).hexdigest()


def is_review(name: str) -> bool:
    """Return True for the name of a review saved from a report.

    >>> is_review("W-1.0a1b2c3d.review.json"), is_review("W-1.json")
    (True, False)
    """
    return name.lower().endswith(SUFFIX)


def parse_review(content: bytes, name: str) -> Review:
    """Return the review in the bytes of a file.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        DataError: if it is no review, with the field, the value and what was expected.
    """
    if len(content) > MAX_BYTES:
        raise DataError(f"{name}: {len(content):,} bytes; expected a review of at most {MAX_BYTES:,}")
    try:
        values = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name}: {error}; expected a review saved from a report (JSON); save it again") from error
    if not isinstance(values, dict) or "sondeflow_review" not in values:
        raise DataError(f"{name}: no field `sondeflow_review`; expected a review saved from a report (JSON)")
    try:
        return Review.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part not in {OF_DEPTHS, OF_TRACES}) or "the review"
        shown = "" if isinstance(first["input"], dict | list) else f"{first['input']!r:.80}, "
        more = f" ({error.error_count() - 1} more problems)" if error.error_count() > 1 else ""
        raise DataError(f"{name}: {where}: {shown}{first['msg']}{more}; save the review again") from error


def latest_decisions(reviews: Sequence[Review]) -> list[tuple[Review, AnyDecision]]:
    """Return the last decision of each author on each interval of each content, with its review, by time.

    Earlier ones are kept in their reviews; they only count no longer.
    """
    found: dict[tuple[Any, ...], tuple[Review, AnyDecision]] = {}
    for review in sorted(reviews, key=lambda one: (one.made_at, one.content_hash)):
        for decision in review.decisions:
            key = (review.sha256, review.author, *decision.interval)
            found.pop(key, None)
            found[key] = (review, decision)
    return list(found.values())


def decision_rows(reviews: Sequence[Review]) -> list[dict[str, Any]]:
    """Return a row per decision that counts, for tables: a labelled set of intervals of wells and of ranges of lines.

    Fields that only the other kind has are None.
    """
    fields = dict.fromkeys((*Decision.model_fields, *TraceDecision.model_fields))
    return [
        {
            "sha256": review.sha256,
            "well": review.well,
            "file": review.file,
            "bundle": review.bundle,
            "author": review.author,
            "made_at": review.made_at.isoformat(),
            "review": review.content_hash,
            "kind": review.kind,
            **{**fields, **decision.model_dump(mode="json"), "curves": ", ".join(decision.curves)},
        }
        for review, decision in latest_decisions(reviews)
    ]
