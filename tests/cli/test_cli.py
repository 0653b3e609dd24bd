"""`sgbench` without a verb: its help, the order of its verbs, its exit codes and its version."""

import subprocess
import sys

from sgbench.cli import VERBS, main
from sgbench.results import provenance


def test_help_tells_the_exit_codes(sgbench):
    text = sgbench("--help").stdout
    for code in (0, 1, 2, 3, 4, 5, 70, 130):
        assert f"\n    {code:<4} " in text


def test_verbs_come_in_the_order_of_their_declaration(sgbench):
    text = sgbench().stdout
    places = [text.index(f"\n  {verb} ") for verb in VERBS]
    assert places == sorted(places)


def test_no_verb_and_a_group_alone_show_help(sgbench):
    for line in ((), ("data",)):
        done = sgbench(*line)
        assert (done.exit_code, done.stdout) == (0, sgbench(*line, "--help").stdout)


def test_version(sgbench):
    assert sgbench("--version").stdout == f"sgbench {provenance.release()}\n"


def test_every_verb_is_a_module_of_the_commands(sgbench):
    assert tuple(main.commands) == VERBS
    for name, command in main.commands.items():
        assert command.name == name


def test_python_m_sgbench_is_sgbench(tmp_path):
    command = [sys.executable, "-m", "sgbench", "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"sgbench {provenance.release()}\n"
