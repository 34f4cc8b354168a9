from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Channel, Recording, Source
from aemodels.io import FORMATS, READERS, atomic_path, kind_of, list_files, read, sha256_file, write_las, write_segy
from helpers.paths import ROOT


def recording(kind: str) -> Recording:
    values = np.array([[1.0, 2.0, 4.0], [3.0, 2.0, 1.0]], dtype=np.float32)
    names = ("GR", "SP") if kind == "logs" else ("trace 0", "trace 1")
    return Recording(values, np.array([0.0, 1e-3, 2e-3]), tuple(map(Channel, names)), kind, Source("x", "0" * 64), "N")


def code_of(path: Path) -> str:
    with pytest.raises(UnreadableFileError) as caught:
        read(path)
    (finding,) = caught.value.findings
    assert finding.severity == "error"
    return finding.code


@pytest.mark.parametrize("name", ["a.las", "a.LAS", "a.Las", "b.sgy", "b.SGY", "c.SegY"])
def test_the_suffix_chooses_the_reader_in_any_case(tmp_path: Path, name: str):
    kind = "logs" if name.lower().endswith("las") else "seismic"
    (write_las if kind == "logs" else write_segy)(recording(kind), tmp_path / name)
    back = read(tmp_path / name)
    assert back.kind == kind
    np.testing.assert_array_equal(back.values, recording(kind).values)
    assert back.source.sha256 == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    assert back.source.path == tmp_path / name


def test_the_registry():
    assert set(READERS) == {suffix for form in FORMATS for suffix in form.suffixes}
    assert len({form.name for form in FORMATS}) == len(FORMATS)
    assert all(kind_of(f"copy{form.copy_suffix}") == form.kind for form in FORMATS)  # copies are read too
    assert len(READERS) == sum(len(form.suffixes) for form in FORMATS)
    assert all(kind_of(f"a{suffix.upper()}.gz") == form.kind for form in FORMATS for suffix in form.suffixes)


def test_what_cannot_be_read_gives_a_finding(tmp_path: Path):
    (tmp_path / "empty.las").touch()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "folder.las").mkdir()
    (tmp_path / "letter.las").write_text("Dear all")
    os.mkfifo(tmp_path / "pipe.las")
    assert code_of(tmp_path / "missing.las") == "missing"
    assert code_of(tmp_path / "missing.txt") == "missing"
    assert code_of(tmp_path / "empty.las") == "empty"
    assert code_of(tmp_path / "notes.txt") == "unknown-suffix"
    assert code_of(tmp_path / "folder.las") == "is-directory"
    assert code_of(tmp_path / "letter.las") == "not-las"
    assert code_of(tmp_path / "pipe.las") == "not-regular"  # opening it would wait for ever


PERMISSION_SCRIPT = """
import os, sys
from pathlib import Path
from aemodels.core.errors import UnreadableFileError
from aemodels.io import list_files, read
root = Path(sys.argv[1])
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    read(root / "secret.las")
except UnreadableFileError as error:
    print(error.findings[0].code)
files, problems = list_files(root)
print([path.name for path in files], [(path.name, finding.code) for path, finding in problems])
"""


def test_without_permission(tmp_path: Path):
    """In a process without root's rights, for root may read anything."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == os.getuid() and parent != Path("/") and not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
    write_las(recording("logs"), tmp_path / "secret.las")
    (tmp_path / "secret.las").chmod(0)
    (tmp_path / "locked").mkdir()
    write_las(recording("logs"), tmp_path / "locked" / "b.las")
    (tmp_path / "locked").chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PERMISSION_SCRIPT, str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
    finally:
        (tmp_path / "locked").chmod(0o755)
    assert done.stdout.splitlines() == ["no-permission", "['secret.las'] [('locked', 'no-permission')]"], done.stderr


def test_listing_is_sorted_and_passes_over_what_is_unfinished(tmp_path: Path):
    for name in (
        "b.las",
        "a/z.sgy",
        "a/c.txt",
        ".hidden.las",
        "x.part",
        "x.tmp",
        "x.las.crdownload",
        "x.las~",
        ".git/y.las",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files, problems = list_files(tmp_path)
    assert files == [tmp_path / "a/c.txt", tmp_path / "a/z.sgy", tmp_path / "b.las"]
    assert problems == []


def test_a_file_lists_itself(tmp_path: Path):
    (tmp_path / "a.las").touch()
    assert list_files(tmp_path / "a.las") == ([tmp_path / "a.las"], [])


def test_nothing_there_is_a_problem(tmp_path: Path):
    files, ((path, finding),) = list_files(tmp_path / "none")
    assert (files, path, finding.code) == ([], tmp_path / "none", "missing")


def test_a_link_to_a_parent_does_not_loop(tmp_path: Path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "x.las").touch()
    assert list_files(tmp_path)[0] == [tmp_path / "a" / "x.las"]


def test_atomic_write_replaces_on_success(tmp_path: Path):
    target = tmp_path / "deep" / "out.txt"
    for text in ("first", "second"):
        with atomic_path(target) as temporary:
            assert temporary.parent == target.parent
            temporary.write_text(text)
            assert list_files(tmp_path)[0] == ([target] if text == "second" else [])
    assert target.read_text() == "second"
    assert list(target.parent.iterdir()) == [target]


def test_atomic_write_leaves_the_old_file_on_failure(tmp_path: Path):
    target = tmp_path / "out.txt"
    target.write_text("old")

    def fail() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError("disk gone")

    with pytest.raises(RuntimeError, match="disk gone"):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_atomic_files_have_the_umask_s_mode(tmp_path: Path):
    (tmp_path / "plain").touch()
    with atomic_path(tmp_path / "out") as temporary:
        temporary.write_text("x")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_hash_of_a_file_larger_than_a_block(tmp_path: Path):
    data = bytes(range(256)) * 20000
    (tmp_path / "x").write_bytes(data)
    assert sha256_file(tmp_path / "x") == hashlib.sha256(data).hexdigest()


def test_reading_needs_no_heavy_library():
    """`sondeflow check` has three seconds for everything."""
    script = (
        "import sys, aemodels.io, aemodels.signal.quality_rules\n"
        "print(sorted({'pandas', 'scipy', 'sklearn', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.strip() == "[]"
