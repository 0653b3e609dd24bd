"""`sgbench run --time-limit`: when a run ends, and that the same command goes on."""

import json

ONE = ("--jobs", "1", "--device", "cpu")


def test_a_time_limit_ends_the_run_with_3_and_the_rest_goes_on(sgbench, store, make):
    line = ("run", "table1", "--where", "network=fcn,depth=3,rule=backprop,seed=0",
            "--set", "iterations=100000", *ONE, "--store", store.path)  # fmt: skip
    done = sgbench(*line, "--time-limit", "1s")
    assert done.exit_code == 3
    assert "0 of 1 cell done" in done.stdout
    assert "1 left" in done.stdout
    assert f"go on:   sgbench {' '.join(map(str, line))} --time-limit 1s" in done.stdout
    found = json.loads(sgbench("status", *line[1:6], "--store", store.path, "--json").stdout)
    assert (found["states"], found["to_run"]) == ({"timeout": 1}, 1)
    assert found["checkpoints"] == {"timeout": 1}
    (cut,) = store.scan()
    assert 0 < cut.iterations_done < 100000
    assert sgbench(*line, "--time-limit", "1s").exit_code == 3
    (further,) = store.scan()
    assert further.iterations_done > cut.iterations_done


def test_the_command_to_go_on_quotes_a_range(sgbench, store):
    some = "network=fcn,depth<4,rule=backprop,seed<=0"
    done = sgbench("run", "table1", "--where", some, "--set", "iterations=100000", *ONE,
                   "--store", store.path, "--time-limit", "1s")  # fmt: skip
    assert (done.exit_code, "0 of 1 cell done" in done.stdout) == (3, True)
    assert f"go on:   sgbench run table1 --where '{some}' --set" in done.stdout
