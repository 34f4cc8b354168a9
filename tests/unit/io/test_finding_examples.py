"""For each finding on SEG-Y files and sources a small file that has it, and nothing else."""

from __future__ import annotations

import dataclasses
import gzip
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from aemodels.bundle.large_lines import ScoredBlock, partly_shown_finding, read_line_ranges
from aemodels.bundle.line_survey import merge_findings
from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Scores
from aemodels.io import (
    SizeLimits,
    list_files,
    list_urls,
    read,
    read_segy_blocks,
    read_url,
    write_denoised_segy,
    write_las,
    write_segy,
)
from aemodels.signal.quality_rules import assess
from helpers.pages import read_page
from helpers.paths import ROOT
from helpers.recordings import make_line, make_well
from helpers.segy_files import (
    CUBE_SAMPLES,
    CUBE_WAVES,
    WAVES,
    by_hand,
    cube,
    segy_bytes,
    segy_like,
    swapped,
    uneven_bytes,
    with_header_order,
)

PAGE = read_page("findings.md")
# These take an experiment, and are told by its own tests.
EXPERIMENT = {"curve-left-out", "left-out", "gather-type", "resampled"}
Findings = tuple[Finding, ...]
TRACE = 240 + 4 * CUBE_SAMPLES


def read_of(place: Path, **keywords: object) -> Findings:
    """Findings of reading a path, or of its refusal."""
    try:
        return read(place, **keywords).findings  # type: ignore[arg-type]
    except UnreadableFileError as error:
        return error.findings


def url_of(url: str, **keywords: object) -> Findings:
    try:
        return read_url(url, **keywords).findings  # type: ignore[arg-type]
    except UnreadableFileError as error:
        return error.findings


def line_of(data: bytes) -> Callable[[Path], Findings]:
    """Reading a SEG-Y file of these bytes."""

    def example(folder: Path) -> Findings:
        (folder / "x.sgy").write_bytes(data)
        return read_of(folder / "x.sgy")

    return example


def traces_of(change: Callable[[np.ndarray], None]) -> Callable[[Path], Findings]:
    """What the rules say of an ordinary line of 30 traces, changed in place."""

    def example(folder: Path) -> Findings:
        line = make_line(traces=30, samples=300)
        values = line.values.copy()
        change(values)
        return assess(dataclasses.replace(line, values=values)).findings

    return example


def _set(row: object, value: object) -> Callable[[np.ndarray], None]:
    def change(values: np.ndarray) -> None:
        values[row] = value

    return change


def _clip(values: np.ndarray) -> None:
    most = 0.3 * np.abs(values[9]).max()
    values[9] = np.clip(values[9], -most, most)


def _fifo(folder: Path) -> Findings:
    os.mkfifo(folder / "x.las")
    return read_of(folder / "x.las")


def _folder(folder: Path) -> Findings:
    (folder / "wells.las").mkdir()
    return read_of(folder / "wells.las")


