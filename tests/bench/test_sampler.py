"""The sampler's old path: gates of other revisions start it there."""

import json
import subprocess
import sys

from sgbench.bench.profiling.sampler import WIRE_VERSION


def test_it_answers_under_its_old_path():
    done = subprocess.run(
        [sys.executable, "-m", "sgbench.bench.sampler"],
        input='{"do": "sample", "name": "none", "steps": 1}\n',
        capture_output=True,
        text=True,
        check=True,
    )
    greeting, answer = map(json.loads, done.stdout.splitlines())
    assert greeting == {"protocol": WIRE_VERSION}
    assert "none" in answer["error"]
