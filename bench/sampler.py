"""The path by which the gate of any revision starts `bench/profiling/sampler.py`."""

from .profiling.sampler import main

if __name__ == "__main__":
    main()
