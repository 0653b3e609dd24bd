"""`sgbench tune` and `sgbench report tune`: what they print, where, and with which exit code."""

import json
import os
import signal

import pytest
from sgbench.bench.training import loop
from sgbench.results.store import study as studies

WHERE = ("--where", "rule=dni,network=fcn,depth=3,sg_layers=1")
TINY = ("--set", "iterations=18", "--set", "evaluate_every=2", "--set", "hidden_units=8")
DECLARED = (*WHERE, *TINY, "--trials", "4", "--fresh", "2")
NAME = "table1-demo-dni-digits-fcn-3"
ONE = ("--jobs", "1", "--device", "cpu")


@pytest.fixture
def tune(sgbench, store):
    def call(*arguments, **env):
        return sgbench("tune", "table1", *arguments, *ONE, "--store", store.path, **env)

    return call


def test_a_study_from_its_command_to_its_report(tune, sgbench, store):
    done = tune(*DECLARED)
    assert done.exit_code == 0, done.output
    name, trials, best, tested, verdict, *command, report = done.stdout.splitlines()
    assert name == f"study {NAME}"
    assert trials.startswith("dni: 4 trials (")
    assert "best is trial " in best
    assert "the untuned protocol " in tested
    assert ("keep the untuned protocol" in verdict) == (command == [])
    assert report.endswith(f"sgbench report tune --study {NAME} --store {store.path}")
    fixed, head, *lines = done.stderr.splitlines()
    assert fixed == "sg_layers is not searched: --where fixes it"
    assert head == f"study {NAME}: 4 trials, one cell at a time"
    assert [line.split("  ")[0] for line in lines[:4]] == ["1/4", "2/4", "3/4", "4/4"]
    assert "the untuned protocol, 2 fresh seeds" in lines[4]

    # The command that the winner comes with finds its records.
    *_, arm = map(json.loads, tune(*DECLARED, "--json").stdout.splitlines())
    argv = arm["command"][2:]
    again = sgbench("status", *argv, "--store", store.path, "--device", "cpu")
    assert again.exit_code == 0, again.output
    assert "  done            2" in again.stdout

    shown = sgbench("report", "tune", "--store", store.path, "--out", "r", "--format", "md,csv")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith(f"Study {NAME}\n")
    names = sorted(os.listdir("r"))
    assert names == [f"tune-{NAME}-budget.csv", f"tune-{NAME}.csv", f"tune-{NAME}.md"]
    line = ("report", "tune", "--study", NAME, "--store", store.path, "--out", "r")
    assert sgbench(*line, "--check", "--format", "md,csv").exit_code == 0


def test_json_is_each_trial_then_each_arm(tune, store):
    done = tune(*DECLARED, "--json")
    assert done.exit_code == 0, done.output
    *trials, arm = map(json.loads, done.stdout.splitlines())
    assert [trial["trial"] for trial in trials] == [0, 1, 2, 3]
    assert all(trial["state"] in ("complete", "pruned") for trial in trials)
    assert arm["best"] in trials
    assert sorted(arm["tuned"]) == sorted(arm["as_it_is"]) == ["1", "2"]
    assert arm["verdict"] in ("keep", "better")
    assert (arm["p"] < 0.05) == (arm["verdict"] == "better")
    assert trials[0]["params"] == {"learning_rate": 0.003, "sg_units": 128, "sg_scale": 10.0}
    assert arm["command"][:3] == ["sgbench", "run", "table1"]
    ids = {record.id for record in store.scan()}
    assert all(cell in ids for trial in trials for cell in trial["cells"])


def test_a_second_time_there_is_nothing_to_do(tune, monkeypatch):
    first = tune(*DECLARED)
    monkeypatch.setattr(loop, "train", None)
    second = tune(*DECLARED)
    assert (second.exit_code, second.stdout) == (0, first.stdout)
    resumed = tune("--study", NAME, "--resume")
    assert (resumed.exit_code, resumed.stdout, resumed.stderr) == (0, first.stdout, "")


def test_a_time_limit_is_told_and_gone_on_from(tune, store, monkeypatch):
    import time

    real, now, done = loop.train, time.time, []

    def slow(job, should_stop):
        done.append(job)
        if len(done) == 4:
            monkeypatch.setattr(time, "time", lambda: now() + 90)
        return real(job, should_stop)

    monkeypatch.setattr(loop, "train", slow)
    cut = tune(*DECLARED, "--time-limit", "1m")
    monkeypatch.setattr(time, "time", now)
    assert cut.exit_code == 3
    again = f"sgbench tune table1 --study {NAME} --resume --jobs 1 --device cpu"
    assert cut.stdout.splitlines()[-1] == f"go on:   {again} --store {store.path}"
    assert tune("--study", NAME, "--resume").exit_code == 0
    assert len(studies.load(store, NAME).asked["dni"]) == 4


