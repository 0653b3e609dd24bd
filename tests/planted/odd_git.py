"""A `git` on the PATH that is not as git usually is."""

import os
import shutil

OF_ANOTHER_OWNER = 'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {git} "$@"'
"""git itself, to which every checkout belongs to somebody else."""
SLOW_STATUS = 'case "$*" in *" status "*) sleep 60;; esac; exec {git} "$@"'


def odd_git(folder, monkeypatch, script):
    """Put a `git` in front of the PATH that runs `script`, in which {git} is the real one."""
    real = shutil.which("git")
    folder.mkdir()
    path = folder / "git"
    path.write_text("#!/bin/sh\n" + script.format(git=real) + "\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
