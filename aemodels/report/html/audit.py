"""Audit page: flagged intervals with their tracks, for a person to tick whether each flag is right."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from aemodels.core.types import Recording
from aemodels.report.audit import GROUPS, AuditItem
from aemodels.report.figures.audit import interval_tracks
from aemodels.report.html.page import assets, digest, template

RIGHT, WRONG, UNDECIDED = "right", "wrong", "undecided"
ANSWERS = ((RIGHT, "right"), (WRONG, "wrong"), (UNDECIDED, "cannot be told"))
TITLES = {
    "highest": "Highest scores",
    "random": "A random sample of the rest",
    "rules": "Decided by a rule alone, a random sample",
}
PICTURE_DPI = 100


def render_audit(
    recordings: Sequence[Recording],
    groups: Mapping[str, Sequence[AuditItem]],
    *,
    note: str,
    answers: Mapping[str, str] | None = None,
) -> str:
    """Render the page; self-contained, works offline, sends nothing.

    Args:
        recordings: the wells that the items refer to.
        groups: from `choose_items`.
        note: a sentence below the heading.
        answers: earlier answers by `item_id`, ticked already.
    """
    script, style = assets(("audit.js",)), assets(("page.css", "audit.css"))
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"script-src '{digest(script)}'; style-src '{digest(style)}'"
    )
    given = answers or {}
    shown = [
        {
            "name": name,
            "title": TITLES[name],
            "items": [
                _shown(recordings[item.well], item, name, number + 1, given.get(item_id(recordings, item), ""))
                for number, item in enumerate(groups[name])
            ],
        }
        for name in GROUPS
        if name in groups
    ]
    return template("audit.html.jinja").render(
        title="Audit of flags",
        note=note,
        groups=shown,
        answers=ANSWERS,
        policy=policy,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
    )


def item_id(recordings: Sequence[Recording], item: AuditItem) -> str:
    """Return the name under which the answer to an item is kept: hash of its file, and its top."""
    return f"{recordings[item.well].source.sha256[:8]}-{item.interval.top:.2f}"


def item_label(recording: Recording, item: AuditItem, group: str) -> dict[str, Any]:
    """Return an item as JSON values, as in the file of answers."""
    interval = item.interval
    return {
        "group": group,
        "well": recording.name,
        "file": recording.source.path.name,
        "folder": recording.source.path.parent.name,
        "sha256": recording.source.sha256,
        "top_m": round(interval.top, 3),
        "base_m": round(interval.base, 3),
        "curves": list(interval.curves),
        "reason": interval.reason,
        "score": round(interval.max_score, 3),
    }


def share_right(answers: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return right, wrong, undecided and the share of right ones of those decided, by group."""
    out: dict[str, dict[str, float]] = {}
    for group in dict.fromkeys(str(answer["group"]) for answer in answers):
        given = [answer["answer"] for answer in answers if answer["group"] == group]
        right, wrong = given.count(RIGHT), given.count(WRONG)
        share = right / (right + wrong) if right + wrong else float("nan")
        out[group] = {"right": right, "wrong": wrong, "undecided": given.count(UNDECIDED), "share_right": share}
    return out


def _shown(recording: Recording, item: AuditItem, group: str, number: int, answer: str) -> dict[str, Any]:
    interval = item.interval
    buffer = io.BytesIO()
    interval_tracks(recording, interval).savefig(buffer, format="png", dpi=PICTURE_DPI)
    return {
        "id": f"{group}-{item_id([recording], AuditItem(0, interval, item.by_rule))}",
        "number": number,
        "label": json.dumps(item_label(recording, item, group)),
        "well": recording.name,
        "place": recording.source.path.parent.name,
        "depths": f"{interval.top:.1f}–{interval.base:.1f} m ({interval.thickness:.1f} m)",
        "reason": interval.reason,
        "curves": ", ".join(interval.curves),
        "score": f"{interval.max_score:.2f}",
        "picture": base64.b64encode(buffer.getvalue()).decode("ascii"),
        "answer": answer,
    }
