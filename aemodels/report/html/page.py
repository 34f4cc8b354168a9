"""Interactive figures as self-contained pages: compact data and a small script, nothing loaded from the network."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

import numpy as np
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from numpy.typing import NDArray

from aemodels.core.types import FloatArray, Kind

View: TypeAlias = dict[str, Any]
MAX_VALUES = 320_000  # per page; as 16-bit integers in base64 they take 0.85 MB
_MISSING, _LEVELS = -32768, 65534
_SCRIPTS: dict[Kind, tuple[str, ...]] = {
    "logs": ("common.js", "tracks.js", "review.js", "start.js"),
    "seismic": ("common.js", "section.js", "review.js", "start.js"),
}


@dataclass(frozen=True)
class PageParts:
    """Parts of a page with a figure: script, style, data block, and the content security policy for them."""

    script: Markup
    style: Markup
    data: Markup
    policy: str


def pack_array(values: FloatArray, resolution: float, *, log: bool = False) -> View:
    """Pack an array for the page: as 16-bit integers if their resolution suffices, else as float32.

    Args:
        values: float32[n], NaN = missing.
        resolution: maximum step of the integers, in the unit of `values` (in log10 if `log`).
        log: pack log10 of the values if all are positive.

    Returns:
        {"type": "i2" | "f4" | "none", "data": base64, …}; `decode` in assets/common.js is its inverse.
    """
    observed = values[np.isfinite(values)]
    if observed.size == 0:
        return {"type": "none"}
    if log and float(observed.min()) > 0:
        return {**pack_array(np.log10(values), resolution), "log": True}
    low, high = float(observed.min()), float(observed.max())
    step = (high - low) / _LEVELS
    if step > resolution or log:
        return {"type": "f4", "data": to_base64(values.astype("<f4"))}
    steps = np.nan_to_num(np.rint((values.astype(np.float64) - low) / (step or 1.0)) - 32767, nan=_MISSING)
    return {"type": "i2", "low": low, "step": step, "data": to_base64(steps.astype("<i2"))}


def to_base64(values: NDArray[Any]) -> str:
    """Return the array's bytes in base64."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def page_parts(view: View) -> PageParts:
    """Return the parts of a page that shows `view`; the policy allows only its script and style, by their hashes."""
    script, style = assets(_SCRIPTS[view["kind"]]), assets(("page.css", "review.css"))
    block = json.dumps(view, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"script-src '{digest(script)}'; style-src '{digest(style)}'"
    )
    return PageParts(Markup(script), Markup(style), Markup(block), policy)  # noqa: S704 - our own files, and JSON without "<"


def figure_page(view: View, *, title: str, note: str) -> str:
    """Render a page with one figure, for artifact stores that show HTML.

    Args:
        view: from `panel_view`, `well_view` or `section_view`.
        title: heading.
        note: a sentence below the heading.
    """
    return template("figure.html.jinja").render(title=title, note=note, **vars(page_parts(view)))


@cache
def template(name: str) -> Template:
    """Return a template of assets/, with autoescaping regardless of the file's extension."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    environment.globals["stage"] = Markup(assets(("stage.html",)))  # noqa: S704 - our own file
    return environment.from_string(assets((name,)))


def number(value: float, form: str = ".4g") -> str:
    """Format a number with a typographic minus sign, or as a dash if it is not finite.

    >>> number(float("nan")), number(-2.5, ".1f")
    ('–', '−2.5')
    """
    return format(value, form).replace("-", "−") if np.isfinite(value) else "–"


@cache
def assets(names: tuple[str, ...]) -> str:
    """Return the text of files of assets/, one after the other."""
    folder = files("aemodels.report.html").joinpath("assets")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8").strip() for name in names)


@cache
def digest(text: str) -> str:
    """Return the hash by which a content security policy allows a script or a style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
