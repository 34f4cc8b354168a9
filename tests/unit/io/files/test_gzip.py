"""Gzip'd files, sound and hostile."""

from __future__ import annotations

import gzip
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io import SizeLimits, list_files, plain_file, read, sha256_file, write_las, write_segy
from helpers.recordings import make_line, make_well


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files of the code under test go here, so that what it leaves behind is seen."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def packed(path: Path, inner: str = "") -> Path:
    """The file gzip'd; `inner` is the name that the archive claims."""
    buffer = io.BytesIO()
    with gzip.GzipFile(inner, "wb", fileobj=buffer) as stream:
        stream.write(path.read_bytes())
    target = path.with_name(path.name + ".gz")
    target.write_bytes(buffer.getvalue())
    return target


def code_of(path: Path) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    return caught.value.findings[0].code


@pytest.mark.parametrize("name", ["w.las", "W.LAS", "l.sgy", "l.segy", "L.SEGY"])
def test_a_packed_file_reads_like_the_plain_one(tmp_path: Path, scratch: Path, name: str):
    plain = tmp_path / name
    if plain.suffix.lower() == ".las":
        write_las(make_well(samples=50), plain)
    else:
        write_segy(make_line(traces=5, samples=30), plain)
    archive = packed(plain)
    one, two = read(plain), read(archive)
    np.testing.assert_array_equal(two.values, one.values)
    assert (two.channels, two.name, two.findings) == (one.channels, one.name, one.findings)
    assert two.source.path == archive
    assert two.source.sha256 == sha256_file(archive)
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("inner", ["../../evil.las", "/etc/evil.las", "evil\0.las", "evil.sgy"])
def test_the_name_in_the_archive_is_not_used(tmp_path: Path, scratch: Path, inner: str):
    write_las(make_well(samples=50), tmp_path / "w.las")
    archive = packed(tmp_path / "w.las", inner.replace("\0", ""))
    with plain_file(archive) as plain:
        assert plain.name == "w.las"
        assert scratch in plain.parents
    assert [*tmp_path.rglob("evil*"), *scratch.rglob("evil*")] == []


def test_a_plain_file_is_itself(tmp_path: Path):
    (tmp_path / "w.las").write_text("x")
    with plain_file(tmp_path / "w.las") as plain:
        assert plain == tmp_path / "w.las"
    assert plain.exists()


def test_a_decompression_bomb_is_refused_early(tmp_path: Path, scratch: Path):
    """300 MB of blanks in 300 kB."""
    with gzip.open(tmp_path / "bomb.las.gz", "wb", compresslevel=9) as stream:
        stream.write(b"~Version\n")
        for _ in range(300):
            stream.write(b" " * 2**20)
    assert code_of(tmp_path / "bomb.las.gz") == "decompression-bomb"
    assert list(scratch.iterdir()) == []


def test_the_limit_on_content(tmp_path: Path):
    (tmp_path / "r.las").write_bytes(np.random.default_rng(0).bytes(5 * 2**20))
    archive = packed(tmp_path / "r.las")
    tight = SizeLimits(unpacked=2**20)
    with pytest.raises(UnreadableFileError, match="decompression-bomb"), plain_file(archive, tight):
        pass
    with plain_file(archive, SizeLimits(unpacked=6 * 2**20)) as plain:
        assert plain.read_bytes() == (tmp_path / "r.las").read_bytes()


def test_damaged_archives_are_refused(tmp_path: Path, scratch: Path):
    write_las(make_well(samples=500), tmp_path / "w.las")
    data = packed(tmp_path / "w.las").read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 0xFF
    for name, content, code in [
        ("cut.las.gz", data[:-100], "truncated"),
        ("not.las.gz", b"~Version\n", "bad-gzip"),
        ("flipped.las.gz", bytes(flipped), "bad-gzip"),
        ("nothing.las.gz", gzip.compress(b""), "empty"),
        ("empty.las.gz", b"", "empty"),
        ("letter.txt.gz", gzip.compress(b"Dear all"), "unknown-suffix"),
        ("letter.gz", gzip.compress(b"Dear all"), "unknown-suffix"),
    ]:
        (tmp_path / name).write_bytes(content)
        assert code_of(tmp_path / name) == code, name
    assert list(scratch.iterdir()) == []


def test_links_that_lead_out_of_the_root_are_problems(tmp_path: Path):
    inbox, secret = tmp_path / "inbox", tmp_path / "secret"
    (inbox / "deep").mkdir(parents=True)
    secret.mkdir()
    write_las(make_well(samples=50), secret / "s.las")
    write_las(make_well(samples=50), inbox / "deep" / "w.las")
    (inbox / "out.las").symlink_to(secret / "s.las")
    (inbox / "relative.las").symlink_to("../secret/s.las")
    (inbox / "folder").symlink_to(secret)
    (inbox / "inside.las").symlink_to("deep/w.las")
    (inbox / "circle.las").symlink_to("circle.las")
    files, problems = list_files(inbox)
    assert files == [inbox / "circle.las", inbox / "deep" / "w.las", inbox / "inside.las"]
    assert [(path.name, finding.code) for path, finding in problems] == [
        ("out.las", "outside-root"),
        ("relative.las", "outside-root"),
    ]
    assert code_of(inbox / "circle.las") == "not-readable"


def test_a_root_that_is_a_link_itself_may_be_listed(tmp_path: Path):
    (tmp_path / "real").mkdir()
    write_las(make_well(samples=50), tmp_path / "real" / "w.las")
    (tmp_path / "real" / "alias.las").symlink_to("w.las")
    (tmp_path / "root").symlink_to("real")
    files, problems = list_files(tmp_path / "root")
    assert ([path.name for path in files], problems) == (["alias.las", "w.las"], [])
