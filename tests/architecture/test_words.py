"""Docstrings and pages in the field's words: no riddles, no coined phrases."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from helpers.paths import ROOT

PACKAGES = ("aemodels", "tasks", "flows")
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "data/README.md")
# Phrases that only the people who coined them understand, each with a plain one.
PHRASES = {
    r"kinds? alike": "the same kind",
    r"that speaks?\b": "largest, relevant",
    r"speaks? (?:for|against)\b": "supports, contradicts; scores of",
    r"held against": "compared with",
    r"holds? .{0,40} against (?!it)": "compares with",
    r"\b(?:row|score|line|list|file|task|step|filter|model|bar|value) an? (?=depth|trace|sample|file|metric|dimension|"
    r"frequency|contender|epoch|curve|parameter|module)\b": "per",
    r"\banew\b": "again",
    r"(?:one|index|row|sample|line) (?:behind|after) the last\b": "exclusive end",
    r"hand(?:s|ed|ing)? back": "returns",
    r"struck? off|strikes? .{0,20} off": "deletes",
    r"\b(?:is|are) told\b": "is reported",
    r"\bmended\b": "repaired, corrected",
    r"goes before\b": "takes precedence over",
    r"taken? amiss": "not allowed",
    r"put aside": "quarantined",
    r"\bits own scale .{0,20} of its own": "its own",
    r"\bfor people\b|people see\b": "human-readable",
    r"\bwhere there is (?:none|no)\b": "if there is none",
    r"\bnobody thought\b": "unforeseen",
    r"costs? it its life": "crashes it",
    r"(?:is|are) believed\b": "also counts unweighted",
    r"even bet": "odds of 1:1",
    r"\bgives? away\b": "shows",
}
WORDS = {pattern: re.compile(pattern, re.IGNORECASE) for pattern in PHRASES}
RIDDLE = re.compile(r"(What|How|Whether|Where)\b")


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every docstring of a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield node.body[0].lineno, text


def modules() -> list[Path]:
    return [ROOT / "sondeflow.py", *(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))]


def pages() -> list[Path]:
    named = [ROOT / name for name in PAGES]
    return [page for path in named for page in (sorted(path.rglob("*.md")) if path.is_dir() else [path])]


def riddles() -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: a docstring opens with {text.split()[0]!r}: say what it is or returns"
        for path in modules()
        for line, text in docstrings(path)
        if RIDDLE.match(text)
    ]


def coined() -> list[str]:
    found = []
    for path in [*modules(), *pages()]:
        text = path.read_text(encoding="utf-8")
        for pattern, expression in WORDS.items():
            for match in expression.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{path.relative_to(ROOT)}:{line}: {match[0]!r}: write {PHRASES[pattern]!r}")
    return sorted(found)


def test_no_docstring_opens_with_a_question():
    assert riddles() == []


def test_no_coined_phrases():
    assert coined() == []
