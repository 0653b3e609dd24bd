"""Shared by all tests: makes `reference` (the independent NumPy implementations) importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
