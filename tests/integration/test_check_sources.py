"""`sondeflow check` on what lies elsewhere, on lines too large to be read at once, and with stated positions."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from aemodels.io import write_las, write_segy
from helpers.recordings import make_line, make_well

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A well, a line, both packed, and a letter."""
    place = tmp_path / "files"
    place.mkdir()
    write_las(make_well(samples=60), place / "w.las")
    write_segy(make_line(traces=40, samples=50), place / "l.sgy")
    for name in ("w.las", "l.sgy"):
        (place / f"{name}.gz").write_bytes(gzip.compress((place / name).read_bytes()))
    (place / "letter.las").write_text("Dear all,\n")
    return place


@pytest.fixture
def s3(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The files on a server that speaks s3; where it is and who we are stands in the environment."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    names = {"AWS_ENDPOINT_URL_S3": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    system = fsspec.filesystem("s3", client_kwargs={"region_name": "eu-west-1"})
    bucket = f"survey-{port}"  # the servers of one process share their buckets
    system.mkdir(bucket)
    for path in folder.iterdir():
        system.put(str(path), f"{bucket}/field/{path.name}")
    fsspec.filesystem("s3").clear_instance_cache()
    yield f"s3://{bucket}/field"
    fsspec.filesystem("s3").clear_instance_cache()
    server.stop()


@pytest.fixture
def memory(folder: Path) -> Iterator[str]:
    system = fsspec.filesystem("memory")
    for path in folder.iterdir():
        system.pipe(f"/field/{path.name}", path.read_bytes())
    yield "memory://field"
    system.rm("/field", recursive=True)


def judged(answer: dict) -> dict[str, tuple]:
    return {
        row["path"].rsplit("/", 1)[1]: (row["verdict"], row["kind"], row.get("samples"), row["findings"])
        for row in answer["files"]
    }


@pytest.mark.parametrize("where", ["s3", "memory", "file"])
def test_a_url_is_judged_as_the_folder_is(folder: Path, where: str, request: pytest.FixtureRequest, command_json):
    url = f"file://{folder}" if where == "file" else request.getfixturevalue(where)
    code, local = command_json("check", str(folder))
    assert code == 1
    code, answer = command_json("check", url)
    assert code == 1
    assert judged(answer) == judged(local)
    assert {row["path"] for row in answer["files"]} == {f"{url}/{path.name}" for path in folder.iterdir()}
    assert (answer["summary"]["files"], answer["unusable"]) == (5, 1)


def test_one_file_behind_a_url(s3: str, command_json):
    code, answer = command_json("check", f"{s3}/l.sgy.gz")
    assert code == 0
    assert [(row["path"], row["channels"]) for row in answer["files"]] == [(f"{s3}/l.sgy.gz", 40)]


@pytest.mark.parametrize(
    ("url", "finding"), [("{}/none/w.las", "missing"), ("http://127.0.0.1:9/w.las", "unknown-scheme")]
)
def test_what_cannot_be_fetched_is_a_finding(s3: str, url: str, finding: str, command_json):
    url = url.format(s3)
    code, answer = command_json("check", url)
    assert code == 1
    assert [(row["path"], [f["code"] for f in row["findings"]]) for row in answer["files"]] == [(url, [finding])]


def test_a_path_that_holds_a_url_in_its_name_is_not_fetched(tmp_path: Path, command_json, monkeypatch):
    """Only what was typed is fetched: a file's name or content that looks like a URL stays what it is."""
    place = tmp_path / "http:" / "example.org"
    place.mkdir(parents=True)
    write_las(make_well(samples=60), place / "w.las")
    (place / "v.las").write_text("s3://survey/field/w.las\n")
    code, answer = command_json("check", str(tmp_path))
    assert code == 1
    assert judged(answer)["w.las"][0] == "good"
    assert [f["code"] for f in judged(answer)["v.las"][3]] == ["not-las"]


def test_limits_come_from_theenvironment(folder: Path, command_json, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SONDEFLOW_MAX_FILE_BYTES", "5000")
    code, answer = command_json("check", str(folder / "l.sgy"))
    assert (code, answer["files"][0]["findings"][0]["code"]) == (1, "too-large")
    code, answer = command_json("check", f"file://{folder}/l.sgy")
    assert (code, answer["files"][0]["findings"][0]["code"]) == (1, "too-large")
    monkeypatch.setenv("SONDEFLOW_MAX_FILE_BYTES", "1000000")
    monkeypatch.setenv("SONDEFLOW_MAX_UNPACKED_BYTES", "5000")
    code, answer = command_json("check", str(folder / "l.sgy.gz"))
    assert (code, answer["files"][0]["findings"][0]["code"]) == (1, "decompression-bomb")


@pytest.mark.parametrize("name", ["l.sgy", "l.sgy.gz"])
def test_a_line_too_large_to_be_read_at_once_is_judged_all_the_same(
    folder: Path, name: str, command_json, monkeypatch: pytest.MonkeyPatch
):
    data = bytearray((folder / "l.sgy").read_bytes())
    data[3840:4040] = bytes(200)  # a dead trace
    (folder / "l.sgy").write_bytes(data)
    (folder / "l.sgy.gz").write_bytes(gzip.compress(bytes(data)))
    _, whole = command_json("check", str(folder / name))
    monkeypatch.setenv("SONDEFLOW_MAX_WHOLE_BYTES", "5000")
    code, blocks = command_json("check", str(folder / name))
    assert code == 0
    assert blocks == whole
    assert blocks["files"][0]["verdict"] == "doubtful"


def test_stated_positions_reach_the_reader(tmp_path: Path, command_json, monkeypatch: pytest.MonkeyPatch):
    line = make_line(traces=40, samples=50)
    write_segy(line, tmp_path / "l.sgy")
    data = bytearray((tmp_path / "l.sgy").read_bytes())
    for place in range(3600, len(data), 440):  # no lines at 189 and 193; a shot record's numbers elsewhere
        data[place + 188 : place + 196] = bytes(8)
        data[place + 20 : place + 24] = bytes(4)
    (tmp_path / "l.sgy").write_bytes(data)
    path = str(tmp_path / "l.sgy")
    notes = [f["code"] for f in command_json("check", path)[1]["files"][0]["findings"]]
    assert notes == ["no-lines"]
    assert command_json("check", path, "--header-positions", "inline=5, crossline=1")[1]["files"][0]["findings"] == []
    monkeypatch.setenv("SONDEFLOW_HEADER_POSITIONS", "inline=5,crossline=1")
    assert command_json("check", path)[1]["files"][0]["findings"] == []


@pytest.mark.parametrize("text", ["inlin=9", "inline", "inline=", "inline=9,inline=13", "inline=0", "inline=240", ""])
@pytest.mark.parametrize("command_name", ["check", "train"])
def test_positions_that_make_no_sense_are_bad_usage(text: str, command_name: str, command_json):
    rest = ("x.sgy",) if command_name == "check" else ("seismic", "--data", "x.sgy")
    code, answer = command_json(command_name, *rest, "--header-positions", text)
    assert code == 2
    assert "inline" in answer["error"]


def test_the_table_of_a_folder(folder: Path, command):
    for number in range(30):
        (folder / f"copy{number}.las").write_bytes((folder / "w.las").read_bytes())
    code, out = command("check", str(folder))
    assert code == 1
    assert "copy7.las" not in out  # good files of a large folder are counted, not listed
    assert out.splitlines()[0] == f"in {folder}/"
    assert "\nletter.las\n  error [not-las] file" in out
    assert "35 files: 34 good, 0 doubtful, 1 unusable" in out
    assert "copy7.las" in command("check", str(folder), "--all")[1]


def test_stated_positions_reach_the_flows_of_train(flow_home, monkeypatch: pytest.MonkeyPatch):
    """Flows read their settings anew; the command line's positions go before those of the environment."""
    from flows.cli.learn import environment
    from tasks.settings import Settings

    monkeypatch.setenv("SONDEFLOW_HEADER_POSITIONS", "inline=37")
    assert environment().header_positions.inline == 37
    assert environment("inline=5,crossline=1").header_positions.inline == 5
    assert (Settings().header_positions.inline, Settings().header_positions.crossline) == (5, 1)
