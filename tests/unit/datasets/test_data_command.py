"""``recbench data``, as a person types it."""

import json
import subprocess
import sys

import pytest

from recbench.cli.main import main
from recbench.datasets.places import cache_root

CSV = "user,item,rating\nb,x,3\na,x,4\na,y,5\n"


@pytest.fixture
def recbench(capsys, monkeypatch):
    """Return a function that runs a command: exit code, stdout, stderr."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["recbench", *words])
        with pytest.raises(SystemExit) as end:
            main()
        code = end.value.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_fetch_says_what_came_from_where(recbench):
    code, out, _ = recbench("data", "fetch", "sample")

    assert code == 0
    assert "sample: 15,000 interactions of 400 users and 300 items" in out
    assert "source: simulator (seed 20240501)" in out


def test_list_says_what_is_cached(recbench):
    recbench("data", "fetch", "sample")
    code, out, _ = recbench("data", "list", "--json")
    entries = {entry["name"]: entry for entry in json.loads(out)}

    assert code == 0
    assert entries["sample"]["cached"] is True
    assert entries["ml-20m"]["cached"] is False
    assert entries["ml-20m"]["interactions"] == 20_000_263
    assert "research" in entries["ml-1m"]["licence"]
    assert {"ml-100k", "ml-latest-small", "ml-10m", "ml-25m", "ml-32m"} <= set(entries)
    _, table, _ = recbench("data", "list")
    assert "ml-100k" in table


def test_import_list_verify_and_replace(recbench, tmp_path):
    path = tmp_path / "My Shop.csv"
    path.write_text(CSV)
    code, out, err = recbench("data", "import", str(path))

    assert code == 0
    assert "imported my-shop: 3 interactions of 2 users and 2 items" in out
    assert "columns: user: user, item: item, rating: rating, timestamp: none" in err
    assert "rating scale taken as 3 to 5" in err
    _, listed, _ = recbench("data", "list", "--json")
    entry = next(e for e in json.loads(listed) if e["name"] == "my-shop")
    assert entry["cached"] is True
    assert entry["scale"] == [3.0, 5.0]
    code, _, err = recbench("data", "import", str(path))
    assert code == 2
    assert "'my-shop' is imported already: add --replace" in err
    code, out, _ = recbench(
        "data", "import", str(path), "--replace", "--scale", "1,5", "--user", "item",
        "--item", "user",
    )  # fmt: skip
    assert code == 0
    assert "2 users and 2 items" in out
    code, out, _ = recbench("data", "verify")
    assert code == 0
    assert "my-shop" in out
    assert "ok" in out


def test_verify_finds_damage_and_says_what_to_do(recbench):
    recbench("data", "fetch", "sample")
    victim = next((cache_root() / "datasets" / "sample").glob("*users.npy"))
    victim.chmod(0o644)
    victim.write_bytes(victim.read_bytes()[:-1])
    code, out, err = recbench("data", "verify", "sample")

    assert code == 2
    assert "damaged" in out
    assert "not in order: sample (damaged); run recbench data fetch sample" in err
    assert recbench("data", "fetch", "sample")[0] == 0
    assert recbench("data", "verify", "sample")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fetch", "ml-100"), "unknown data set 'ml-100': did you mean ml-100k"),
        (("fetch",), "Missing argument"),
        (("fetch", "ml-25m", "--offline"), "no connection is opened"),
        (("import", "nowhere.csv"), "there is no file nowhere.csv"),
        (("import", "nowhere.csv", "--name", "ml-100k"), "name of another data set"),
        (("import", "nowhere.csv", "--name", "../evil"), "is not allowed"),
        (("import", "nowhere.csv", "--scale", "five"), "write SMALLEST,LARGEST"),
        (("import", "nowhere.csv", "--values", "stars"), "is not one of"),
        (("verify", "nothing"), "unknown data set 'nothing'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_one_line_and_exit_code_2(recbench, words, message):
    code, out, err = recbench("data", *words)

    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert out == ""


def test_list_imports_nothing_heavy():
    code = (
        "import sys\nfrom recbench.cli.main import main\n"
        "sys.argv[1:] = ['data', 'list']\ntry: main()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'scipy', 'torch', 'matplotlib'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
