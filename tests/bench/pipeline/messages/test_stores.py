"""The store that stages share."""

import json
import socket

import pytest
from sgbench.bench.errors import UsageError
from sgbench.bench.pipeline.messages import stores


def test_what_one_process_sets_another_gets():
    served, port = stores.open_store("127.0.0.1", 0, serve=True)
    joined, same = stores.open_store("127.0.0.1", port, serve=False)
    assert same == port
    joined.set("job/0", json.dumps({"cell": 1}))
    assert served.check(["job/0"])
    assert not served.check(["job/1"])
    assert json.loads(served.get("job/0")) == {"cell": 1}


def test_a_port_that_is_taken_is_one_line_with_a_remedy():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(UsageError) as caught:
            stores.open_store("127.0.0.1", port, serve=True)
    words = str(caught.value)
    assert words.startswith(f"stages cannot serve their store at 127.0.0.1:{port} (")
    assert "--rdzv-endpoint" in words
    assert "\n" not in words


def test_a_store_that_is_not_there_is_waited_for_and_named(monkeypatch):
    monkeypatch.setattr(stores, "WAIT_SECONDS", 1.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(UsageError, match=f"cannot reach their store at 127.0.0.1:{port}"):
        stores.open_store("127.0.0.1", port, serve=False)
