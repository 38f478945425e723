"""Archives that are broken, or made to harm whoever unpacks them."""

import io
import os
import random
import stat
import struct
import subprocess
import sys
import warnings
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.datasets.archives import MAX_ENTRIES, Archive
from recbench.errors import DataError

LIMIT = 1 << 20


def packed(*entries, method=zipfile.ZIP_DEFLATED):
    """Return a zip archive of (name or ZipInfo, content) pairs."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
        warnings.simplefilter("ignore")  # duplicate names are what we are after
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


def linked(name, target, kind):
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (kind | 0o777) << 16
    return entry, target


def raw_name(name):
    """Return an archive with a name that zipfile would not write as it is."""
    stand_in = "X" * len(name)
    return packed((stand_in, "data"), ("good", "fine")).replace(
        stand_in.encode(), name.encode()
    )


def encrypted():
    data = bytearray(packed(("good", "secret")))
    central = data.rindex(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1
    return bytes(data)


def lying_size(claim):
    data = bytearray(packed(("good", b"x" * 5000)))
    central = data.rindex(b"PK\x01\x02")
    for at in (22, central + 24):
        data[at : at + 4] = struct.pack("<I", claim)
    return bytes(data)


def bad_crc():
    data = bytearray(packed(("good", b"x" * 5000)))
    central = data.rindex(b"PK\x01\x02")
    for at in (14, central + 16):
        data[at] ^= 0xFF
    return bytes(data)


def overlapping():
    """Return an archive whose second entry points into the first."""
    data = bytearray(packed(("good", b"0" * 5000), ("evil", b"0" * 5000)))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


GOOD = packed(("folder/", ""), ("good", "fine"), ("folder/other", "x" * 10))
BOMB = packed(("good", b"\0" * (50 << 20)))

HOSTILE = {
    "climbing path": (packed(("../../evil", "x"), ("good", "fine")), "leave its"),
    "climbing inside": (packed(("a/../../evil", "x"), ("good", "fine")), "leave its"),
    "absolute path": (packed(("/etc/passwd", "x"), ("good", "fine")), "leave its"),
    "backslashes": (raw_name("..\\..\\evil"), "leave its"),
    "drive": (packed(("C:evil", "x"), ("good", "fine")), "leave its"),
    "zero byte in a name": (raw_name("evi\0l"), "leave its|damaged"),
    "symbolic link": (
        packed(linked("good", "/etc/passwd", stat.S_IFLNK)),
        "link or a device",
    ),
    "link beside": (
        packed(("good", "fine"), linked("l", "/etc", stat.S_IFLNK)),
        "link or a device",
    ),
    "device": (packed(linked("good", "", stat.S_IFCHR)), "link or a device"),
    "pipe": (packed(linked("good", "", stat.S_IFIFO)), "link or a device"),
    "two of a name": (packed(("good", "one"), ("good", "two")), "two entries"),
    "two that differ in case": (packed(("good", "1"), ("GOOD", "2")), "two entries"),
    "bomb": (BOMB, "would unpack to 52,428,800 bytes"),
    "many entries": (
        packed(*((f"f{n}", "") for n in range(MAX_ENTRIES + 1))),
        "10,001 entries",
    ),
    "encrypted": (encrypted(), "refused: 'good' is encrypted"),
    "odd compression": (
        packed(("good", "fine"), method=zipfile.ZIP_LZMA),
        "uses compression",
    ),
    "bad checksum": (bad_crc(), r"damaged at 'good' \(Bad CRC"),
    "says it is smaller": (lying_size(100), "damaged at 'good'"),
    "says it is larger": (lying_size(6000), "damaged at 'good'"),
    "truncated": (GOOD[:-30], "damaged zip archive"),
    "cut in the middle": (GOOD[: len(GOOD) // 2], "damaged zip archive"),
    "page": (b"<html><title>Sorry</title></html>", r"HTML page \(title 'Sorry'\)"),
    "empty file": (b"", "is empty"),
    "other file": (b"\x1f\x8b not a zip", "is not a zip archive"),
    "member missing": (packed(("other", "x")), "no member 'good'; it has other"),
    "empty archive": (packed(), "no member 'good'; it has nothing"),
    "folder in its place": (packed(("good/", "")), "no member 'good'"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_archive_that_is_refused(tmp_path, monkeypatch, name):
    content, message = HOSTILE[name]
    path = tmp_path / "data.zip"
    path.write_bytes(content)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(DataError, match=message) as error, Archive(path) as archive:
        archive.read("good", max_bytes=LIMIT)
    assert str(path) in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["data.zip"]


def test_a_good_archive(tmp_path):
    path = tmp_path / "data.zip"
    path.write_bytes(GOOD)

    with Archive(path) as archive:
        assert archive.read("good", max_bytes=4) == b"fine"
        assert archive.read("folder/other", max_bytes=LIMIT) == b"x" * 10
        with archive.open("good", max_bytes=LIMIT) as stream:
            assert stream.read(2) == b"fi"
            assert stream.read() == b"ne"


def test_a_member_one_byte_over_the_limit(tmp_path):
    path = tmp_path / "data.zip"
    path.write_bytes(GOOD)

    with Archive(path) as archive, pytest.raises(DataError, match="4 bytes, more than"):
        archive.read("good", max_bytes=3)


def test_a_suspicious_ratio_within_the_limit(tmp_path):
    path = tmp_path / "data.zip"
    path.write_bytes(BOMB)

    with Archive(path) as archive, pytest.raises(DataError, match="would grow 1,0"):
        archive.read("good", max_bytes=100 << 20)


def test_entries_that_overlap_are_refused_or_read_once(tmp_path):
    path = tmp_path / "data.zip"
    path.write_bytes(overlapping())

    with pytest.raises(DataError), Archive(path) as archive:
        archive.read("evil", max_bytes=LIMIT)


def test_a_missing_archive_is_explained(tmp_path):
    with pytest.raises(DataError, match=r"cannot read .*No such file"):
        Archive(tmp_path / "data.zip")


def test_an_error_of_the_reader_is_not_called_damage(tmp_path):
    path = tmp_path / "data.zip"
    path.write_bytes(GOOD)

    with (
        pytest.raises(ValueError, match="mine"),
        Archive(path) as archive,
        archive.open("good", max_bytes=LIMIT),
    ):
        raise ValueError("mine")


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path):
    """Each byte of a small archive, flipped: the true content or a DataError."""
    good = packed(("good", "fine content, fine content, fine content"))
    path = tmp_path / "data.zip"
    outcomes = set()
    for at in range(len(good)):
        spoilt = bytearray(good)
        spoilt[at] ^= 0xFF
        path.write_bytes(spoilt)
        try:
            with Archive(path) as archive:
                content = archive.read("good", max_bytes=LIMIT)
        except DataError:
            outcomes.add("refused")
        else:
            assert content == b"fine content, fine content, fine content"
            outcomes.add("read")
    assert outcomes == {"refused", "read"}


def test_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "data.zip"
    for size in range(len(GOOD)):
        path.write_bytes(GOOD[:size])
        with pytest.raises(DataError), Archive(path) as archive:
            archive.read("good", max_bytes=LIMIT)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 2**32))
def test_arbitrary_bytes_never_surprise(tmp_path_factory, noise, seed):
    """Noise, and a good archive with noise in it, end as content or as DataError."""
    rng = random.Random(seed)
    spoilt = bytearray(GOOD)
    start = rng.randrange(len(spoilt))
    spoilt[start : start + rng.randrange(8)] = noise[: rng.randrange(12)]
    path = tmp_path_factory.getbasetemp() / f"noise-{os.getpid()}.zip"
    for content in (noise, bytes(spoilt)):
        path.write_bytes(content)
        try:
            with Archive(path) as archive:
                for name in archive.names():
                    archive.read(name, max_bytes=LIMIT)
        except DataError:
            pass


def test_a_bomb_does_not_fill_the_memory(tmp_path):
    """An archive that lies about its size is stopped while it is streamed."""
    data = bytearray(BOMB)
    central = data.rindex(b"PK\x01\x02")
    for at in (22, central + 24):
        data[at : at + 4] = struct.pack("<I", 1000)
    path = tmp_path / "bomb.zip"
    path.write_bytes(data)
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from recbench.datasets.archives import Archive\n"
        "from recbench.errors import DataError\n"
        "resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))\n"
        "try:\n"
        "    Archive(Path(sys.argv[1])).read('good', max_bytes=2000)\n"
        "except DataError as error: print('refused', error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("refused"), done.stderr
