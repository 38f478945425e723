"""Lets the tests of splits import their toy data."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