def test_a_trial_that_fails_is_told_by_the_exit_code(tune, monkeypatch):
    def broken(job, should_stop):
        raise RuntimeError("it broke")

    monkeypatch.setattr(loop, "train", broken)
    done = tune(*DECLARED)
    assert done.exit_code == 4
    assert done.stdout.splitlines()[1:3] == [
        "dni: 4 trials (4 failed), 0 updates, 1 s",
        "  no trial is complete",
    ]
    assert done.stderr.count("failed: RuntimeError: it broke") == 4


def test_rebuild_and_export(tune, sgbench, store):
    tune(*DECLARED)
    before = studies.load(store, NAME)
    studies.study_path(store, NAME).write_bytes(b"{}")
    broken = tune(*DECLARED)
    assert broken.exit_code == 5
    assert "--rebuild makes it again from the records" in broken.stderr
    done = tune(*DECLARED, "--rebuild")
    assert done.exit_code == 0, done.output
    after = studies.load(store, NAME)
    assert sorted(map(str, after.asked["dni"])) == sorted(map(str, before.asked["dni"]))
    out = sgbench("tune", "table1", "--study", NAME, "--export", "s.db", "--store", store.path)
    assert out.exit_code == 0, out.output
    assert out.stderr == "wrote s.db; look at it with: optuna-dashboard sqlite:///s.db\n"
    assert os.path.getsize("s.db") > 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tune table1 --where rule=dni,network=fcn,depth=3 --trials 0", "--trials 0"),
        ("tune table1 --space learing_rate=1:2", "did you mean 'learning_rate'"),
        ("tune table1 --space learning_rate=1:1e-3", "--space learning_rate=1:1e-3"),
        ("tune table1 --space learning_rate=0:1:log", "must be above 0"),
        ("tune table1 --space seed=0:2", "--seeds"),
        ("tune table1 --resume --study nowhere", "no such study"),
        ("tune table1 --resume --rebuild --study nowhere", "exclude each other"),
        ("tune table1 --export x.db --study nowhere", "no such study"),
        ("tune table1", "--where selects 30"),
        ("tune table1 --time-limit soon", "'soon' is no time"),
        ("tune tabel1", "did you mean 'table1'"),
    ],
)
def test_bad_input_is_one_line(refused, line, words):
    assert words in refused(*line.split())


def test_another_study_of_that_name_is_refused(tune, refused, store):
    tune(*DECLARED)
    line = ("tune", "table1", *DECLARED, "--seeds", "2", "--store", store.path)
    assert "seeds is 1 there, not 2" in refused(*line)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_and_the_next_run(start, store, number):
    slow = ("--set", "iterations=1500", "--set", "evaluate_every=100", "--set", "sg_units=8",
            "--set", "hidden_units=8", "--pruner", "none",
            "--space", "learning_rate=1e-4:1e-2:log")  # fmt: skip
    line = ("tune", "table1", *WHERE, *slow, "--trials", "3", "--fresh", "1", "--jobs", "1",
            "--device", "cpu", "--store", store.path)  # fmt: skip
    process = start(*line)
    for text in process.stderr:
        if text.startswith("1/3"):
            process.send_signal(number)
            break
    rest = process.stderr.read()
    assert process.wait(300) == (-9 if number == signal.SIGKILL else 128 + number)
    if number != signal.SIGKILL:
        assert f"interrupted; go on with: sgbench tune table1 --study {NAME} --resume" in rest
    again = start("tune", "table1", "--study", NAME, "--resume", "--device", "cpu", "--jobs", "1",
                  "--store", store.path)  # fmt: skip
    out, err = again.communicate(timeout=300)
    assert again.returncode == 0, err
    assert "2/3" in err
    assert "1/3" not in err
    assert "dni: 3 trials (3 complete), 4,500 updates" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--resume", "--trials", "0"), "--trials 0 must be between 1"),
        (("--resume", "--fresh", "0"), "--fresh 0 must be between 1"),
        (("--export", ""), "--export is empty"),
        (("--export", "wh?at.db"), "must not contain ?"),
        (("--export", "p%20c.db"), "must not contain %"),
    ],
)
def test_what_a_study_cannot_be_asked(tune, words, says):
    assert tune(*DECLARED).exit_code == 0
    done = tune("--study", NAME, *words)
    assert (done.exit_code, says in done.stderr) == (2, True), done.stderr


def test_an_export_that_fails_leaves_nothing(tune, monkeypatch, tmp_path):
    import optuna

    assert tune(*DECLARED).exit_code == 0

    def full(**_):
        (tmp_path / "full.db").write_bytes(b"a stump")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(optuna, "create_study", full)
    done = tune("--study", NAME, "--export", "full.db")
    assert done.exit_code == 2
    assert "--export full.db: cannot be written: " in done.stderr
    assert "No space left" in done.stderr
    assert not (tmp_path / "full.db").exists()


def test_a_study_of_another_exhibit_is_named(tune, sgbench, store):
    assert tune(*DECLARED).exit_code == 0
    done = sgbench("tune", "table2", "--study", NAME, "--resume", "--store", store.path)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"sgbench: table2: study {NAME} is of table1: ")
