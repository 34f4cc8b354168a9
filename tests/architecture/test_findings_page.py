"""The page on findings names every code that the science can raise, and none that it cannot."""

from __future__ import annotations

import ast
import re

import pytest

from helpers.pages import read_page
from helpers.paths import ROOT

PAGE = read_page("findings.md")
ROWS = {match[1]: match[0] for match in re.finditer(r"^\| `([a-z0-9-]+)` \|.*$", PAGE, flags=re.MULTILINE)}
KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
# What the drain of an inbox says of a file.
SCORING = tuple(f"scoring/{name}.py" for name in ("arrivals", "places/inbox", "inbox", "batch", "file", "process_pool"))
# Words with a dash that are no codes, in modules that raise findings.
OTHER = {"utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "big-endian", "pre-stack"}
MAKERS = {"Finding": 1, "refusal": 0, "_unreadable": 0, "_refuse": 0, "_finding": 0}
SEVERITIES = {"info", "warning", "error"}


def words(node: ast.AST) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def codes_of(source: str) -> set[str]:
    """Codes given to a maker of findings, and every word with a dash beside them (codes also come from tables)."""
    codes = {word for word in words(ast.parse(source)) if KEBAB.fullmatch(word)} - OTHER
    for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
        place = MAKERS.get(getattr(call.func, "id", ""))
        if place is not None and len(call.args) > place:
            codes |= words(call.args[place])
    return codes - SEVERITIES


def raised() -> set[str]:
    places = [*(ROOT / "aemodels").rglob("*.py"), *(ROOT / "tasks" / name for name in SCORING)]
    sources = [path.read_text(encoding="utf-8") for path in places]
    codes = set().union(
        *(codes_of(source) for source in sources if re.search(r"import .*\b(Finding|refusal)\b", source))
    )
    batch = ast.parse((ROOT / "tasks" / "scoring" / "batch.py").read_text(encoding="utf-8"))
    codes |= {"blocked", "changed", "failed"} & words(batch)
    quality = ast.parse((ROOT / "aemodels" / "signal" / "quality_rules.py").read_text(encoding="utf-8"))
    return codes | (
        {"range", "stuck", "interpolated", "dead", "constant", "missing", "absurd", "clipped", "spike"} & words(quality)
    )


def test_every_code_that_can_be_raised_is_documented():
    missing = sorted(raised() - set(ROWS))
    assert not missing, f"{missing}: add a row to docs/reference/findings.md"


def test_no_documented_code_is_stale():
    stale = sorted(set(ROWS) - raised())
    assert not stale, f"{stale}: nothing raises these; take them off docs/reference/findings.md"


@pytest.mark.parametrize("code", sorted(ROWS))
def test_a_row_gives_cause_remedy_and_example(code: str):
    cells = [cell.strip() for cell in ROWS[code].strip("|").split("|")]
    assert len(cells) == 4
    assert all(cells)


def test_a_code_is_documented_once():
    assert len(re.findall(r"^\| `[a-z0-9-]+` \|", PAGE, flags=re.MULTILINE)) == len(ROWS)
