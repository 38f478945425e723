"""What only MovieLens-100K has: published folds, and a wheel that ships its tables."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from recbench.datasets.archives import Archive
from recbench.errors import DataError
from recbench.interactions import Interactions

REQUIREMENT = "recbole==1.2.1"
FOLDER = "recbole/dataset_example/ml-100k/ml-100k"
ITEM_SHA256 = "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532"
MEMBER_BYTES = 8 << 20
N_FOLDS = 5
GIVEN = 10  # ratings per user in the test part of ua and of ub
GENRES = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)


def folds(table: Interactions) -> dict[str, NDArray[np.int64]]:
    """Return the test rows of the published divisions, which follow from row order.

    ``u1`` to ``u5`` are the five fifths of the table. ``ua`` and ``ub`` hold each
    user's 1st to 10th and 11th to 20th row; the rest is their training part.
    """
    fifth = len(table) // N_FOLDS
    rows = np.arange(len(table), dtype=np.int64)
    found = {f"u{k + 1}": rows[k * fifth : (k + 1) * fifth] for k in range(N_FOLDS)}
    order = np.argsort(table.users, kind="stable")
    grouped = table.users[order]
    place = np.empty(len(table), dtype=np.int64)
    place[order] = rows - np.searchsorted(grouped, grouped)
    found["ua"] = rows[place < GIVEN]
    found["ub"] = rows[(place >= GIVEN) & (place < 2 * GIVEN)]
    return found


def original_files(wheel: Archive) -> dict[str, bytes]:
    """Return u.data, u.item and u.user as made from the tables in the wheel.

    u.data and u.user come out byte for byte. u.item comes without release dates and
    addresses, which the wheel lacks and recbench does not use.

    Raises:
        DataError: If the wheel is not the one expected.
    """
    rows = {
        end: wheel.read(f"{FOLDER}.{end}", max_bytes=MEMBER_BYTES)
        for end in ("inter", "item", "user")
    }
    digest = hashlib.sha256(rows["item"]).hexdigest()
    if digest != ITEM_SHA256:
        msg = f"{FOLDER}.item has SHA-256 {digest}, not {ITEM_SHA256}"
        raise DataError(msg)
    body = {end: content.partition(b"\n")[2] for end, content in rows.items()}
    return {
        "u.data": body["inter"],
        "u.item": _items(body["item"]),
        "u.user": body["user"].replace(b"\t", b"|"),
    }


def _items(table: bytes) -> bytes:
    """Return lines of u.item from lines of id, title, year and genres.

    The wheel cut the last pair of parentheses off each title and called it the year;
    the one title without any became ``unkonwn``.
    """
    lines = []
    for line in table.decode("utf-8").splitlines():
        number, name, year, genres = line.split("\t")
        title = "unknown" if year == "unkonwn" else f"{name} ({year})"
        flags = "|".join("1" if g in genres.split(" ") else "0" for g in GENRES)
        lines.append(f"{number}|{title}||||{flags}\n")
    return "".join(lines).encode("latin-1")
