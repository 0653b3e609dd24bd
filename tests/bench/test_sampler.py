"""The sampler's old path: gates of other revisions start it there."""

import json
import subprocess
import sys

from sgbench.bench.profiling.sampler import PROTOCOL


def test_it_answers_under_its_old_path():
    done = subprocess.run(
        [sys.executable, "-m", "sgbench.bench.sampler"],
        input='{"do": "sample", "name": "none", "steps": 1}\n',
        capture_output=True,
        text=True,
        check=True,
    )
    greeting, answer = map(json.loads, done.stdout.splitlines())
    assert greeting == {"protocol": PROTOCOL}
    assert "none" in answer["error"]
