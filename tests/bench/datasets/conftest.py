"""Small files in place of the published ones, and a server of them on this machine."""

import dataclasses
import functools
import http.server
import threading

import pytest
from sgbench.bench.datasets import cifar10, mnist, ptb
from sgbench.bench.datasets.loading import cache as cache_module
from sgbench.bench.datasets.loading import files as files_module
from small_files.cifar10 import ARCHIVE, BINARY, ROWS
from small_files.folders import sha
from small_files.mnist import ARRAYS, PACKED, PLAIN
from small_files.ptb import CONTENTS


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep the user's cache folder, data folder and proxies out of the tests."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(files_module, "cache_folder", lambda: folder)
    monkeypatch.setattr(cache_module, "cache_folder", lambda: folder)
    monkeypatch.delenv("SGBENCH_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    cifar10._converted_hash.cache_clear()
    return folder


@pytest.fixture
def small_mnist(monkeypatch):
    files = {
        name: mnist.IdxFile(array.shape, sha(PLAIN[name]), sha(PACKED[name]))
        for name, array in ARRAYS.items()
    }
    monkeypatch.setattr(mnist, "FILES", files)


@pytest.fixture
def small_cifar10(monkeypatch):
    hashes = {name: sha(content) for name, content in BINARY.items()}
    monkeypatch.setattr(cifar10, "FILES", hashes)
    monkeypatch.setattr(cifar10, "ROWS", ROWS)
    monkeypatch.setattr(cifar10, "ARCHIVE_SHA256", sha(ARCHIVE))
    canonical = files_module.digest(hashes.values())
    monkeypatch.setattr(
        cifar10, "DATASET", dataclasses.replace(cifar10.DATASET, canonical=canonical)
    )


@pytest.fixture
def small_ptb(monkeypatch):
    files = {name: ptb.TextFile(len(text), sha(text)) for name, text in CONTENTS.items()}
    monkeypatch.setattr(ptb, "FILES", files)


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path.lstrip("/"))
            super().do_GET()

        def log_message(self, *_):
            pass

    serve = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        running.folder, running.asked = folder, asked
        running.url = f"http://127.0.0.1:{running.server_address[1]}/"
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def refused_url():
    """Return a URL of a port that nobody listens on."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as closed:
        port = closed.server_address[1]
    return f"http://127.0.0.1:{port}/"
