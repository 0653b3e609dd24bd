"""Runs from Python: their records, warnings and errors."""

import os
import signal
import tempfile
import threading
import time
import warnings
from pathlib import Path

import pytest
import sgbench
from sgbench.cli import main


def test_a_run_returns_the_records_it_got_and_goes_on(tmp_path, tiny):
    store = tmp_path / "store"
    first = sgbench.run("table1", **tiny, seeds=1, store=store)
    assert first["status"].tolist() == ["ok"]
    assert first["scale"].tolist() == ["custom"]
    second = sgbench.run("table1", **tiny, seeds=2, store=str(store))
    assert second["seed"].tolist() == [0, 1]
    assert second["finished"].iloc[0] == first["finished"].iloc[0]  # it is not trained again
    stored = sgbench.load_records(store)
    assert set(stored["id"]) == set(second["id"])


def test_a_run_leaves_torchs_settings_as_they_were(tmp_path, tiny):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    precision = torch.backends.mkldnn.matmul.fp32_precision
    try:
        sgbench.run("table1", **tiny, seeds=1, store=tmp_path / "store")
        assert torch.get_num_threads() == 2
        assert torch.backends.mkldnn.matmul.fp32_precision == precision
    finally:
        torch.set_num_threads(before)


def test_a_script_without_a_guard_is_executed_once(process):
    printed = process(
        """
        print("begins")
        import sgbench
        found = sgbench.run(
            "table1", where={"network": "fcn", "depth": 3, "rule": "backprop"},
            set={"iterations": 20}, seeds=2, jobs=2, store="store", progress=False,
        )
        print(*found["status"])
        print(__file__)
        """
    )
    begins, statuses, file = printed.splitlines()
    assert (begins, statuses) == ("begins", "ok ok")
    assert file.endswith("script.py")


def test_a_run_works_in_another_thread(tmp_path, tiny):
    found = []
    thread = threading.Thread(
        target=lambda: found.append(sgbench.run("table1", **tiny, seeds=1, store=tmp_path / "s"))
    )
    thread.start()
    thread.join()
    assert found[0]["status"].tolist() == ["ok"]


def test_what_is_left_and_what_failed_is_warned_of(tmp_path, monkeypatch, tiny):
    from sgbench.bench.training import loop

    train, now = loop.train, time.time

    def late(job, should_stop):  # the limit is over once training has begun, however long that took
        monkeypatch.setattr(time, "time", lambda: now() + 3600)
        return train(job, should_stop)

    monkeypatch.setattr(loop, "train", late)
    long = {**tiny, "set": {"iterations": 10**7, "evaluate_every": 10**4}, "time_limit": 3600}
    with pytest.warns(sgbench.SgbenchWarning, match="1 cell left") as caught:
        found = sgbench.run("table1", **long, seeds=1, store=tmp_path / "store")
    assert found["status"].tolist() == ["timeout"]
    assert [warning.filename for warning in caught] == [__file__]
    monkeypatch.setattr(time, "time", now)

    def broken(job, should_stop):
        raise ArithmeticError("no way")

    monkeypatch.setattr(loop, "train", broken)
    with pytest.warns(sgbench.SgbenchWarning, match=r"1 cell failed.*retry=\['failed'\]"):
        found = sgbench.run("table1", **tiny, seeds=1, store=tmp_path / "store")
    assert "no way" in found["error"].iloc[0]


def test_ctrl_c_interrupts_after_the_state_is_saved(tmp_path, monkeypatch, tiny):
    from sgbench.bench.training import loop

    train = loop.train

    def interrupted(job, should_stop):
        os.kill(os.getpid(), signal.SIGINT)
        return train(job, should_stop)

    monkeypatch.setattr(loop, "train", interrupted)
    options = {**tiny, "set": {"iterations": 10**7, "evaluate_every": 10**4}}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            sgbench.run("table1", **options, seeds=1, store=tmp_path / "store")
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(list((tmp_path / "store" / "checkpoints").iterdir())) == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sgbench.load_records("nowhere"), "--store nowhere"),
        (lambda: sgbench.load_records(".", published=True), "published"),
        (lambda: sgbench.verdicts("tabel1", published=True), "table1"),
        (lambda: sgbench.verdicts("table1", "quik", published=True), "quick"),
        (lambda: sgbench.verdicts("table1", where={"dpth": 3}, published=True), "depth"),
        (lambda: sgbench.columns("record"), "records"),
        (lambda: sgbench.curves(sgbench.load_records(published=True), "eror"), "error"),
        (lambda: sgbench.curves(sgbench.columns()), "curve"),
        (lambda: sgbench.run("table1", jobs=0), "--jobs"),
        (lambda: sgbench.run("table1", time_limit=0), "--time-limit"),
        (lambda: sgbench.run("table1", until="half"), "--until"),
        (lambda: sgbench.run("table1", retry="faild"), "failed"),
        (lambda: sgbench.run("table1", seeds=0), "--seeds"),
        (lambda: sgbench.run("table1", shard=(3, 2)), "--shard"),
        (lambda: sgbench.run("table1", device="tpu"), "--device"),
        (lambda: sgbench.run("table1", "custom"), "--scale custom"),
        (lambda: sgbench.run("table1", rule_files=["nowhere.py"]), "nowhere.py"),
        (lambda: sgbench.run("table1", rule_files="nowhere.py"), "nowhere.py"),
        (lambda: sgbench.run("table1", dataset_files=Path("nowhere.toml")), "nowhere.toml"),
        (lambda: sgbench.run("table1", time_limit="30m"), "--time-limit"),
        (lambda: sgbench.run("table1", seeds="3"), "--seeds"),
        (lambda: sgbench.run("table1", shard="1/2"), "--shard"),
        (lambda: sgbench.run("table1", shard=("1", "2")), "--shard"),
        (
            lambda: sgbench.run(
                "table1", set={"iterations": 10**6, "evaluate_every": 1}, store=tempfile.mkdtemp()
            ),
            "evaluate_every=50 or more",
        ),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(call, words):
    with pytest.raises(ValueError, match=r"\A[^\n]*\Z") as caught:
        call()
    assert isinstance(caught.value, sgbench.SgbenchError)
    assert words in str(caught.value)


def test_an_error_has_the_words_of_the_command(capsys):
    with pytest.raises(sgbench.UsageError) as caught:
        sgbench.run("table1", where={"depth": 7})
    with pytest.raises(SystemExit) as ended:
        main(["run", "table1", "--where", "depth=7"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"sgbench: {caught.value}\n"


def test_warnings_can_be_errors(tmp_path, tiny):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sgbench.run("table1", **tiny, seeds=1, store=tmp_path / "store")


def test_the_first_part_of_a_schedule_is_trained_and_gone_on_with(tmp_path, tiny):
    options = {**tiny, "set": {"iterations": 40, "evaluate_every": 10}, "seeds": 1}
    part = sgbench.run("table1", **options, until=20, store=tmp_path / "store")
    assert part[["status", "iterations_done"]].to_numpy().tolist() == [["partial", 20]]
    again = sgbench.run("table1", **options, until="50%", store=tmp_path / "store")
    assert again["finished"].tolist() == part["finished"].tolist()
    whole = sgbench.run("table1", **options, store=tmp_path / "store")
    assert whole[["status", "iterations_done"]].to_numpy().tolist() == [["ok", 40]]
