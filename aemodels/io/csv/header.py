"""The header of a CSV file: names and units of its columns, and which of them holds the depth."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from aemodels.core.findings import Finding
from aemodels.curves.canonical import CANONICAL
from aemodels.curves.tables import NO_UNIT, Aliases, is_depth, is_unit, normal_unit, unit_factor
from aemodels.io.csv.dialect import Dialect, number_and_unit, split_names, split_row, without_last_empty
from aemodels.io.las.file_sections import refusal
from aemodels.io.las.header import LasCurve

HEADER_ROW = "header row"
MAX_COLUMNS = 3000
BRACKETED = re.compile(r"([^\[\](){}]+)([\[({])([^\[\](){}]*)[\])}]")
TRAILING = re.compile(r"(.+)[_. ]([^_. ]+)")
UNIT_MARK = re.compile(r"[,./:;|]")
MAX_MARKS = 8  # of them in a cell; longer ones are texts
WELL_COLUMNS = frozenset({"WELL", "WELLNAME", "WELL_NAME", "WELL NAME", "WELLBORE", "WELLBORE_NAME", "UWI"})
TRUE_VERTICAL = ("TVD", "SSTVD", "TRUE VERTICAL", "TRUE_VERTICAL")
CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class CsvHeader:
    """The content of the header row and of a row of units below it.

    Args:
        curves: one per column, in the file's order.
        depth: index of the depth column.
        well: index of the column that names the well; None if there is none.
        unnamed: indices of the columns without a name.
        unit_row: whether a row of units follows the header row.
        bracket: bracket before a unit in the header cells, "" if none has one.
        findings: what was chosen.
        cell_units: index of a column -> unit behind the numbers in its cells.
    """

    curves: tuple[LasCurve, ...]
    depth: int
    well: int | None
    unnamed: frozenset[int]
    unit_row: bool
    bracket: str
    findings: tuple[Finding, ...]
    cell_units: Mapping[int, str] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, ...]:
        """Indices of the columns that are read as numbers, the depth first."""
        return (self.depth, *(n for n in range(len(self.curves)) if n not in (self.depth, self.well)))


def read_header(lines: Sequence[tuple[int, str]], dialect: Dialect, aliases: Aliases) -> CsvHeader:
    """Read the header row and, if there is one, the row of units.

    Args:
        lines: index and text of the first lines, the header row first.
        dialect: of the file.
        aliases: the tables of names and units.

    Raises:
        UnreadableFileError: if the row has too many cells, or none of them names a depth.
    """
    number, line = lines[0]
    cells = without_last_empty(split_names(line, dialect.delimiter))
    where = f"line {number + 1}"
    if len(cells) > MAX_COLUMNS:
        remedy = "check what the file is; split its columns over several files"
        raise refusal("header-too-large", where, f"{len(cells)} columns", f"at most {MAX_COLUMNS}", remedy)
    units = _unit_row(lines, len(cells), dialect, aliases)
    parsed = [parse_name(cell, aliases) for cell in cells]
    names = unique_names([name or f"column {position}" for position, (name, _, _) in enumerate(parsed, start=1)])
    within = _units_in_cells(lines[1:] if units is None else lines[2:], dialect, aliases)
    stated = dict(enumerate(units or ()))
    parsed = [(name, unit or stated.get(n, ""), mark) for n, (name, unit, mark) in enumerate(parsed)]
    curves = tuple(
        LasCurve(unique, name, within.get(position, unit), "", section=HEADER_ROW)
        for position, (unique, (name, unit, _)) in enumerate(zip(names, parsed, strict=True))
    )
    well = next((n for n, curve in enumerate(curves) if curve.mnemonic.upper() in WELL_COLUMNS), None)
    depth, findings = _depth_column(curves, cells, where, (dialect, aliases))
    unnamed = frozenset(n for n, (name, _, _) in enumerate(parsed) if not name)
    bracket = next((mark for _, unit, mark in parsed if unit and mark), "")
    findings = (*findings, *_contradictions([unit for _, unit, _ in parsed], curves, within, where))
    return CsvHeader(curves, depth, well, unnamed, units is not None, bracket, findings, within)


def header_cell(name: str, unit: str, bracket: str, blank: str = " ") -> str:
    """Return the cell of an added column; its unit is written as the file writes units.

    >>> header_cell("GR_DN", "gAPI", "["), header_cell("ANOM_GR", "", "[")
    ('GR_DN [gAPI]', 'ANOM_GR')
    """
    return f"{name}{blank}{bracket}{unit}{CLOSING[bracket]}" if bracket and unit else name


def parse_name(cell: str, aliases: Aliases) -> tuple[str, str, str]:
    """Return name, unit and opening bracket of the name of a column.

    "RHOB (g/cm3)", "RHOB[g/cm3]"; without brackets ("GR_gAPI", "DEPTH, m", "RHOB/g/cc") only where the rest is a known
    curve or depth and the end is one of its units.
    """
    bracketed = BRACKETED.fullmatch(cell)
    if bracketed:
        return bracketed[1].strip(), bracketed[3].strip(), bracketed[2]
    if _is_known(cell, aliases):
        return cell, "", ""
    trailing = TRAILING.fullmatch(cell)
    parts = [(trailing[1], trailing[2])] if trailing else []
    parts += [(cell[: mark.start()], cell[mark.end() :]) for mark in islice(UNIT_MARK.finditer(cell), MAX_MARKS)]
    split = ((name.strip(), unit.strip()) for name, unit in parts)
    return next(((name, unit, "") for name, unit in split if _is_unit_of(unit, name, aliases)), (cell, "", ""))


def _is_known(name: str, aliases: Aliases) -> bool:
    return name.upper() in aliases.depth or name.upper() in aliases.mnemonics


def _is_unit_of(unit: str, name: str, aliases: Aliases) -> bool:
    if is_depth(name, aliases):
        return unit_factor(unit, "m", aliases) is not None
    entry = aliases.mnemonics.get(name.upper())
    return entry is not None and unit_factor(unit, CANONICAL[entry[0]].unit, aliases) is not None


def _unit_row(lines: Sequence[tuple[int, str]], width: int, dialect: Dialect, aliases: Aliases) -> list[str] | None:
    """Return the cells below the header row if they are units: no numbers, and some known units."""
    if len(lines) < 2:
        return None
    cells = split_row(lines[1][1], dialect.delimiter)
    units = [cell[1:-1].strip() if cell[:1] in CLOSING and cell[1:] else cell for cell in cells]
    known = {unit for table in aliases.units.values() for unit in table} - NO_UNIT
    if len(cells) not in (width, width + 1) or any(dialect.number(cell) is not None for cell in cells):
        return None
    return units if any(normal_unit(unit) in known for unit in units) else None


def _units_in_cells(lines: Sequence[tuple[int, str]], dialect: Dialect, aliases: Aliases) -> dict[int, str]:
    """Return the columns most cells of which are numbers with one unit behind them, with that unit."""
    rows = [split_row(line, dialect.delimiter) for _, line in lines]
    counts = Counter((n, number_and_unit(cell)[1]) for row in rows for n, cell in enumerate(row) if cell)
    filled = Counter(n for row in rows for n, cell in enumerate(row) if cell)
    most = {n: unit for (n, unit), count in counts.items() if unit and 2 * count > filled[n]}
    return {n: unit for n, unit in most.items() if is_unit(unit, aliases)}


def _contradictions(
    stated: Sequence[str], curves: Sequence[LasCurve], within: Mapping[int, str], where: str
) -> Iterator[Finding]:
    """Yield a finding per column whose cells have another unit than its name states."""
    for number, unit in within.items():
        if number < len(stated) and stated[number] and normal_unit(stated[number]) != normal_unit(unit):
            found = f"{curves[number].name} in {stated[number]} by its name, in {unit} by its cells"
            remedy = f"the unit of the cells, {unit}, is used; correct the {HEADER_ROW}"
            yield Finding("warning", "unit-contradicted", where, found, "one unit", remedy)


def names_depth(line: str, delimiter: str, aliases: Aliases) -> bool:
    """Return whether a cell of a line is the name of a depth."""
    return any(is_depth(parse_name(cell, aliases)[0], aliases) for cell in split_names(line, delimiter))


def _depth_column(
    curves: Sequence[LasCurve], cells: Sequence[str], where: str, known: tuple[Dialect, Aliases]
) -> tuple[int, tuple[Finding, ...]]:
    """Return the column of the measured depth, else of another depth, else the first one if its unit is a length."""
    dialect, aliases = known
    chosen, findings = choose_depth(curves, where, aliases)
    if chosen is None:
        numbers = sum(dialect.number(cell) is not None for cell in cells)
        shown = ", ".join(cells)[:80]
        found = f"no header row but numbers: {shown}" if 2 * numbers > len(cells) else f"columns {shown}"
        expected = f"a {HEADER_ROW} with a depth column: DEPTH, DEPT, MD ..."
        remedy = "name the depth column, with its unit, as in DEPTH (m); or add its name to your SONDEFLOW_ALIASES"
        raise refusal("no-depth-index", where, found, expected, remedy)
    return chosen, findings


def choose_depth(curves: Sequence[LasCurve], where: str, aliases: Aliases) -> tuple[int | None, tuple[Finding, ...]]:
    """Return the column of the measured depth, else of another depth, else the first one if its unit is a length.

    Args:
        curves: the columns.
        where: their place in the file, for messages.
        aliases: the tables of names and units.

    Returns:
        (index, None if no column is a depth; findings about the choice).
    """
    depths = [n for n, curve in enumerate(curves) if is_depth(curve.mnemonic, aliases)]
    if not depths:
        return (0 if curves and unit_factor(curves[0].unit, "m", aliases) is not None else None), ()
    chosen = next((n for n in depths if not curves[n].mnemonic.upper().startswith(TRUE_VERTICAL)), depths[0])
    if len(depths) == 1:
        return chosen, ()
    found = f"depth columns {', '.join(curves[n].name for n in depths)}"
    remedy = f"none needed if {curves[chosen].name} is the measured depth; else rename it"
    return chosen, (Finding("info", "depth-chosen", where, found, "one depth column", remedy),)


def unique_names(names: Sequence[str]) -> list[str]:
    """Return names that differ: of equal ones the second becomes "GR:2"."""
    taken: set[str] = set()
    result = []
    for name in names:
        number, free = 2, name
        while free in taken:
            free, number = f"{name}:{number}", number + 1
        taken.add(free)
        result.append(free)
    return result
