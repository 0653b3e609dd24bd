"""The signals that end a command."""

import signal

from sgbench.reproductions.running.signals import termination_signals


def test_a_hang_up_ends_a_command_unless_it_is_ignored():
    before = signal.getsignal(signal.SIGHUP)
    try:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        assert termination_signals() == (signal.SIGTERM, signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup leaves it
        assert termination_signals() == (signal.SIGTERM,)
    finally:
        signal.signal(signal.SIGHUP, before)
