"""Checkouts of the package's own code in git repositories, for mistakes to be planted in."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("bench", "commands", "reports", "reproductions", "results")


def git(folder, *arguments):
    named = ("-c", "user.name=t", "-c", "user.email=t@localhost")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", "-C", str(folder), *named, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=kept)
    return done.stdout.strip()


def commit(folder, message="a change"):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def checkout(folder):
    """Make a repository of the code as it is here, committed once."""
    folder.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "published")
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("cli.py", "__init__.py", "__main__.py"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".gitignore").write_text("__pycache__/\n.sgbench/\n")
    git(folder.parent, "init", "--quiet", folder.name)
    commit(folder, "the code")
    return folder


def plant(folder, file, *changes):
    """Replace texts in a file, each of which must be there once."""
    path = folder / file
    text = path.read_text()
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text)
