"""HOW IT IS ASKED: the verbs, a file each; arguments in, an exit code out, no logic.

A module here that is not named with an underscore is a verb and has it as `command`. Nothing
heavier than Click is imported before a verb runs, so that `--help` answers at once.
"""
