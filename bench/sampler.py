"""`python -m sgbench.bench.sampler`: the path is fixed.

Newer gates start it in older revisions; the code is `profiling/sampler.py`.
"""

from .profiling.sampler import main

if __name__ == "__main__":
    main()
