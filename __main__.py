"""`python -m sgbench` is `sgbench`."""

from .cli import main

main()
