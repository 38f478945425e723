"""A virtual environment to install plugins into, without touching this one."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


class Shell:
    """Runs commands in a folder, with the environment's python and recbench."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self.env = os.environ | {
            "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
            "RECBENCH_CACHE": str(folder / "cache"),
            "PIP_NO_INDEX": "1",  # no network: what is needed is there
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this as --no-build-isolation
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "OMP_NUM_THREADS": "1",
        }
        shared = Path(
            os.environ.get("RECBENCH_SHARED_DATA", ROOT.parent / "shared/data")
        )
        self.has_data = (shared / "ml-100k").is_dir()
        if self.has_data:
            self.env["RECBENCH_DATA"] = str(shared)

    def __call__(self, command: str, cwd: Path | None = None) -> str:
        """Run a command; return what it printed, or fail with it."""
        done = subprocess.run(
            command,
            shell=True,
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd or self.folder,
            env=self.env,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., str]:
    """Return a shell in a new environment that also sees the packages of this one."""
    home = tmp_path / "venv"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(home)], check=True
    )
    python = home / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.run(
        [str(python), "-c", ask], check=True, capture_output=True, text=True
    )
    here = next(p for p in sys.path if p.endswith("site-packages"))
    line = f"import site; site.addsitedir({here!r})\n"
    (Path(found.stdout.strip()) / "outer.pth").write_text(line, encoding="utf-8")
    script = home / "bin" / "recbench"
    script.write_text(f"#!{python}\nfrom recbench.cli.main import main\nmain()\n")
    script.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    return Shell(work, home / "bin")
