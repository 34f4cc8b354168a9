"""Tables of a scorecard: a row per file, a row per curve, and everything as JSON."""

from __future__ import annotations

from typing import Any

from aemodels.field.scorecard import Scorecard, bin_depths

Row = dict[str, Any]
_COPIED = ("name", "kind", "source", "sha256", "bundle", "scores", "report", "contractor", "year", "top", "base")
_LENGTHS = ("scored", "flagged", "suspect", "not_judged", "bad_hole")
_OF_CURVES = (
    "mnemonic",
    "tool",
    "top",
    "base",
    "observed",
    "gaps",
    "gap",
    "flagged",
    "stuck",
    "interpolated",
    "outside",
    "noise",
)


def file_rows(card: Scorecard) -> list[Row]:
    """Return a row per file, most in need of eyes first; lengths in m, or traces of a line."""
    return [
        {
            "rank": rank + 1,
            "attention": round(sum(card.attention[rank].values()), 1),
            **{name: getattr(file, name) for name in (*_COPIED, *_LENGTHS)},
            "share_flagged": round(file.flagged / file.scored, 5) if file.scored else 0.0,
            "reasons": dict(file.reasons),
            "because": dict(card.attention[rank]),
            "curves": len([curve for curve in file.curves if curve.observed]),
            "errors": file.count("error"),
            "warnings": file.count("warning"),
            "reviews": dict(card.reviews.get(file.sha256, {})),
            "unfamiliar_well": file.has("unfamiliar"),
            "unfamiliar_curves": list(file.unfamiliar),
        }
        for rank, file in enumerate(card.files)
    ]


def curve_rows(card: Scorecard) -> list[Row]:
    """Return a row per curve of a well, in the order of the ranking; lengths in m, shares from 0 to 1.

    Of curves that are not scored, flagged length, noise and drift are None.
    """
    return [
        {
            "rank": rank + 1,
            "well": file.name,
            "sha256": file.sha256,
            "curve": curve.name,
            "scored": scored,
            **{name: getattr(curve, name) for name in _OF_CURVES},
            **({} if scored else {"flagged": None, "noise": None}),
            "completeness": None if curve.extent <= 0 else round(curve.observed / curve.extent, 4),
            "quality": None if (quality := curve.quality) is None else round(quality, 4),
            "drift": card.drift[rank].get(curve.name) if scored else None,
        }
        for rank, file in enumerate(card.files)
        for scored, curves in ((True, file.curves), (False, file.others))
        for curve in curves
    ]


def duplicate_rows(card: Scorecard) -> list[Row]:
    """Return a row per pair of files that share readings."""
    return [
        {
            "first": card.files[one.first].name,
            "second": card.files[one.second].name,
            "first_rank": one.first + 1,
            "second_rank": one.second + 1,
            "first_source": card.files[one.first].source,
            "second_source": card.files[one.second].source,
            "what": one.what,
            "curves": list(one.curves),
            "share": one.share,
            "shift_m": one.shift,
        }
        for one in card.duplicates
    ]


def scorecard_json(card: Scorecard) -> Row:
    """Return the whole scorecard as JSON values."""
    deepest = max((len(counts) for counts in card.coverage.values()), default=0)
    return {
        "files": file_rows(card),
        "curves": curve_rows(card),
        "duplicates": duplicate_rows(card),
        "groups": {name: list(rows) for name, rows in card.groups.items()},
        "coverage": {
            "tops_m": bin_depths(deepest),
            "wells": {name: list(counts) for name, counts in card.coverage.items()},
        },
        "quarantined": list(card.quarantined),
    }
