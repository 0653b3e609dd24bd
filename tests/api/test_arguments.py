"""What the functions share: the usual store, files of the caller's own, and warnings."""

import pytest
import sgbench
from sgbench.bench import registry
from sgbench.results.store.store import Store

OWN_RULE = """
from sgbench.bench.contract import Rule
from sgbench.bench.rules.backprop import step

RULE = Rule(
    name="mine", label="mine", sentence="learns as backprop does", color="#123456",
    families=("feedforward",), version=1, source="a test",
)
"""


def test_the_usual_store_is_the_commands(monkeypatch, tmp_path, tiny):
    monkeypatch.setenv("SGBENCH_STORE", str(tmp_path / "named"))
    sgbench.run("table1", **tiny, seeds=1)
    assert len(list(Store(tmp_path / "named").scan())) == 1
    monkeypatch.delenv("SGBENCH_STORE")
    with pytest.raises(sgbench.UsageError, match=r"\.sgbench"):
        sgbench.load_records()


def test_rules_in_files_are_known_for_the_call(tmp_path, tiny):
    file = tmp_path / "mine.py"
    file.write_text(OWN_RULE, encoding="utf-8")
    options = {"store": tmp_path / "store", "rule_files": [file]}
    where = {"network": "fcn", "depth": 3, "rule": ["backprop", "mine"]}
    found = sgbench.run("table1", **{**tiny, "where": where}, seeds=1, **options)
    assert sorted(found["rule"]) == ["backprop", "mine"]
    assert "mine" not in registry.RULES.names()
    rules = sgbench.verdicts("table1", "custom", **options)["rule"]
    assert set(rules) == {"backprop", "mine"}


def test_a_broken_record_is_warned_of(tmp_path, tiny):
    store = tmp_path / "store"
    sgbench.run("table1", **tiny, seeds=1, store=store)
    (file,) = (store / "records").rglob("*.json")
    file.write_text("{}", encoding="utf-8")
    with pytest.warns(sgbench.SgbenchWarning, match="broken"):
        assert len(sgbench.load_records(store)) == 0
