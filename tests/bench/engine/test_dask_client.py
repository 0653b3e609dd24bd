"""Connections to a dask scheduler: addresses that are none, and whoever answers there."""

import socket
import threading

import pytest
from sgbench.bench.engine.dask_client import connected
from sgbench.bench.errors import UsageError


def connect(address):
    with connected(address):
        raise AssertionError("there is a scheduler")


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        ["", "foo", "127.0.0.1:8786", "tcp://127.0.0.1", "tcp://:1", "tcp://h:99999", "http://h:1"],
    )
    def test_what_is_none(self, address):
        with pytest.raises(UsageError, match="is no address; write tcp://HOST:PORT"):
            connect(address)

    def test_nobody_there(self, monkeypatch):
        monkeypatch.setattr("sgbench.bench.engine.dask_client.PATIENCE_SECONDS", 1.0)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(UsageError, match="no scheduler answers there") as caught:
            connect(address)
        assert caught.value.exit_code == 2
        assert "\n" not in str(caught.value)

    def test_someone_else_there(self, monkeypatch):
        monkeypatch.setattr("sgbench.bench.engine.dask_client.PATIENCE_SECONDS", 2.0)
        with socket.create_server(("127.0.0.1", 0)) as server:

            def answer():
                connection, _ = server.accept()
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.close()

            threading.Thread(target=answer, daemon=True).start()
            address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
            with pytest.raises(UsageError, match="no scheduler answers there"):
                connect(address)

    def test_certificates_that_are_not_named(self):
        with pytest.raises(UsageError, match="names no certificates"):
            connect("tls://127.0.0.1:8786")
