"""The signals that end a command, beside Ctrl-C. Free of everything heavy."""

import signal


def termination_signals() -> tuple[signal.Signals, ...]:
    """Return SIGTERM, and SIGHUP where a terminal that goes away is to end the command.

    Under `nohup` it is not.
    """
    hang_up: signal.Signals | None = getattr(signal, "SIGHUP", None)
    if hang_up is None or signal.getsignal(hang_up) is signal.SIG_IGN:
        return (signal.SIGTERM,)
    return signal.SIGTERM, hang_up
