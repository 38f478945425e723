"""The data sets behind published figures: a plugin that ``recbench verify`` loads.

They are no downloads: their files lie below ``$RECBENCH_SHARED_DATA``, and claims
about a set that is not there are left out by name. A light card, no numpy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recbench.hookspecs import hookimpl
from recbench.specs import DatasetSpec, Values

if TYPE_CHECKING:
    from recbench.datasets.dataset import DataContext, Dataset

MOVIELENS = "GroupLens: research use, no redistribution without permission"
RESEARCH = "research use, no redistribution"


@dataclass(frozen=True, slots=True)
class Loader:
    """A loader that is imported when it is called.

    Attributes:
        where: ``"module:function"`` below ``recbench.claims.loaders``.
        version: Raised when it yields something else, so that copies are made anew.
    """

    where: str
    version: str = "1"

    def __call__(self, context: "DataContext") -> "Dataset":
        """Load the data set."""
        from recbench.plugins import resolve

        loaded: Dataset = resolve(f"recbench.claims.loaders.{self.where}")(context)
        return loaded


# name, loader, title, values, scale, licence
SETS: tuple[tuple[str, str, str, Values, bool, str], ...] = (
    ("ml-1m-rows", "movielens:million", "MovieLens 1M", "explicit", False, MOVIELENS),
    ("ml-100k-surprise", "orders:surprise_hundred",
     "MovieLens 100K, rows and folds of scikit-surprise", "explicit", True, MOVIELENS),
    ("ml-1m-surprise", "orders:surprise_million",
     "MovieLens 1M, rows and folds of scikit-surprise", "explicit", True, MOVIELENS),
    ("ml-100k-recommenders", "orders:recommenders",
     "MovieLens 100K, split of Microsoft Recommenders", "explicit", True, MOVIELENS),
    ("ml-100k-cornac", "orders:cornac", "MovieLens 100K, split of Cornac's example",
     "explicit", True, MOVIELENS),
    ("ml-100k-twice", "movielens:hundred_twice", "MovieLens 100K, test on training",
     "explicit", True, MOVIELENS),
    ("ml-1m-twice", "movielens:million_twice", "MovieLens 1M, test on training",
     "explicit", True, MOVIELENS),
    ("ml-1m-ncf", "movielens:ncf", "MovieLens 1M, split of NCF", "explicit", True,
     MOVIELENS),
    ("ml-1m-spectralcf", "movielens:spectralcf", "MovieLens 1M, split of SpectralCF",
     "none", True, MOVIELENS),
    ("ml-1m-m1", "movielens:m1", "MovieLens 1M, split m1 of BARS", "none", True,
     MOVIELENS),
    ("ml-1m-warprec", "movielens:warprec", "MovieLens 1M, split of WarpRec",
     "explicit", True, MOVIELENS),
    ("ml-1m-sasrec", "movielens:sasrec", "MovieLens 1M of SASRec", "none", True,
     MOVIELENS),
    ("gowalla-m1", "others:gowalla", "Gowalla, split of LightGCN", "none", True,
     RESEARCH),
    ("lastfm-lightgcn", "others:lastfm", "Last.fm, split of LightGCN-PyTorch",
     "counts", True, RESEARCH),
    ("hetrec-lastfm", "others:hetrec", "Last.fm of HetRec 2011", "counts", False,
     RESEARCH),
    ("jester5k", "others:jester", "Jester5k of recommenderlab", "explicit", False,
     "free for research when cited"),
    ("s3rec-beauty", "others:s3rec_beauty", "Amazon Beauty of S3-Rec", "none", True,
     RESEARCH),
    ("s3rec-beauty-leaky", "others:s3rec_beauty_leaky",
     "Amazon Beauty of S3-Rec, test items counted in training", "none", True, RESEARCH),
    ("s3rec-lastfm", "others:s3rec_lastfm", "Last.fm of S3-Rec", "none", True,
     RESEARCH),
    ("s3rec-lastfm-leaky", "others:s3rec_lastfm_leaky",
     "Last.fm of S3-Rec, test items counted in training", "none", True, RESEARCH),
    ("bert4rec-beauty", "others:bert4rec_beauty", "Amazon Beauty of BERT4Rec", "none",
     True, RESEARCH),
    ("sasrec-video", "others:sasrec_video", "Amazon Video Games of SASRec", "none",
     True, RESEARCH),
)  # fmt: skip
JOKES = (-10.0, 10.0)
STARS = (1.0, 5.0)


@hookimpl
def recbench_datasets() -> Iterator[DatasetSpec]:
    """Offer the data sets of published figures."""
    for name, where, title, values, folds, licence in SETS:
        scale = JOKES if name == "jester5k" else STARS
        yield DatasetSpec(
            name=name,
            load=Loader(where),
            title=title,
            values=values,
            scale=scale if values == "explicit" else None,
            licence=licence,
            has=(("ratings",) if values != "none" else ())
            + (("folds",) if folds else ()),
        )
