"""A dask scheduler and workers as processes of their own, as a user starts them."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

TESTS = Path(__file__).parent.parent


class Processes:
    """Starts `dask scheduler` and `dask worker` on the loopback; ends whatever it started."""

    def __init__(self, folder, **env):
        self.folder, self.started, self.said = folder, [], {}
        path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SGBENCH_", "COV_"))}
        self.env = {**kept, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **env}

    def scheduler(self):
        """Start a scheduler; return its address."""
        self.master = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        self.address = self._wait(self.master, r"Scheduler at:\s+(tcp://\S+)")
        return self.address

    def worker(self, *options, threads=1, preload=None):
        """Start a worker under a nanny and wait until it is known."""
        more = ("--preload", str(preload)) if preload else ()
        process = self._start(
            *("worker", self.address, "--host", "127.0.0.1", "--nworkers", "1"),
            *("--nthreads", str(threads), "--memory-limit", "0"),
            *("--local-directory", str(self.folder / "scratch"), *more, *options),
        )
        self._wait(process, r"Registered to:\s+(tcp://\S+)")
        return process

    def kill_trainer(self, process):
        """Kill the process that trains; its nanny starts another."""
        for child in psutil.Process(process.pid).children(recursive=True):
            if any("spawn_main" in word for word in child.cmdline()):
                child.kill()

    def kill(self, process):
        """Kill a process with all its children, for good."""
        for child in (*psutil.Process(process.pid).children(recursive=True), process):
            child.kill()
        process.wait(60)

    def close(self):
        for process in self.started:
            if process.poll() is None:
                self.kill(process)

    def _start(self, *words):
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *words, "--no-dashboard"],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        lines = self.said[process.pid] = []
        threading.Thread(target=self._listen, args=(process, lines), daemon=True).start()
        return process

    def _listen(self, process, lines):
        for line in process.stdout:
            lines.append(line)

    def _wait(self, process, pattern, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end and process.poll() is None:
            for line in list(self.said[process.pid]):
                if match := re.search(pattern, line):
                    return match[1]
            time.sleep(0.1)
        raise AssertionError(f"no {pattern} in {''.join(self.said[process.pid])}")
