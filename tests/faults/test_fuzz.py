"""Readers of what others wrote keep their promise on any bytes."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import hypothesis.strategies as st
import pytest
from fuzz_targets import SEEDS, TARGETS
from hypothesis import example, given, settings

WORDS = (
    b"{ } [ ] \" , : 1e999 NaN \\ud800 null true - = 0-9 schema \xff \x1b[ ' ( \xc2\xb2"
)
PIECES = st.sampled_from([*WORDS.split(), b"\n"])
ANY = st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=40).map(b"".join))


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_keeps_its_promise(name: str) -> None:
    target = TARGETS[name]

    @settings(max_examples=25, deadline=None)
    @given(ANY)
    def check(data: bytes) -> None:
        target(data)

    for seed in SEEDS[name]:
        check = example(seed)(check)
    check()


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_keeps_its_promise_when_its_input_is_cut_anywhere(name: str) -> None:
    for seed in SEEDS[name]:
        for length in range(0, min(len(seed), 200), 3):
            TARGETS[name](seed[:length])


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_keeps_its_promise_under_coverage_guided_fuzzing(
    name: str, tmp_path: Path
) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install atheris")
    script = Path(__file__).parent / "fuzz.py"
    subprocess.run([sys.executable, str(script), name, "10"], check=True, cwd=tmp_path)
