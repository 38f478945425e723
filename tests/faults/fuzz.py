"""Coverage-guided fuzzing of one reader: ``python tests/faults/fuzz.py NAME SECONDS``.

Needs atheris (``pip install atheris``); says so and ends well where it is missing.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

try:
    import atheris
except ImportError:
    print("atheris is not installed: pip install atheris")
    sys.exit(0)

with atheris.instrument_imports(include=["recbench"]):
    from fuzz_targets import SEEDS, TARGETS


def main() -> None:
    """Fuzz until the time is up or a promise is broken."""
    name, seconds = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "60"
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS[name]):
            (Path(corpus) / str(number)).write_bytes(seed)
        arguments = [sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", corpus]
        atheris.Setup(arguments, TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