def _no_permission(folder: Path) -> Findings:
    """Root may read everything: the file is read by a process that is nobody."""
    (folder / "x.las").write_text("~V")
    (folder / "x.las").chmod(0)
    if os.geteuid() != 0:
        return read_of(folder / "x.las")
    code = "import sys, pickle; sys.path[:0] = sys.argv[2:]\n" + (
        "from pathlib import Path; from aemodels.io import read; from aemodels.core.errors import UnreadableFileError\n"
        "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try:\n    read(Path(sys.argv[1]))\n"
        "except UnreadableFileError as error:\n    print(error.findings[0].code)\n"
    )
    open_up = [folder, *folder.parents]
    modes = {path: path.stat().st_mode for path in open_up}
    for path in open_up:
        path.chmod(modes[path] | 0o111)
    try:
        arguments = [sys.executable, "-c", code, str(folder / "x.las"), str(ROOT)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    finally:
        for path in open_up:
            path.chmod(modes[path])
    return (Finding("error", done.stdout.strip(), "file", "-", "-", "-"),)


def _not_readable(folder: Path) -> Findings:
    return read_of(folder / ("x" * 300 + ".las"))  # a longer name than the file system takes


def _written(name: str, data: bytes) -> Callable[[Path], Findings]:
    def example(folder: Path) -> Findings:
        (folder / name).write_bytes(data)
        return read_of(folder / name)

    return example


def _too_large(folder: Path) -> Findings:
    write_segy(make_line(traces=3, samples=30), folder / "x.sgy")
    return read_of(folder / "x.sgy", limits=SizeLimits(stored=1000))


def _bomb(folder: Path) -> Findings:
    (folder / "x.sgy.gz").write_bytes(gzip.compress(bytes(1_000_000)))
    return read_of(folder / "x.sgy.gz", limits=SizeLimits(harmless=1000))


def _outside(folder: Path) -> Findings:
    inbox = folder / "inbox"
    inbox.mkdir()
    write_las(make_well(samples=30), folder / "x.las")
    (inbox / "x.las").symlink_to(folder / "x.las")
    return tuple(finding for _, finding in list_files(inbox)[1])


def _no_driver(folder: Path) -> Findings:
    """In a process where s3fs cannot be imported."""
    code = (
        "import sys; sys.modules['s3fs'] = None\n"
        "from aemodels.io import read_url; from aemodels.core.errors import UnreadableFileError\n"
        "try:\n    read_url('s3://bucket/w.las')\n"
        "except UnreadableFileError as error:\n    print(error.findings[0].code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return (Finding("error", done.stdout.strip(), "file", "-", "-", "-"),)


def _not_reachable(folder: Path) -> Findings:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = {"retries": {"max_attempts": 0}, "connect_timeout": 2}
    options = {"endpoint_url": f"http://127.0.0.1:{port}", "key": "k", "secret": "s", "config_kwargs": config}
    return url_of("s3://b/w.las", options=options)


def _history(folder: Path) -> Findings:
    text = "".join(f"C{n:2d} FULL".ljust(80) for n in range(1, 41)).encode("cp037")
    (folder / "x.sgy").write_bytes(text + cube()[3200:])
    return write_denoised_segy(folder / "x.sgy", folder / "y.sgy", CUBE_WAVES * 2, "history")


def _parts(folder: Path) -> Findings:
    (folder / "x.sgy").write_bytes(cube())
    return next(iter(read_line_ranges(folder / "x.sgy", traces=1000))).findings


def _shown(folder: Path) -> Findings:
    line, zeros = make_line(traces=4, samples=30), np.zeros(4, np.float32)
    scores = Scores("seismic", zeros, 1.0, ("",) * 4, line.names, line.values, line.values, zeros[:, None])
    return (partly_shown_finding(ScoredBlock(line, scores), flagged=9, traces=400),)


def _mislabelled() -> bytes:
    return segy_bytes(WAVES, code=5, label=1)


def _gain() -> bytes:
    words = (np.arange(1, 61, dtype=np.uint32) | 0x00030000).astype(">u4")
    return by_hand([words.tobytes()] * 4, 4)


def _three_swapped() -> bytes:
    from aemodels.io.segy.binary_header import swap_pairs

    plain = by_hand([bytes(180)] * 4, 7, constant=0x01020304)
    return plain[:3200] + swap_pairs(plain[3200:3500]) + plain[3500:3502] + swap_pairs(plain[3502:3600]) + plain[3600:]


def _nan() -> bytes:
    values = CUBE_WAVES.copy()
    values[3, 7] = np.nan
    return cube(values=values)


def _huge() -> bytes:
    values = CUBE_WAVES.copy()
    values[0, 0] = 1e35
    return cube(values=values)


def _little_samples() -> bytes:
    return segy_bytes(np.tile(WAVES, 6).byteswap())


def _undefined() -> bytes:
    values = CUBE_WAVES.copy()
    values[3, :7] = 1e30
    return cube(values=values)


def _float_coordinates() -> bytes:
    return cube(trace={number: [(181, "f", 5e5 + 25 * number), (185, "f", 6.7e6)] for number in range(24)})


def _on_all(place: int, kind: str, value: int) -> bytes:
    return cube(trace={number: [(place, kind, value)] for number in range(24)})


LETTER = b"this is a letter, not a line. " * 400
EXAMPLES: dict[str, Callable[[Path], Findings]] = {
    # any file
    "missing": lambda folder: read_of(folder / "typo.las"),
    "is-directory": _folder,
    "not-regular": _fifo,
    "no-permission": _no_permission,
    "not-readable": _not_readable,
    "empty": _written("x.sgy", b""),
    "unknown-suffix": _written("well.docx", b"x"),
    "too-large": _too_large,
    "outside-root": _outside,
    "bad-gzip": _written("x.sgy.gz", LETTER),
    "decompression-bomb": _bomb,
    "unknown-scheme": lambda _: url_of("http://example.org/w.las"),
    "login-in-address": lambda _: url_of("s3://key:secret@bucket/w.las"),
    "no-driver": _no_driver,
    "not-reachable": _not_reachable,
    "bad-name": lambda _: url_of("s3://bucket/.."),
    "too-short": line_of(b"C 1 CLIENT"),
    "truncated": line_of(cube()[:-1]),
    "implausible-values": line_of(_huge()),
    # traces
    "dead": traces_of(_set(3, 0.0)),
    "constant": traces_of(_set(3, 17.0)),
    "absurd": traces_of(_set(slice(3, 4), 1e12 * make_line(traces=30, samples=300).values[3:4])),
    "clipped": traces_of(_clip),
    "spike": traces_of(_set((3, 100), 1e3)),
    # SEG-Y
    "not-segy": line_of(LETTER),
    "header-only": line_of(cube()[:3600]),
    "unsupported-format": line_of(_three_swapped()),
    "gain-coded": line_of(_gain()),
    "format-mislabelled": line_of(_mislabelled()),
    "format-unknown": line_of(segy_bytes(label=0)),
    "little-endian": line_of(segy_bytes(order="<")),
    "byte-swapped": line_of(swapped(segy_like(np.ones((4, 60), np.float32), 5, "f4"), 5)),
    "sample-byte-order": line_of(_little_samples()),
    "header-byte-order": line_of(with_header_order(cube(), CUBE_SAMPLES)),
    "depth-domain": line_of("C 5 DEPTH DOMAIN".ljust(3200).encode("cp037") + cube()[3200:]),
    "undefined-samples": line_of(_undefined()),
    "interval-in-ms": line_of(segy_bytes(np.tile(WAVES, 6), binary_dt=4, trace_dt=4)),
    "trailing-bytes": line_of(cube() + b"\x40" * 3200),
    "trace-kinds": line_of(cube(trace={5: [(29, "h", 2)], 6: [(29, "h", 7)]})),
    "trace-weighting": line_of(cube(trace={5: [(169, "h", 3)]})),
    "header-floats": line_of(_float_coordinates()),
    "coordinate-angles": line_of(_on_all(89, "h", 2)),
    "byte-order-conflict": line_of(cube((3297, "I", 0x04030201))),
    "interval-missing": line_of(segy_bytes(binary_dt=0, trace_dt=0)),
    "interval-conflict": line_of(segy_bytes(binary_dt=2000, trace_dt=4000)),
    "sample-count-conflict": line_of(cube((3221, "H", 29))),
    "trace-lengths-vary": line_of(uneven_bytes()),
    "too-uneven": line_of(uneven_bytes([60_000] + [1, 2] * 400, stated=1)),
    "trace-count-conflict": line_of(cube((3501, "B", 2), (3503, "h", 1), (3513, "Q", 24))[: -6 * TRACE]),
    "last-line-short": line_of(cube()[: -5 * TRACE]),
    "extended-headers": line_of(cube((3505, "h", -1))),
    "revision-fields": line_of(cube((3501, "B", 2), (3503, "h", 1), (3521, "Q", 10**18))),
    "revision-unknown": line_of(cube((3502, "B", 16))),
    "line-positions": line_of(cube(places=(9, 21, 181, 185))),
    "coordinate-positions": line_of(cube(places=(189, 193, 73, 77))),
    "no-lines": line_of(cube(places=(1, 1, 181, 185))),
    "scalar-conflict": line_of(cube(trace={5: [(71, "h", -100)]})),
    "scalar-implausible": line_of(_on_all(71, "h", 21)),
    "delay-varies": line_of(segy_bytes(delay=100, delay_step=8)),
    "implausible-header": line_of(_on_all(193, "i", 1077952576)),
    "not-finite": line_of(_nan()),
    "read-in-parts": _parts,
    "shown-in-part": _shown,
    "precision": line_of(segy_bytes(np.rint(WAVES), code=2)),
    "no-room-for-history": _history,
}


def documented(*titles: str) -> set[str]:
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    chosen = "\n".join(section for section in sections if section.startswith(titles))
    return set(re.findall(r"^\| `([a-z0-9-]+)` \|", chosen, flags=re.MULTILINE))


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_has_this_finding_and_no_other(code: str, tmp_path: Path):
    assert {finding.code for finding in EXAMPLES[code](tmp_path)} == {code}


def test_every_documented_finding_has_an_example():
    assert documented("SEG-Y", "Any file") - EXPERIMENT <= set(EXAMPLES)
    assert set(EXAMPLES) <= documented("SEG-Y", "Any file", "Quality")


def test_a_listing_that_fails_is_told_too():
    with pytest.raises(UnreadableFileError):
        list_urls("http://example.org/")


def readable(folder: Path, code: str) -> Path | None:
    """The SEG-Y file of an example, if it can be read."""
    EXAMPLES[code](folder)
    path = folder / "x.sgy"
    try:
        return path if path.is_file() and read(path) else None
    except UnreadableFileError:
        return None


@pytest.mark.parametrize("code", sorted((documented("SEG-Y") | {"implausible-values"}) - EXPERIMENT))
def test_blocks_find_what_reading_at_once_finds(code: str, tmp_path: Path):
    path = readable(tmp_path, code)
    if path is None:
        assert code in {"not-segy", "header-only", "unsupported-format", "too-uneven", "shown-in-part"}
        return
    blocks = merge_findings(finding for block in read_segy_blocks(path, traces=3) for finding in block.findings)
    assert {(f.code, f.severity) for f in blocks} == {(f.code, f.severity) for f in read(path).findings}
    places = {f.code: f.where.split(",")[0].split(" and ")[0] for f in read(path).findings}
    assert {f.code: f.where.split(",")[0].split(" and ")[0] for f in blocks} == places
