"""Files made to harm their reader, in every format: refused or read within limits of time and memory, each alone."""

from __future__ import annotations

import gzip
import io
import os
import struct
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.cheap_bundle import save_cheap_bundle
from tasks.ingest.check import checking
from tasks.scoring.direct import score_files
from tasks.settings import Settings

HEADER = (
    "~Version\nVERS. 2.0 :\nWRAP. NO :\n~Well\nSTRT.m 100:\nSTOP.m 119.5:\nSTEP.m 0.5:\nNULL. -999.25 :\nWELL. A :\n"
    "~Curve\nDEPT.m :\nGR.gAPI :\nRHOB.g/cm3 :\n"
)
ROWS = "".join(f"{100 + n / 2} {50 + n % 7} {2 + n % 5 / 100}\n" for n in range(40))
PLAIN = HEADER + "~A\n" + ROWS
READ = ""  # in place of the code of an error
NAMES = (
    "-rf.las",
    "a\nb\x1b[31m\x07.las",
    "{{ 7*7 }} {% raw %}.las",
    "|a|`b`[x](javascript:alert(1)).las",
    "<img src=x onerror=alert(1)>.las",
    "\u202egnp.sal.las",
    "%s%n%d.las",
    "x" * 251 + ".las",
    "a;rm -rf $HOME`id`.las",
    "a\\b.las",
    " .las",
    "quote'\".las",
    os.fsdecode(b"\xff\xfe\x80.las"),
)


def stamps(folder: Path) -> dict[Path, tuple[int, ...]]:
    """Size, times and number of names of each file."""
    found = {path: path.stat() for path in folder.iterdir()}
    return {path: (one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_nlink) for path, one in found.items()}


def zipped(*entries: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return stream.getvalue()


def packed_zeros(mebibytes: int) -> bytes:
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb") as packed:
        for _ in range(mebibytes):
            packed.write(bytes(2**20))
    return stream.getvalue()


def packed_often(times: int) -> bytes:
    content = PLAIN.encode()
    for _ in range(times):
        content = gzip.compress(content)
    return content


def parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def parquet_of_constants(rows: int, groups: int) -> bytes:
    """Two columns of `rows * groups` equal numbers, which take next to no room."""
    stream, column = io.BytesIO(), np.zeros(rows)
    table = pa.table({"DEPT": column, "GR": column})
    with pq.ParquetWriter(stream, table.schema, compression="zstd") as writer:
        for _ in range(groups):
            writer.write_table(table, row_group_size=rows)
    return stream.getvalue()


def nested(levels: int) -> bytes:
    kind = pa.float64()
    for _ in range(levels):
        kind = pa.list_(kind)
    return parquet(pa.table({"DEPT": [1.0, 2.0], "X": pa.nulls(2, kind)}))


def false_footer() -> bytes:
    content = bytearray(parquet(pa.table({"DEPT": [1.0, 2.0]})))
    content[-8:-4] = struct.pack("<I", 0xFFFFFFF0)
    return bytes(content)


def attacks() -> Iterator[tuple[str, bytes | str, str]]:
    """Name, content, and the code of the error; READ for what can be used."""
    yield "wells joined.las", PLAIN * 300, "header-too-large"
    yield "title of NUL.las", HEADER + "~A\0\0\0\n" + ROWS, READ
    yield "line ends.las", PLAIN.replace("\n", "\r\r\n"), READ
    yield "line ends of old.las", PLAIN.replace("\n", "\r"), READ
    yield "null.las", PLAIN.replace("-999.25", "1e400"), READ
    yield "stop.las", PLAIN.replace("119.5", "1e308"), "absurd-size"
    yield "long line.las", HEADER + "~A\n" + "1 " * 3_000_000, "too-short"
    yield "dots.las", HEADER + "GR." * 200_000 + "\n~A\n" + ROWS, READ
    yield "quotes.las", PLAIN.replace("WRAP. NO :", "WRAP. NO :\nDLM. COMMA :") + '"' * 100_000, READ
    yield "half a character.las", PLAIN.encode("utf-16")[:-1], "not-las"
    yield "utf-32.las", PLAIN.encode("utf-32"), "not-las"
    yield "zip.las", zipped(("a.las", PLAIN.encode())), "not-las"
    yield "zip in zip.las.gz", gzip.compress(zipped(("a.zip", zipped(("a.las", PLAIN.encode()))))), "not-las"
    yield "packed five times.las.gz", packed_often(5), "not-las"
    for suffix in ("las", "csv", "sgy", "dlis", "parquet"):
        yield f"bomb.{suffix}.gz", packed_zeros(150), "decompression-bomb"
    yield "empty members.las.gz", gzip.compress(b"") * 20_000 + gzip.compress(PLAIN.encode()), READ
    yield (
        "name.las.gz",
        b"\x1f\x8b\x08\x08" + bytes(5) + b"\xff" + b"n" * 4_000_000 + b"\0" + packed_often(1)[10:],
        READ,
    )
    yield "trailing.las.gz", gzip.compress(PLAIN.encode()) + b"junk", "bad-gzip"
    yield "constants.parquet", parquet_of_constants(5_000_000, 60), "too-large"
    yield "columns.parquet", parquet(pa.table({f"c{n}": [1.0, 2.0] for n in range(6_000)})), "header-too-large"
    yield "deep.parquet", nested(60), "no-curves"
    yield "footer.parquet", false_footer(), "not-parquet"
    yield "columns.csv", ",".join(f"c{n}" for n in range(200_000)) + "\n", "long-line"
    yield "line.csv", "DEPT,GR\nm,gAPI\n" + "1" * 20_000_000, "long-line"
    yield "quotes.csv", "DEPT,GR\n" + '""' * 2_000_000 + "\n1,2\n", "long-line"
    yield "empty rows.csv", "DEPT,GR\nm,gAPI\n" + ",\n" * 1_000_000, "not-csv"
    yield "no samples.sgy", segy_header(samples=0) + bytes(5_000_000), "not-segy"
    yield "one sample.sgy", segy_header(samples=1) + bytes(5_000_000), "too-short"
    yield "zeros.lis", bytes(5_000_000), "not-lis"
    yield "records.dlis", LABEL + b"\x00\x14\xff\x01\x00\x10\x80\x00" * 100_000, "not-dlis"


LABEL = b"   1V1.00RECORD08192" + b" " * 60


def segy_header(*, samples: int) -> bytes:
    header = bytearray(3600)
    header[3216:3218] = struct.pack(">H", 4000)
    header[3220:3222] = struct.pack(">H", samples)
    header[3224:3226] = struct.pack(">H", 1)
    return bytes(header)


@pytest.mark.slow
def test_each_file_has_its_verdict_within_the_limits(tmp_path):
    expected, found, seconds = {}, {}, {}
    settings = Settings(home=tmp_path / "home", file_seconds=60, memory_mb=1500)
    with checking(settings) as check:
        for name, content, code in attacks():
            path = tmp_path / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))
            began = time.monotonic()
            row = check(path)
            seconds[name] = time.monotonic() - began
            path.unlink()
            errors = [finding["code"] for finding in row["findings"] if finding["severity"] == "error"]
            expected[name], found[name] = code, errors[0] if errors else READ
    assert found == expected
    assert max(seconds.values()) < 30, seconds


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "samples"), [("sgy", 1500), ("sgy", 65535), ("dlis", 0)])
def test_a_sparse_file_of_gigabytes_ends_at_the_limit_of_time(tmp_path, suffix, samples):
    path = tmp_path / f"sparse.{suffix}"
    with path.open("wb") as stream:
        stream.write(segy_header(samples=samples) if samples else LABEL + b"\x20\x00\xff\x01")
        stream.truncate(8 * 2**30)
    settings = Settings(home=tmp_path / "home", file_seconds=15, memory_mb=1500)
    began = time.monotonic()
    with checking(settings) as check:
        (code,) = {finding["code"] for finding in check(path)["findings"] if finding["severity"] == "error"}
    assert code in {"timed-out", "not-segy", "not-dlis"}
    assert time.monotonic() - began < 60


