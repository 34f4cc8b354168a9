"""Scorecard of an outbox: summaries of its files, the page, and the tables beside it."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

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
    read_curve,
    summarise_score_file,
)
from tasks.field.sources import FieldSource, FolderSource
from tasks.settings import Settings

SUMMARY, REPEAT = "summary ", "repeat "
BATCH = 200  # files after which the cache is written
COMPARED = ("GR", "RHOB", "DTC", "NPHI", "RDEP")  # curves to align two runs by, best first
Step: TypeAlias = Callable[[sqlite3.Connection], None]


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


def _nothing(cache: sqlite3.Connection) -> None:
    """Do nothing with the cache."""


def make_field(request: FieldRequest, settings: Settings) -> FieldResult:
    """Write the scorecard of an outbox; only files that are new or were written again are read.

    Raises:
        DataError: if the folder is not an outbox, or none of its score files can be read.
    """
    return make_from(FolderSource(request.outbox), request, settings)


def make_from(
    source: FieldSource, request: FieldRequest, settings: Settings, around: tuple[Step, Step] = (_nothing, _nothing)
) -> FieldResult:
    """Write the scorecard of an outbox that may lie elsewhere.

    Args:
        source: the outbox; its folder is that of the request.
        request: pages and title.
        settings: its home keeps the summaries of what was read.
        around: called with the cache of the summaries before files are read, and after.

    Raises:
        DataError: as `make_field`.
        OSError: if an object store does not answer.
    """
    before, after = around
    with open_cache(settings.home / "field", source.name) as cache:
        listed = source.score_files()
        before(cache)
        summaries, read, unreadable = _summaries(cache, source, listed)
        if not summaries and (unreadable or not listed):
            raise DataError(f"{source.name}: {unreadable[0] if unreadable else 'nothing has been scored yet'}")
        states = {file.path: file.state for file in listed}

        def repeats(ranked: Sequence[FileSummary], pairs: Sequence[tuple[int, int]]) -> list[Duplicate]:
            return _repeats(cache, source, [(ranked[a], ranked[b], a, b) for a, b in pairs], states)

        card = make_scorecard(summaries, list_quarantined(source.folder), repeats)
        card = dataclasses.replace(card, reviews=count_reviews(source.folder))
        after(cache)
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


def _summaries(
    cache: sqlite3.Connection, source: FieldSource, listed: Sequence[ScoreFile]
) -> tuple[list[FileSummary], int, list[str]]:
    """Return the summaries, the number of files that were read for them, and what was wrong with the others."""
    known = kept(cache, SUMMARY)
    forget(cache, set(known) - {SUMMARY + file.path for file in listed})
    cached = ((file, _cached(known.get(SUMMARY + file.path), file)) for file in listed)
    found = {file.path: summary for file, summary in cached if summary is not None}
    new = [file for file in listed if file.path not in found]
    unreadable = []
    for start in range(0, len(new), BATCH):
        batch, fresh = new[start : start + BATCH], {}
        with source.brought([file.path for file in batch]):
            for file in batch:
                try:
                    summary = summarise_score_file(source.folder, file)
                except DataError as error:
                    unreadable.append(str(error))
                    continue
                found[file.path] = summary
                fresh[SUMMARY + file.path] = (file.state, summary.to_json())
        keep(cache, fresh)
        cache.commit()
        if len(new) > BATCH:
            tell("read %d of %d score files", len(found), len(listed))
    return [found[file.path] for file in listed if file.path in found], len(new) - len(unreadable), unreadable


def _cached(entry: tuple[str, str] | None, file: ScoreFile) -> FileSummary | None:
    """Return the summary of the cache, if it is of the file as it is now."""
    if entry is None or entry[0] != file.state:
        return None
    try:
        return FileSummary.from_json(json.loads(entry[1]))
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def _repeats(
    cache: sqlite3.Connection,
    source: FieldSource,
    pairs: Sequence[tuple[FileSummary, FileSummary, int, int]],
    states: dict[str, str],
) -> list[Duplicate]:
    """Return the files of one well that hold different readings of the same rock, with their depth offsets."""
    known, fresh, out = kept(cache, REPEAT), {}, []
    for one, other, first, second in pairs:
        name, state = f"{REPEAT}{one.scores} {other.scores}", states[one.scores] + states[other.scores]
        cached_state, text = known.get(name, ("", ""))
        found = json.loads(text) if cached_state == state else _offset(source, one, other)
        if cached_state != state:
            fresh[name] = (state, found)
        if found is not None:
            curve, shift, correlation = found
            out.append(Duplicate(first, second, (curve,), "repeat or second run", correlation, shift))
    keep(cache, fresh)
    return out


def _offset(source: FieldSource, one: FileSummary, other: FileSummary) -> tuple[str, float, float] | None:
    """Return the curve by which two logs were aligned, the shift in m, and the correlation."""
    both = {c.name for c in one.curves if c.observed} & {c.name for c in other.curves if c.observed}
    with source.brought([one.scores, other.scores]):
        for curve in (curve for curve in COMPARED if curve in both):
            found = depth_offset(*(read_curve(source.folder, file.scores, curve) for file in (one, other)))
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
