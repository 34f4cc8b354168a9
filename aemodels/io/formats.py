"""The file formats: the one list from which readers, scored copies, outbox folders and documentation are derived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from aemodels.core.errors import DataError, LargeFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Kind, Recording, Scores
from aemodels.io.csv.header import HEADER_ROW
from aemodels.io.csv.reader import read_csv
from aemodels.io.csv.scored_copy import write_scored_csv
from aemodels.io.files.gzip import content_suffix
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.frames.dlis import CHANNELS as DLIS_CHANNELS
from aemodels.io.frames.las_copy import write_scored_frames
from aemodels.io.frames.lis import CHANNELS as LIS_CHANNELS
from aemodels.io.frames.reader import read_dlis, read_lis
from aemodels.io.las.header import CURVE_SECTION
from aemodels.io.las.reader import read_las
from aemodels.io.las.writer import write_scored_las
from aemodels.io.parquet.columns import COLUMNS
from aemodels.io.parquet.reader import read_parquet
from aemodels.io.parquet.scored_copy import write_scored_parquet
from aemodels.io.segy.denoised_copy import write_scored_segy
from aemodels.io.segy.header_positions import HeaderPositions
from aemodels.io.segy.reader import read_segy, read_segy_blocks
from aemodels.io.volume.reader import read_volume, read_volume_blocks
from aemodels.io.volume.scored_copy import write_scored_volume


@dataclass(frozen=True)
class ReadOptions:
    """Options of a reading; each reader takes those that concern its format.

    Args:
        aliases: a user's file of mnemonics and units, for logs.
        positions: byte positions of lines and coordinates in SEG-Y trace headers; None = the reader looks for them.
        limits: sizes beyond which a file is refused.
    """

    aliases: Path | None = None
    positions: HeaderPositions | None = None
    limits: SizeLimits = DEFAULT_LIMITS


Reader: TypeAlias = Callable[[Path, ReadOptions], Recording]
BlockReader: TypeAlias = Callable[[Path, int, ReadOptions], Iterator[Recording]]
CopyWriter: TypeAlias = Callable[[Path, Path, Recording, Scores, str], None]


@dataclass(frozen=True)
class Format:
    """A file format: everything that the rest of the program needs to know about it.

    Args:
        name: short name in messages.
        versions: name and versions as the documentation states them.
        kind: kind of the recordings that its files hold.
        suffixes: lower-case suffixes of its files. Each is also read with ".gz".
        folder: subfolder of the outbox for the scored copies.
        header: name, in messages, of the part of a file that describes its channels.
        reader: reads a plain file; takes (path, options).
        write_copy: writes the scored copy of a plain file; takes (source, target, recording as read, scores, history).
        block_reader: reads a plain file block by block; takes (path, channels per block, options). None if files are
            always read whole.
        in_ranges: a plain file can be divided between workers of a cluster.
        copied_as: suffix of the scored copies; "" = the first of the suffixes.
    """

    name: str
    versions: str
    kind: Kind
    suffixes: tuple[str, ...]
    folder: str
    header: str
    reader: Reader
    write_copy: CopyWriter
    block_reader: BlockReader | None = None
    in_ranges: bool = False
    copied_as: str = ""

    @property
    def copy_suffix(self) -> str:
        """Suffix of the scored copies."""
        return self.copied_as or self.suffixes[0]

    def read(self, path: Path, options: ReadOptions) -> Recording:
        """Read a plain file.

        Raises:
            LargeFileError: if the format can be read block by block and the file exceeds `options.limits.whole` bytes.
            UnreadableFileError: if the reader refuses the file.
            OSError: if it cannot be opened.
        """
        size, most = path.stat().st_size, options.limits.whole
        if self.block_reader is not None and size > most:
            found, expected = f"{path} holds {size} bytes of traces", f"at most {most} to be read at once"
            remedy = "read it block by block, or raise SONDEFLOW_MAX_WHOLE_BYTES"
            raise LargeFileError((Finding("error", "too-large", "file", found, expected, remedy),))
        return self.reader(path, options)


FORMATS: tuple[Format, ...] = (
    Format(
        name="LAS",
        versions="LAS 1.2, 2.0 and 3.0",
        kind="logs",
        suffixes=(".las",),
        folder="las",
        header=CURVE_SECTION,
        reader=lambda path, options: read_las(path, aliases=options.aliases),
        write_copy=write_scored_las,
    ),
    Format(
        name="SEG-Y",
        versions="SEG-Y revisions 0 to 2",
        kind="seismic",
        suffixes=(".sgy", ".segy"),
        folder="segy",
        header="trace headers",
        reader=lambda path, options: read_segy(path, options.positions),
        write_copy=write_scored_segy,
        block_reader=lambda path, traces, options: read_segy_blocks(path, traces=traces, positions=options.positions),
        in_ranges=True,
    ),
    Format(
        name="Zarr",
        versions="Zarr volumes (plain or MDIO 1)",
        kind="seismic",
        suffixes=(".zarr.zip", ".mdio.zip", ".zarr", ".mdio"),
        folder="zarr",
        header="attributes",
        reader=lambda path, options: read_volume(path, options.limits),
        write_copy=write_scored_volume,
        block_reader=lambda path, traces, options: read_volume_blocks(path, traces, options.limits),
    ),
    Format(
        name="CSV",
        versions="CSV tables of well logs",
        kind="logs",
        suffixes=(".csv",),
        folder="csv",
        header=HEADER_ROW,
        reader=lambda path, options: read_csv(path, aliases=options.aliases),
        write_copy=write_scored_csv,
    ),
    Format(
        name="DLIS",
        versions="DLIS (RP66 version 1)",
        kind="logs",
        suffixes=(".dlis",),
        folder="las",
        header=DLIS_CHANNELS,
        reader=lambda path, options: read_dlis(path, aliases=options.aliases),
        write_copy=write_scored_frames,
        copied_as=".las",
    ),
    Format(
        name="LIS",
        versions="LIS 79",
        kind="logs",
        suffixes=(".lis",),
        folder="las",
        header=LIS_CHANNELS,
        reader=lambda path, options: read_lis(path, aliases=options.aliases),
        write_copy=write_scored_frames,
        copied_as=".las",
    ),
    Format(
        name="Parquet",
        versions="Parquet tables of well logs",
        kind="logs",
        suffixes=(".parquet",),
        folder="parquet",
        header=COLUMNS,
        reader=lambda path, options: read_parquet(path, aliases=options.aliases),
        write_copy=write_scored_parquet,
    ),
)
_BY_SUFFIX = {suffix: form for form in FORMATS for suffix in form.suffixes}


def find_format(path: Path | str) -> Format | None:
    """Return the format that a file's suffix states, packed or not; None if there is none.

    >>> find_format("a/LINE.SGY.gz").name
    'SEG-Y'
    """
    return _BY_SUFFIX.get(content_suffix(Path(path)))


def format_of(path: Path | str) -> Format:
    """Return the format that a file's suffix states.

    Raises:
        DataError: if no format has this suffix.
    """
    form = find_format(path)
    if form is None:
        raise DataError(f"{path}: no format has the suffix {Path(path).suffix!r}; expected {known_suffixes()}")
    return form


def kind_of(path: Path | str) -> Kind | None:
    """Return the kind of recording that a file's suffix states; None if it states none."""
    form = find_format(path)
    return None if form is None else form.kind


def formats_of(kind: str) -> str:
    """Name the formats of a kind of recording, for messages.

    >>> formats_of("seismic")
    'SEG-Y or Zarr'
    """
    return " or ".join(form.name for form in FORMATS if form.kind == kind)


def known_suffixes() -> str:
    """List the suffixes that are read, for messages."""
    return ", ".join(_BY_SUFFIX) + ", each also with .gz"


def formats_sentence() -> str:
    """State which formats are read, as the documentation does."""
    *first, last = (form.versions for form in FORMATS)
    return f"{', '.join(first)} and {last} are read, plain or gzip-compressed"
