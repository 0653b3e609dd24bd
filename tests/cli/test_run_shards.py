"""`sgbench run --shard`: parts of a grid that are run apart."""

import json


def test_shards_are_told_and_run_apart(sgbench, store, make):
    line = ("table1", *make.tiny, "--device", "cpu", "--store", store.path)
    shards = [("--shard", f"{part}/2") for part in (1, 2)]
    seen = [json.loads(sgbench("status", *line, *s, "--json").stdout) for s in shards]
    assert [found["shard"] for found in seen] == ["1/2", "2/2"]
    assert sum(found["cells"] for found in seen) == 3
    for found, part in zip(seen, shards, strict=True):
        done = sgbench("run", *line, *part, "--jobs", "1")
        assert done.exit_code == 0
        cells = found["cells"]
        assert f"table1, scale custom, shard {part[1]}: {cells} of {cells} " in done.stdout
        again = json.loads(sgbench("run", *line, *part, "--dry-run", "--json").stdout)
        assert (again["cells"], again["to_run"]) == (cells, 0)  # whatever is stored already
    whole = json.loads(sgbench("status", *line, "--json").stdout)
    assert (whole["states"], whole["shard"]) == ({"done": 3}, None)


def test_an_empty_shard_is_done(sgbench, store):
    one = ("--where", "network=fcn,depth=3,rule=backprop,seed=0", "--store", store.path)
    given = ("table1", *one, "--device", "cpu")
    counts = []
    for part in range(1, 4):
        found = sgbench("status", *given, "--shard", f"{part}/3", "--json").stdout
        counts.append(json.loads(found)["cells"])
    empty = ("--shard", f"{counts.index(0) + 1}/3")
    done = sgbench("run", *given, *empty)
    assert done.exit_code == 0
    assert ": 0 of 0 cells done" in done.stdout
    assert "0 cells" in sgbench("status", *given, *empty).stdout
