"""Files in and out: readers and writers of the formats, hashing, atomic writes."""

from aemodels.io.added_curves import AddedCurve
from aemodels.io.files.atomic import atomic_path
from aemodels.io.files.gzip import plain_file
from aemodels.io.files.hashing import sha256_file
from aemodels.io.files.size_limits import SizeLimits
from aemodels.io.formats import FORMATS, Format, ReadOptions, find_format, kind_of
from aemodels.io.frames.reader import read_dlis, read_lis
from aemodels.io.las.reader import read_las
from aemodels.io.las.writer import write_flagged_las, write_las
from aemodels.io.parquet.reader import read_parquet
from aemodels.io.readers import READERS, list_files, read, read_blocks
from aemodels.io.remote import fetch, fetch_all, list_urls, read_url
from aemodels.io.segy.denoised_copy import write_denoised_blocks, write_denoised_segy
from aemodels.io.segy.header_positions import HeaderPositions, parse_positions
from aemodels.io.segy.reader import read_segy, read_segy_blocks
from aemodels.io.segy.writer import write_segy

__all__ = [
    "FORMATS",
    "READERS",
    "AddedCurve",
    "Format",
    "HeaderPositions",
    "ReadOptions",
    "SizeLimits",
    "atomic_path",
    "fetch",
    "fetch_all",
    "find_format",
    "kind_of",
    "list_files",
    "list_urls",
    "parse_positions",
    "plain_file",
    "read",
    "read_blocks",
    "read_dlis",
    "read_las",
    "read_lis",
    "read_parquet",
    "read_segy",
    "read_segy_blocks",
    "read_url",
    "sha256_file",
    "write_denoised_blocks",
    "write_denoised_segy",
    "write_flagged_las",
    "write_las",
    "write_segy",
]
