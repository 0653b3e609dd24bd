"""The text of `sgbench doctor`: what is unknown is said so, and problems come last."""

import copy

from sgbench.reports.console.doctor import doctor_text

ROW = {
    "exhibit": "table1",
    "scale": "quick",
    "cells": 288,
    "to_run": 100,
    "seconds": 7200.0,
    "at_most": True,
    "seconds_left": 3600.0,
    "at_most_left": False,
    "basis": ["measured", "work"],
    "no_data": ["mnist"],
}
FOUND = {
    "versions": {"sgbench": "0.1.0", "revision": None, "python": "3.11.7", "optuna": None},
    "processor": {
        "model": "A processor", "cores": 8, "usable": 4, "quota": 1.5, "jobs": 1, "threads": 1,
        "load": None,
    },
    "memory": {"total": 2**34, "free": 2**33},
    "products": {
        "back_ends": [
            {"name": "mkl", "flops": 5e10, "error": 1e-7, "distinct": True},
            {"name": "onednn", "flops": 9e10, "error": 3e-7, "distinct": False},
        ],
        "chosen": "mkl",
        "kept": False,
        "bfloat16": "emulated",
    },
    "gpus": {"devices": [], "why": "no NVIDIA driver"},
    "data": [{"name": "mnist", "state": "missing", "folder": "/f", "remedy": "fetch it"}],
    "cache": {"folder": "/cache", "writable": False},
    "store": {"path": "/store", "exists": True, "writable": True, "records": None},
    "device": "cpu",
    "machine_class": None,
    "exhibits": [ROW],
    "problems": ["the cache is full: empty it"],
}  # fmt: skip


def lines(**changes):
    return doctor_text(copy.deepcopy(FOUND) | changes, 400).splitlines()


def line(words, **changes):
    (found,) = (one for one in lines(**changes) if words in one)
    return found


def test_each_fact_has_a_line():
    assert "optuna missing" in line("sgbench 0.1.0")
    assert "4 of 8 cores usable, a quota of 1.5, load unknown" in line("A processor")
    assert "8.0 GiB free of 16.0 GiB" in line("memory")
    assert line("mkl: 50 GFLOP/s").endswith("relative error 1.0e-07, chosen")
    assert "the same as the default" in line("onednn: 90 GFLOP/s")
    assert "emulated" in line("bfloat16")
    assert "no NVIDIA driver" in line("none:")
    assert "fetch it" in line("mnist: missing")
    assert "not writable" in line("/cache")
    assert "unknown" in line("/store")
    assert lines()[-1].endswith("the cache is full: empty it")


def test_a_gpu_is_named_with_its_memory():
    devices = [{"name": "A GPU", "free": 2**30, "total": 2**31}]
    assert "1.0 GiB free of 2.0 GiB" in line("A GPU", gpus={"devices": devices, "why": None})


def test_exhibits_have_their_times_and_what_these_are_known_from():
    assert line("table1").split() == [
        "table1", "quick", "288", "at", "most", "2", "h", "100", "1", "h", "no", "mnist",
    ]  # fmt: skip
    assert "records of this class of machine" in line("times are estimates")
    assert "records of other machines" not in line("times are estimates")


def test_what_is_not_known_is_unknown():
    row = ROW | {"seconds": None, "seconds_left": None, "basis": []}
    assert line("table1", exhibits=[row]).count("unknown") == 2
    assert "--dry-run measures" in line("times on cpu are unknown", exhibits=[row])
    products = {"back_ends": [], "chosen": None, "kept": False, "bfloat16": None}
    assert "unknown" in line("products", products=products)
