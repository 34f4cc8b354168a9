"""Scorecard of an outbox: summaries of its files, the page, and the tables beside it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from aemodels.core.errors import DataError
from aemodels.core.progress import tell
from aemodels.field.duplicates import Duplicate
from aemodels.field.repeats import depth_offset
from aemodels.field.scorecard import Scorecard, make_scorecard
from aemodels.field.summary import FileSummary
from aemodels.field.tables import scorecard_json
from aemodels.io.files.atomic import atomic_path
from aemodels.report.html.field import render_field
from tasks.field.cache import forget, keep, kept, open_cache
from tasks.field.score_files import (
    ScoreFile,
    count_reviews,
    list_quarantined,
    list_score_files,
    read_curve,
    summarise_score_file,
)
from tasks.settings import Settings

SUMMARY, REPEAT = "summary ", "repeat "
BATCH = 200  # files after which the cache is written
COMPARED = ("GR", "RHOB", "DTC", "NPHI", "RDEP")  # curves to align two runs by, best first


class FieldRequest(BaseModel):
    """Request for the scorecard of an outbox."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outbox: Path = Field(description="folder that `sondeflow score` wrote to")
    out: Path = Field(default=Path("field.html"), description="page to write; the tables are written beside it")
    title: str = Field(default="Field scorecard", description="heading of the page")


class FieldResult(BaseModel):
    """Paths of page and tables, counts, the ranking, and score files that could not be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: str
    tables: tuple[str, ...]
    wells: int
    lines: int
    quarantined: int
    read: int
    duplicates: int
    unreadable: tuple[str, ...]
    files: tuple[dict[str, Any], ...]


def make_field(request: FieldRequest, settings: Settings) -> FieldResult:
    """Write the scorecard of an outbox; only files that are new or were written again are read.

    Raises:
        DataError: if the folder is not an outbox, or none of its score files can be read.
    """
    with open_cache(settings.home / "field", request.outbox) as cache:
        listed = list_score_files(request.outbox)
        summaries, read, unreadable = _summaries(cache, request.outbox, listed)
        if not summaries and (unreadable or not listed):
            raise DataError(f"{request.outbox}: {unreadable[0] if unreadable else 'nothing has been scored yet'}")
        states = {file.path: file.state for file in listed}

        def repeats(ranked: Sequence[FileSummary], pairs: Sequence[tuple[int, int]]) -> list[Duplicate]:
            return _repeats(cache, request.outbox, [(ranked[a], ranked[b], a, b) for a, b in pairs], states)

        card = make_scorecard(summaries, list_quarantined(request.outbox), repeats)
        card = dataclasses.replace(card, reviews=count_reviews(request.outbox))
    whole = scorecard_json(card)
    return FieldResult(
        page=str(request.out),
        tables=_write(request, card, whole),
        wells=sum(file.kind == "logs" for file in card.files),
        lines=sum(file.kind == "seismic" for file in card.files),
        quarantined=len(card.quarantined),
        read=read,
        duplicates=len(card.duplicates),
        unreadable=tuple(unreadable),
        files=tuple(whole["files"]),
    )


def _summaries(cache: Any, outbox: Path, listed: Sequence[ScoreFile]) -> tuple[list[FileSummary], int, list[str]]:
    """Return the summaries, the number of files that were read for them, and what was wrong with the others."""
    known = kept(cache, SUMMARY)
    forget(cache, set(known) - {SUMMARY + file.path for file in listed})
    summaries, unreadable, fresh, read = [], [], {}, 0
    for file in listed:
        cached = _cached(known.get(SUMMARY + file.path), file)
        if cached is not None:
            summaries.append(cached)
            continue
        try:
            summary = summarise_score_file(outbox, file)
        except DataError as error:
            unreadable.append(str(error))
            continue
        summaries.append(summary)
        fresh[SUMMARY + file.path] = (file.state, summary.to_json())
        read += 1
        if len(fresh) == BATCH:
            tell("read %d of %d score files", len(summaries), len(listed))
            keep(cache, fresh)
            cache.commit()
            fresh = {}
    keep(cache, fresh)
    return summaries, read, unreadable


def _cached(entry: tuple[str, str] | None, file: ScoreFile) -> FileSummary | None:
    """Return the summary of the cache, if it is of the file as it is now."""
    if entry is None or entry[0] != file.state:
        return None
    try:
        return FileSummary.from_json(json.loads(entry[1]))
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def _repeats(
    cache: Any, outbox: Path, pairs: Sequence[tuple[FileSummary, FileSummary, int, int]], states: dict[str, str]
) -> list[Duplicate]:
    """Return the files of one well that hold different readings of the same rock, with their depth offsets."""
    known, fresh, out = kept(cache, REPEAT), {}, []
    for one, other, first, second in pairs:
        name, state = f"{REPEAT}{one.scores} {other.scores}", states[one.scores] + states[other.scores]
        cached_state, text = known.get(name, ("", ""))
        found = json.loads(text) if cached_state == state else _offset(outbox, one, other)
        if cached_state != state:
            fresh[name] = (state, found)
        if found is not None:
            curve, shift, correlation = found
            out.append(Duplicate(first, second, (curve,), "repeat or second run", correlation, shift))
    keep(cache, fresh)
    return out


def _offset(outbox: Path, one: FileSummary, other: FileSummary) -> tuple[str, float, float] | None:
    """Return the curve by which two logs were aligned, the shift in m, and the correlation."""
    both = {c.name for c in one.curves if c.observed} & {c.name for c in other.curves if c.observed}
    for curve in COMPARED:
        if curve in both:
            found = depth_offset(read_curve(outbox, one.scores, curve), read_curve(outbox, other.scores, curve))
            if found is not None:
                return curve, *found
    return None


def _write(request: FieldRequest, card: Scorecard, whole: Mapping[str, Any]) -> tuple[str, ...]:
    """Write the page, and JSON (`whole`) and Parquet beside it; return the paths of the tables."""
    import pyarrow.parquet as pq

    from tasks.field.rows_table import rows_table

    base = request.out.with_suffix("")
    tables = tuple(base.with_name(base.name + end) for end in (".json", ".parquet", ".curves.parquet"))
    with atomic_path(request.out) as path:
        path.write_text(
            render_field(card, title=request.title, page=request.out, outbox=request.outbox), encoding="utf-8"
        )
    with atomic_path(tables[0]) as path:
        path.write_text(json.dumps(whole, ensure_ascii=False) + "\n", encoding="utf-8", errors="replace")
    for target, listed in ((tables[1], whole["files"]), (tables[2], whole["curves"])):
        with atomic_path(target) as path:
            pq.write_table(rows_table(listed), path, compression="zstd")
    return tuple(str(path) for path in tables)
