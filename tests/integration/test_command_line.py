"""The command line as programs use it: one JSON object, exit codes, nothing else on stdout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aemodels.io.las.writer import write_las
from helpers.paths import ROOT
from helpers.recordings import make_well
from helpers.tiny_specs import LOGS
from tasks.ledger import Filter, forget, open_ledger

pytest_plugins = ("helpers.flow_fixtures",)
COMMANDS = (
    "demo",
    "train",
    "compare",
    "promote",
    "upload",
    "score",
    "ledger",
    "similar",
    "sample",
    "check",
    "models",
    "ui",
    "bench",
    "upgrade",
)


def _sondeflow(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _imported(done: subprocess.CompletedProcess[str]) -> set[str]:
    """Return the packages that a command imported, which was run with PYTHONPROFILEIMPORTTIME."""
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}


def test_help_loads_nothing_heavy_and_lists_every_command():
    done = _sondeflow("--help", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout for name in COMMANDS)
    assert "typer" in _imported(done)
    assert not _imported(done) & {"numpy", "pandas", "pydantic", "tensorflow", "keras", "prefect", "mlflow"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_json(name):
    done = _sondeflow(name, "--help")
    assert done.returncode == 0
    assert "--json" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "nosuch", "--data", "x"),
        ("train", "logs"),
        ("train",),
        ("compare", "both", "logs", "--data", "x"),
        ("promote", "nosuch"),
        ("promote",),
        ("score",),
        ("check",),
        ("sample",),
        ("nosuch",),
        ("similar", "a.las"),
        ("similar", "a.las", "--from", "1", "--to", "2", "--top", "0"),
        ("ledger", "--state", "lost"),
        ("ledger", "--retry", "ab"),
        ("check", "a", "--unknown-option"),
    ],
)
def test_bad_usage_is_code_2_and_one_object(arguments, tmp_path):
    done = _sondeflow(*arguments, "--json", SONDEFLOW_HOME=str(tmp_path))
    assert done.returncode == 2
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert len(answer["error"]) > 10


def test_a_yaml_file_that_is_no_experiment_is_bad_usage(tmp_path, flow_home, command_json):
    path = tmp_path / "odd.yaml"
    path.write_text("name: odd\nkind: gravity\n")
    code, answer = command_json("train", str(path), "--data", str(tmp_path))
    assert code == 2
    assert "kind" in answer["error"]


@pytest.fixture
def files(tmp_path):
    """One good file, and the bad ones that arrive in real life."""
    write_las(make_well(samples=300), tmp_path / "good.las")
    (tmp_path / "empty.las").touch()
    (tmp_path / "letter.las").write_text("Dear all,\n")
    (tmp_path / "table.xlsx").write_bytes(b"PK")
    return tmp_path


def test_check_of_a_good_file_is_code_0(files, command_json):
    code, answer = command_json("check", str(files / "good.las"))
    assert (code, answer["ok"], answer["unusable"]) == (0, True, 0)
    assert answer["files"][0]["kind"] == "logs"
    assert answer["files"][0]["samples"] == 300


@pytest.mark.parametrize(
    ("name", "finding"),
    [("empty.las", "empty"), ("letter.las", None), ("table.xlsx", "unknown-suffix"), ("gone.las", "missing")],
)
def test_check_of_a_bad_file_is_code_1_with_its_finding(files, command_json, name, finding):
    code, answer = command_json("check", str(files / name))
    assert code == 1
    found = answer["files"][0]["findings"]
    assert any(item["severity"] == "error" for item in found)
    assert all(item["remedy"] for item in found)
    assert finding is None or found[0]["code"] == finding


def test_check_of_a_folder_judges_each_file_and_writes_nothing(files, command_json):
    before = sorted(path.name for path in files.rglob("*"))
    code, answer = command_json("check", str(files))
    assert code == 1
    assert {Path(row["path"]).name: row["verdict"] == "unusable" for row in answer["files"]} == {
        "good.las": False,
        "empty.las": True,
        "letter.las": True,
        "table.xlsx": True,
    }
    summary = answer["summary"]
    assert (summary["files"], summary["unusable"], answer["unusable"]) == (4, 3, 3)
    assert summary["good"] + summary["doubtful"] == 1
    assert {row["code"] for row in summary["findings"] if row["severity"] == "error"} == {
        finding["code"] for row in answer["files"] for finding in row["findings"] if finding["severity"] == "error"
    }
    assert sorted(path.name for path in files.rglob("*")) == before


def test_the_output_of_check_names_the_finding(files, command):
    code, out = command("check", str(files / "empty.las"))
    assert code == 1
    assert "[empty]" in out


def test_check_of_one_file_loads_nothing_heavy(files):
    done = _sondeflow("check", str(files / "good.las"), PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert "numpy" in _imported(done)
    assert not _imported(done) & {"tensorflow", "keras", "prefect", "mlflow", "sklearn", "matplotlib"}


def test_models_lists_every_registry_with_parameters(command_json):
    code, answer = command_json("models")
    assert code == 0
    assert set(answer["kinds"]) == {"model", "noise", "fault", "detector", "threshold"}
    unet = next(member for member in answer["kinds"]["model"] if member["kind"] == "unet")
    widths = next(parameter for parameter in unet["parameters"] if parameter["name"] == "widths")
    assert widths["about"]
    everything = [member for members in answer["kinds"].values() for member in members]
    assert all(member["about"] for member in everything)
    assert all(parameter["about"] for member in everything for parameter in member["parameters"])


def test_sample_writes_files_that_check_accepts(tmp_path, command_json):
    code, answer = command_json("sample", str(tmp_path / "field"), "--wells", "1")
    assert code == 0
    assert len(answer["wells"]) == 1
    assert Path(answer["truth"]).is_file()
    code, answer = command_json("check", answer["wells"][0], answer["line"])
    assert code == 0
    assert [row["kind"] for row in answer["files"]] == ["logs", "seismic"]


def test_train_promote_score_and_ledger_from_the_command_line(champions, command_json, tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(LOGS))
    code, answer = command_json("train", str(path), "--data", str(champions.wells))
    assert code == 0
    assert {"run_id", "model", "version", "metrics"} <= set(answer)
    assert answer["version"] == champions.logs.version, "training again registers nothing new"
    code, answer = command_json("promote", "logs")
    assert (code, answer["accepted"]) == (1, False)
    assert all(reason.startswith("false alarms") for reason in answer["reasons"])

    forget(open_ledger(champions.settings.ledger_url), Filter())
    inbox = tmp_path / "in"
    inbox.mkdir()
    shutil.copy(champions.wells / "W-5.las", inbox)
    code, answer = command_json("score", str(inbox), "--out", str(tmp_path / "out"))
    assert (code, answer["scored"], answer["quarantined"]) == (0, 1, 0)
    (inbox / "letter.las").write_text("Dear all,\n")
    code, answer = command_json("score", str(inbox), "--out", str(tmp_path / "out"))
    assert (code, answer["skipped"], answer["quarantined"]) == (1, 1, 1)
    code, answer = command_json("score", str(inbox), "--out", str(tmp_path / "out"))
    assert (code, answer["skipped"], answer["new"]) == (0, 2, 0)

    code, answer = command_json("ledger", "--state", "published")
    assert (code, answer["count"]) == (0, 1)
    sha = answer["entries"][0]["sha256"]
    code, answer = command_json("ledger", "--retry", sha[:10])
    assert (code, answer["changed"]) == (0, 1)
    code, answer = command_json("score", str(inbox), "--out", str(tmp_path / "out"))
    assert (code, answer["scored"]) == (0, 1)


def test_similar_takes_the_champion_where_no_bundle_is_named(champions, command_json):
    interval = ("--from", "1020", "--to", "1030")
    code, answer = command_json("similar", str(champions.wells / "W-5.las"), *interval, "--top", "3")
    assert (code, answer["wells"], len(answer["rows"])) == (0, 1, 3)
    assert answer["bundle"] == f"sondeflow-logs {champions.logs.version}"
    assert answer["encoder"] == "pca_wiener", "the default has an encoder"
    code, answer = command_json("similar", str(champions.wells / "W-5.las"), *interval, "--data", str(champions.wells))
    assert (code, answer["wells"]) == (1, 6), "the letter and the empty file among the wells"
    assert {Path(one["path"]).name for one in answer["findings"]} == {"letter.las", "empty.las"}


def test_a_failure_is_code_1_and_one_object(champions, command_json, tmp_path):
    code, answer = command_json("train", "demo-logs", "--data", str(tmp_path / "nowhere"))
    assert code == 1
    assert "none of kind logs" in answer["error"]
    code, answer = command_json("promote", "logs", "--version", "999")
    assert code == 1
    assert "sondeflow train" in answer["error"]


def test_what_libraries_print_does_not_reach_stdout(capfd):
    from flows.console import answering

    with pytest.raises(SystemExit) as stop, answering("noise", as_json=True) as answer:
        sys.stdout.write("a library\n")
        os.write(1, b"a native library\n")
        subprocess.run([sys.executable, "-c", "print('a server')"], check=True)
        answer.data["value"] = 1
    assert stop.value.code == 0
    out, err = capfd.readouterr()
    assert json.loads(out) == {"command": "noise", "ok": True, "value": 1}
    assert {"a library", "a native library", "a server"} <= set(err.splitlines())


def test_an_unforeseen_error_is_one_object_with_its_trace_on_stderr(capfd):
    from flows.console import answering

    with pytest.raises(SystemExit) as stop, answering("broken", as_json=True):
        raise RuntimeError("the roof fell in")
    assert stop.value.code == 1
    out, err = capfd.readouterr()
    assert json.loads(out)["error"] == "the roof fell in"
    assert "Traceback" in err
