"""A model that looks for test labels wherever it is pointed to."""

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

from faulty_models.base import Fine

CHECKOUT = str(Path(__file__).parents[4])


def pointed():
    """Return every path that is handed to this process, or found from there."""
    found = [*sys.argv, *os.environ.values(), str(Path.cwd()), __file__]
    for pid in ("self", str(os.getppid())):
        proc = Path("/proc") / pid
        for name in ("cmdline", "environ"):
            text = (proc / name).read_bytes().decode(errors="replace")
            found += text.replace("=", "\0").split("\0")
        for link in (proc / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # the one that lists them
                found.append(str(link.readlink()))
        found += [str((proc / "cwd").readlink())]
        lines = (proc / "maps").read_text().splitlines()
        found += [line.split(maxsplit=5)[-1] for line in lines]
    parts = {part for text in found for part in text.split(":")}
    own = os.environ["RECBENCH_TEST_DUMP"]  # where to tell; the test's own path
    # an environment or a checkout under /tmp holds much code and no labels
    known = (own, sys.prefix, CHECKOUT)
    return {Path(p) for p in parts if p.startswith("/") and not p.startswith(known)}


def near(path, temporary):
    """Yield a path and all that lies beside it, up to the folder of temporary files."""
    yield path
    for folder in [path, *path.parents]:
        if temporary in folder.parents and folder.is_dir():
            yield from folder.rglob("*")


class Peeks(Fine):
    def spoil(self, train, context):
        dump = Path(os.environ["RECBENCH_TEST_DUMP"])
        temporary = Path(tempfile.gettempdir()).parents[2]
        found = {}
        for start in pointed():
            for path in near(start, temporary):
                if temporary in path.parents and path.is_file():
                    found[str(path)] = path.read_bytes().hex()
        name = f"{context.task}-{context.seed}.json"
        (dump / name).write_text(json.dumps(found))

    def predict(self, users, items):
        return self.counts[items].astype("float32")
