"""Folders are small and named by their subject, and no import circle joins two files or two folders."""

from __future__ import annotations

import graphlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache

import grimp
import pytest

from helpers.paths import ROOT

PACKAGES = ("aemodels", "tasks", "flows")
MAX_MODULES = 18
Edges = Iterable[tuple[str, str]]


@cache
def imports() -> tuple[tuple[str, str], ...]:
    """Every import between two modules of the project, also those inside functions."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    return tuple(
        (module, imported)
        for module in sorted(graph.modules)
        for imported in sorted(graph.find_modules_directly_imported_by(module))
    )


def sibling_imports(edges: Edges) -> dict[str, set[tuple[str, str]]]:
    """For each folder the imports between its children, be they files or folders."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for importer, imported in edges:
        left, right = importer.split("."), imported.split(".")
        depth = next((n for n, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), None)
        if depth is not None:
            found[".".join(left[:depth])].add((left[depth], right[depth]))
    return dict(found)


def circle(edges: Edges) -> list[str]:
    """One circle of imports; empty if there is none."""
    sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    for importer, imported in edges:
        sorter.add(importer, imported)
    try:
        sorter.prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_no_circle_between_files() -> None:
    assert circle(imports()) == []


@pytest.mark.parametrize("folder", sorted(sibling_imports(imports())))
def test_no_circle_between_the_children_of_a_folder(folder: str) -> None:
    assert circle(sibling_imports(imports())[folder]) == []


def test_a_planted_circle_is_found() -> None:
    there = ("aemodels.noise.base", "aemodels.signal.gaps")
    back = ("aemodels.signal.windows", "aemodels.noise.gaussian")
    assert circle([there, back]) == []
    assert circle([there, (there[1], there[0])])
    assert set(circle(sibling_imports([there, back])["aemodels"])) == {"noise", "signal"}


def test_no_folder_holds_more_modules_than_a_reader_can_take_in() -> None:
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"]
    counts = Counter(str(path.parent.relative_to(ROOT)) for path in modules)
    assert {folder: count for folder, count in counts.items() if count > MAX_MODULES} == {}


def test_no_module_lies_loose_at_the_top_of_the_science() -> None:
    assert [path.name for path in (ROOT / "aemodels").glob("*.py")] == ["__init__.py"]
