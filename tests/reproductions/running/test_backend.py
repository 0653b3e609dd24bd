"""The back-end of matrix products: measured once a store and torch, part of the machine class."""

import pytest
from reference.runs import Listener
from sgbench.bench import hardware
from sgbench.bench.nn import products
from sgbench.reproductions.running import backend
from sgbench.reproductions.running.backend import choose_backend, kept_backend
from sgbench.reproductions.running.run import run
from sgbench.results.store import backend_file
from sgbench.results.store.store import Store


def test_measured_once(request_of, monkeypatch):
    store, calls = request_of().store, []

    def measured():
        calls.append(1)
        name = ("mkl", "onednn")[len(calls) % 2]  # would flip
        return {"torch": hardware.torch_release(), "matmul": name, "matmul_error": 1e-7}

    monkeypatch.setattr(backend, "measured_backend", measured)
    monkeypatch.setattr(products, "available", lambda: ("mkl", "onednn"))
    assert kept_backend(store, "cpu") is None
    assert {choose_backend(Store(store.path), "cpu") for _ in range(4)} == {("onednn", 1e-7)}
    assert kept_backend(store, "cpu") == ("onednn", 1e-7)
    assert len(calls) == 1


def test_what_another_run_chose_meanwhile_holds(request_of, monkeypatch):
    store, model = request_of().store, hardware.device_model("cpu")
    values = {"torch": hardware.torch_release(), "matmul_error": 1e-7}

    def slow():
        backend_file.write(store, model, values | {"matmul": "onednn"})
        return values | {"matmul": "mkl"}

    monkeypatch.setattr(backend, "measured_backend", slow)
    monkeypatch.setattr(products, "available", lambda: ("mkl", "onednn"))
    assert choose_backend(store, "cpu") == kept_backend(store, "cpu") == ("onednn", 1e-7)


@pytest.mark.parametrize("kept", [{"torch": "1.0"}, {"matmul": "abacus"}])
def test_a_choice_of_another_torch_does_not_hold(request_of, kept):
    store, model = request_of().store, hardware.device_model("cpu")
    values = {"torch": hardware.torch_release(), "matmul": "mkl", "matmul_error": 1e-7}
    backend_file.write(store, model, values | kept)
    default = products.available()[0]
    assert choose_backend(store, "cpu") == (default, 3e-7)
    assert kept_backend(store, "cpu") == (default, 3e-7)


def test_another_back_end_is_another_class(request_of, monkeypatch):
    request = request_of(where=("network=fcn,rule=backprop,depth=3",))
    run(request, Listener())
    name = hardware.device_model("cpu")
    backend_file.write(
        request.store, name, backend_file.read(request.store, name) | {"torch": "0.0"}
    )
    release = hardware.torch_release()
    values = {"torch": release, "matmul": "onednn", "matmul_error": 1e-7}
    monkeypatch.setattr(backend, "measured_backend", lambda: values)
    monkeypatch.setattr(products, "available", lambda: ("mkl", "onednn"))
    assert run(request, Listener()).written == {"ok": 1}
    first, second = request.store.scan()
    assert first.id == second.id
    assert {first.matmul, second.matmul} == {products.available()[0], "onednn"}
