"""Limits of processor time, by small trees of files in place of the kernel's."""

import pytest
from sgbench.bench import cpu_quota as module
from sgbench.bench.cpu_quota import cpu_quota


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Return a function that writes this process's groups, and limits by path."""

    def write(own, **limits):
        (tmp_path / "own").write_text(own)
        monkeypatch.setattr(module, "OWN_GROUPS", tmp_path / "own")
        monkeypatch.setattr(module, "ROOT", tmp_path / "root")
        for path, text in limits.items():
            file = tmp_path / "root" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n")

    return write


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("max 100000", None),
        ("25000 100000", 0.25),
        ("150000 100000", 1.5),
        ("", None),
        ("1 0", None),
        ("odd", None),
    ],
)
def test_version_2_in_a_container(groups, text, cores):
    groups("0::/\n", **{"cpu.max": text})
    assert cpu_quota() == cores


@pytest.mark.parametrize("controllers", ["cpu", "cpu,cpuacct"])
@pytest.mark.parametrize(("quota", "cores"), [("250000", 2.5), ("-1", None)])
def test_version_1(groups, controllers, quota, cores):
    files = {
        f"{controllers}/job/cpu.cfs_quota_us": quota,
        f"{controllers}/job/cpu.cfs_period_us": "100000",
    }
    groups(f"4:memory:/other\n2:{controllers}:/job\n0::/\n", **files)
    assert cpu_quota() == cores


def test_version_1_in_a_container_whose_group_only_the_host_has(groups):
    files = {"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}
    groups("2:cpu:/docker/0123456789\n", **files)
    assert cpu_quota() == 0.5


def test_the_least_of_a_group_and_those_above_it_holds(groups):
    limits = {
        "cpu.max": "max 100000",
        "user.slice/cpu.max": "300000 100000",
        "user.slice/job.scope/cpu.max": "800000 100000",
        "other.slice/cpu.max": "1000 100000",
    }
    groups("0::/user.slice/job.scope\n", **limits)
    assert cpu_quota() == 3.0


def test_a_namespace_that_hides_what_is_above(groups):
    groups("0::/../../other\n", **{"cpu.max": "200000 100000"})
    assert cpu_quota() == 2.0


def test_without_control_groups_there_is_no_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "OWN_GROUPS", tmp_path / "none")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    assert cpu_quota() is None
