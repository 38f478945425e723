"""Lets the tests of metrics import their oracles and worlds."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
