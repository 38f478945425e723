import io
import os
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from recbench.datasets.dataset import DataContext


@pytest.fixture(autouse=True)
def _own_world(tmp_path, monkeypatch):
    """No test reads or fills the user's cache, or opens a way out."""
    for name in ("RECBENCH_DATA", "RECBENCH_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RECBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def shared():
    """Return a function that finds real data, or skips by name."""
    default = Path(__file__).parents[4] / "shared" / "data"
    root = Path(os.environ.get("RECBENCH_SHARED_DATA", default))

    def find(name):
        if not (root / name).is_dir():
            pytest.skip(f"the original files of {name} are not in {root}")
        return root / name

    return find


@pytest.fixture
def context(tmp_path):
    """Return a function that makes a context whose log is kept in a list."""

    def make(*sources, offline=False):
        lines = []
        made = DataContext(
            cache=tmp_path / "downloads",
            sources=sources,
            offline=offline,
            log=lines.append,
        )
        return made, lines

    return make


@pytest.fixture
def zipped():
    """Return a function that packs files into a zip archive."""

    def pack(files):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return packed.getvalue()

    return pack


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def site(tmp_path):
    """Serve a folder over http on this machine; yields the folder and its address."""
    folder = tmp_path / "site"
    folder.mkdir()
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