@pytest.mark.slow
def test_names_and_depths_made_to_harm_are_scored_into_the_outbox_only(tmp_path):
    """Names with escapes, templates, markup or no text; hard links; one depth far from all others."""
    bundle, inbox = save_cheap_bundle(tmp_path / "bundle"), tmp_path / "in"
    inbox.mkdir()
    rows = "".join(f"{100 + n * 0.1524:.4f} {50 + n % 30} {2 + n % 7 / 100}\n" for n in range(300))
    for number, name in enumerate(NAMES):
        (inbox / name).write_text(HEADER + "~A\n" + rows + "#\n" * number)
    (inbox / "good.las").write_text(HEADER + "~A\n" + rows + "# good\n")
    os.link(inbox / "good.las", inbox / "hard link.las")
    for depth in ("1e6", "1e9", "1e15", "1e300"):
        (inbox / f"far {depth}.las").write_text(HEADER + "~A\n" + rows + f"{depth} 50 2.2\n")
    before = stamps(inbox)
    settings = Settings(home=tmp_path / "home", file_seconds=60, memory_mb=1500, max_attempts=1, workers=1)
    summary = score_files([inbox], settings, outbox=tmp_path / "out", bundle=str(bundle))
    assert (summary.scored, summary.quarantined, summary.failed) == (len(before), 0, 0), summary.outcomes
    assert {outcome.rows for outcome in summary.outcomes} == {300}
    assert stamps(inbox) == before
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert all(path.name.isprintable() and not set(path.name) & set("<>|`$;{}\\'\" ") for path in written)
    reports = [path.read_text(encoding="utf-8") for path in written if path.suffix == ".html"]
    assert len(reports) >= len(NAMES)
    assert not [text for text in reports if "<img src=x" in text]
