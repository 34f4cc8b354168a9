"""Interactive figures without a library: compact data and a small script in the page, nothing from the network."""

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
# Values of one page: as 16-bit codes in base64 they stay under 1.6 MB.
MAX_VALUES = 600_000
_MISSING, _CODES = -32768, 65534
_SCRIPTS: dict[Kind, tuple[str, ...]] = {
    "logs": ("common.js", "tracks.js", "start.js"),
    "seismic": ("common.js", "section.js", "start.js"),
}


@dataclass(frozen=True)
class PageParts:
    """What a template needs for a figure: script, style, data block, and the policy that allows just these."""

    script: Markup
    style: Markup
    data: Markup
    policy: str


def pack_array(values: FloatArray, resolution: float, *, log: bool = False) -> View:
    """One array for the page: 16-bit codes where they resolve enough, else float32.

    Args:
        values: float32[n], NaN = missing.
        resolution: greatest step that may be lost, in the unit of `values` (in log10 where `log`).
        log: send log10 of the values where all are positive.

    Returns:
        {"type": "i2" | "f4" | "none", "data": base64, …}; `decode` in assets/common.js is its inverse.
    """
    observed = values[np.isfinite(values)]
    if observed.size == 0:
        return {"type": "none"}
    if log and float(observed.min()) > 0:
        return {**pack_array(np.log10(values), resolution), "log": True}
    low, high = float(observed.min()), float(observed.max())
    step = (high - low) / _CODES
    if step > resolution or log:
        return {"type": "f4", "data": to_base64(values.astype("<f4"))}
    steps = np.nan_to_num(np.rint((values.astype(np.float64) - low) / (step or 1.0)) - 32767, nan=_MISSING)
    return {"type": "i2", "low": low, "step": step, "data": to_base64(steps.astype("<i2"))}


def to_base64(values: NDArray[Any]) -> str:
    """The array's bytes in base64."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def page_parts(view: View) -> PageParts:
    """The parts of a page that shows `view`; the policy names script and style by their hashes and forbids the rest."""
    script, style = _assets(_SCRIPTS[view["kind"]]), _assets(("page.css",))
    block = json.dumps(view, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"script-src '{_digest(script)}'; style-src '{_digest(style)}'"
    )
    return PageParts(Markup(script), Markup(style), Markup(block), policy)  # noqa: S704 - our own files, and JSON without "<"


def figure_page(view: View, *, title: str, note: str) -> str:
    """A page of its own for one figure, for artifact stores that show HTML.

    Args:
        view: from `interactive_logs` or `interactive_seismic`.
        title: heading.
        note: a sentence under it.
    """
    return template("figure.html.jinja").render(title=title, note=note, **vars(page_parts(view)))


@cache
def template(name: str) -> Template:
    """A template of assets/; escaping is on for everything, whatever a file is called."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    environment.globals["stage"] = Markup(_assets(("stage.html",)))  # noqa: S704 - our own file
    return environment.from_string(_assets((name,)))


def number(value: float, form: str = ".4g") -> str:
    """A number for readers: a dash where there is none, a real minus sign.

    >>> number(float("nan")), number(-2.5, ".1f")
    ('–', '−2.5')
    """
    return format(value, form).replace("-", "−") if np.isfinite(value) else "–"


@cache
def _assets(names: tuple[str, ...]) -> str:
    folder = files("aemodels.report.html").joinpath("assets")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8").strip() for name in names)


@cache
def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
