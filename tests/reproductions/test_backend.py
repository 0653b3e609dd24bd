"""The back-end of matrix products: measured once a store and torch, part of the machine class."""

import pytest
from reference.runs import GRID, Listener
from sgbench.bench import machine, matmul
from sgbench.reproductions import backend
from sgbench.reproductions.backend import choose_backend, kept_backend
from sgbench.reproductions.run import run
from sgbench.results import machines
from sgbench.results.store import Store


def test_measured_once(request_of, monkeypatch):
    store, calls = request_of().store, []

    def measured():
        calls.append(1)
        name = ("mkl", "onednn")[len(calls) % 2]  # would flip
        return {"torch": machine.torch_release(), "matmul": name, "matmul_error": 1e-7}

    monkeypatch.setattr(backend, "measured_backend", measured)
    monkeypatch.setattr(matmul, "available", lambda: ("mkl", "onednn"))
    assert kept_backend(store, "cpu") is None
    assert {choose_backend(Store(store.path), "cpu") for _ in range(4)} == {("onednn", 1e-7)}
    assert kept_backend(store, "cpu") == ("onednn", 1e-7)
    assert len(calls) == 1


def test_what_another_run_chose_meanwhile_holds(request_of, monkeypatch):
    store, model = request_of().store, machine.device_model("cpu")
    values = {"torch": machine.torch_release(), "matmul_error": 1e-7}

    def slow():
        machines.write(store, model, values | {"matmul": "onednn"})
        return values | {"matmul": "mkl"}

    monkeypatch.setattr(backend, "measured_backend", slow)
    monkeypatch.setattr(matmul, "available", lambda: ("mkl", "onednn"))
    assert choose_backend(store, "cpu") == kept_backend(store, "cpu") == ("onednn", 1e-7)


@pytest.mark.parametrize("kept", [{"torch": "1.0"}, {"matmul": "abacus"}])
def test_a_choice_of_another_torch_does_not_hold(request_of, kept):
    store, model = request_of().store, machine.device_model("cpu")
    values = {"torch": machine.torch_release(), "matmul": "mkl", "matmul_error": 1e-7}
    machines.write(store, model, values | kept)
    default = matmul.available()[0]
    assert choose_backend(store, "cpu") == (default, 3e-7)
    assert kept_backend(store, "cpu") == (default, 3e-7)


def test_another_back_end_is_another_class(request_of, monkeypatch):
    request = request_of(where=(*GRID, "rule=backprop,depth=3"))
    run(request, Listener())
    name = machine.device_model("cpu")
    machines.write(request.store, name, machines.read(request.store, name) | {"torch": "0.0"})
    release = machine.torch_release()
    values = {"torch": release, "matmul": "onednn", "matmul_error": 1e-7}
    monkeypatch.setattr(backend, "measured_backend", lambda: values)
    monkeypatch.setattr(matmul, "available", lambda: ("mkl", "onednn"))
    assert run(request, Listener()).written == {"ok": 1}
    first, second = request.store.scan()
    assert first.id == second.id
    assert {first.matmul, second.matmul} == {matmul.available()[0], "onednn"}
