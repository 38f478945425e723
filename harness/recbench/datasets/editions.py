"""The MovieLens editions as a table: where each lies, its layout, what it holds.

Checksums are those that public projects state for the publisher's archives. Each was
found in more than one project; whether these computed it themselves is not known, and
none was computed here. None where nothing was found in two places. Counts are those of
the rating table itself (rated items, not the longer list of movies); a count of None
was not found in a source worth trusting and is not checked.
"""

from dataclasses import dataclass

SITE = "https://files.grouplens.org/datasets/movielens"
PAGE = "https://grouplens.org/datasets/movielens"
LICENCE = (
    "GroupLens research licence: research use with acknowledgement; "
    "no redistribution without permission, no commercial use"
)
CITATION = (
    "F. M. Harper and J. A. Konstan, 2015, The MovieLens Datasets: History and "
    "Context, ACM TiiS 5(4), doi:10.1145/2827872"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One edition of MovieLens.

    Attributes:
        name: Name of the data set and of the archive.
        page: Last part of the publisher's page.
        folder: Folder inside the archive.
        ratings: Name of the rating table.
        movies: Name of the movie table.
        users: Name of the user table, or None.
        separator: Between fields of the rating table.
        header: Whether the tables begin with a line of names.
        encoding: Of the movie and user tables.
        low: Smallest rating; the largest is 5.
        rows: Ratings.
        n_users: Users with a rating.
        n_items: Items with a rating, or None if not known.
        archive_bytes: Size of the archive.
        sha256: Of the archive, or None.
        md5: Of the archive, or None; the publisher serves it beside the archive.
        members: SHA-256 of single files that must match whichever source serves.
        site: Address of the folder with the archive.
    """

    name: str
    page: str
    folder: str
    ratings: str
    movies: str
    users: str | None = None
    separator: str = ","
    header: bool = True
    encoding: str = "utf-8"
    low: float = 0.5
    rows: int
    n_users: int
    n_items: int | None
    archive_bytes: int
    sha256: str | None
    md5: str | None
    members: tuple[tuple[str, str], ...] = ()
    site: str = SITE

    @property
    def title(self) -> str:
        """Return the name for people."""
        size = self.name.removeprefix("ml-")
        return "MovieLens " + (size.upper() if size[0].isdigit() else size)

    @property
    def address(self) -> str:
        """Return the address of the archive."""
        return f"{self.site}/{self.name}.zip"

    @property
    def files(self) -> tuple[str, ...]:
        """Return the names of the files that are read."""
        found = (self.ratings, self.movies, self.users)
        return tuple(name for name in found if name is not None)


EDITIONS = (
    Edition(
        name="ml-100k",
        page="100k/",
        folder="ml-100k",
        ratings="u.data",
        movies="u.item",
        users="u.user",
        separator="\t",
        header=False,
        encoding="latin-1",
        low=1.0,
        rows=100_000,
        n_users=943,
        n_items=1_682,
        archive_bytes=4_924_029,
        sha256="50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
        md5="0e33842e24a9c977be4e0107933c0723",
        members=(
            (
                "u.data",
                "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
            ),
            (
                "u.item",
                "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
            ),
            (
                "u.user",
                "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
            ),
        ),
    ),
    Edition(
        name="ml-latest-small",
        page="latest/",
        folder="ml-latest-small",
        ratings="ratings.csv",
        movies="movies.csv",
        rows=100_836,
        n_users=610,
        n_items=9_724,
        archive_bytes=978_202,
        sha256="696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
        md5=None,
    ),
    Edition(
        name="ml-1m",
        page="1m/",
        folder="ml-1m",
        ratings="ratings.dat",
        movies="movies.dat",
        users="users.dat",
        separator="::",
        header=False,
        encoding="latin-1",
        low=1.0,
        rows=1_000_209,
        n_users=6_040,
        n_items=3_706,
        archive_bytes=5_917_549,
        sha256="a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
        md5="c4d9eecfca2ab87c1945afe126590906",
    ),
    Edition(
        name="ml-10m",
        page="10m/",
        folder="ml-10M100K",
        ratings="ratings.dat",
        movies="movies.dat",
        separator="::",
        header=False,
        rows=10_000_054,
        n_users=69_878,
        n_items=10_677,
        archive_bytes=65_566_137,
        sha256=None,
        md5="ce571fd55effeba0271552578f2648bd",
    ),
    Edition(
        name="ml-20m",
        page="20m/",
        folder="ml-20m",
        ratings="ratings.csv",
        movies="movies.csv",
        rows=20_000_263,
        n_users=138_493,
        n_items=26_744,
        archive_bytes=198_702_078,
        sha256="96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3",
        md5="cd245b17a1ae2cc31bb14903e1204af3",
    ),
    Edition(
        name="ml-25m",
        page="25m/",
        folder="ml-25m",
        ratings="ratings.csv",
        movies="movies.csv",
        rows=25_000_095,
        n_users=162_541,
        n_items=59_047,
        archive_bytes=261_978_986,
        sha256="8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa",
        md5="6b51fb2759a8657d3bfcbfc42b592ada",
    ),
    Edition(
        name="ml-32m",
        page="32m/",
        folder="ml-32m",
        ratings="ratings.csv",
        movies="movies.csv",
        rows=32_000_204,
        n_users=200_948,
        n_items=None,
        archive_bytes=238_950_008,
        sha256="e4a68655d7386b8f95f2f2424b2ff975dfdd15ffd59e0d864a14dca43e99d6ee",
        md5=None,
    ),
)


def edition(name: str) -> Edition:
    """Return the edition of that name."""
    return next(e for e in EDITIONS if e.name == name)
