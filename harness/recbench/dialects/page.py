"""The reference page of the dialects: ``python -m recbench.dialects.page > PAGE``."""

import sys

from recbench.dialects.declared import DIALECTS, METRICS

PLACES = "abcdefghij"  # the example list, best first
TRUTH = {"c": 3.0, "g": 4.0, "j": 3.0, "x": 3.0, "y": 4.0, "z": 5.0}
INTRODUCTION = """\
# Metric dialects

The same lists score differently in different libraries, because their definitions of
one name differ.
A *dialect* computes the six metrics as one library does, and says in a sentence where
that departs from recbench's own definition.
`recbench score --dialect NAME` uses it; [Score any lists](../how-to/score-lists.md)
shows how.

This page is written by `python -m recbench.dialects.page`, from the declarations that
the arithmetic reads.

## One list, read by all
"""
EXAMPLE = """
One user; the list is `{places}`, best first.
The truth holds `{truth}` (item: rating).
So the hits stand at ranks 3, 7 and 10, and three relevant items are missed.

"""
RULES = """
## Rules that hold in every dialect

- A user of the truth without rows in the lists has an empty list. What a library makes
  of an empty list is its own affair: most count 0, some leave the user out.
- Users of the lists that the truth does not know are ignored.
- Without ratings in the truth, each of its items is rated 1.
- A file with ranks and scores is ordered by its ranks, except by the libraries that
  read only scores (trec_eval, ranx, Recommenders).
  The ranks of a TREC run are not read.
- Equal scores keep the order of the file. trec_eval and ranx have rules of their own,
  which are reproduced. Where a library leaves ties to the internals of a sort over
  scores of all items (RecBole, Cornac, RecPack, implicit) or to chance (WarpRec), a
  file of lists cannot show what it would do, and the order of the file stands in.
- Nobody sees more than the file holds: an item that is not listed is never a hit.
- Items given by `--seen` leave the lists before they are scored, and ranks close up.

## Notes on single libraries

- **RecBole** rounds what it returns to `metric_decimal_place` (4); the figures here are
  not rounded.
- **WarpRec** computes in single precision. recbench computes the same formula in
  double, which agrees to about 1e-7.
  `nDCGRendle2020` is its other, binary nDCG.
  Negative ratings, which it lets subtract from the gain, are not reproduced.
- **Cornac** leaves truth items out that training never held (`exclude_unknowns`); a
  file of lists does not say which these are, so remove them from the truth beforehand.
  Its MRR reads the whole ranking and raises an error for a user without a match.
- **Recommenders**: `map` is its function `map`; `map_at_k` divides by min(k, relevant).
- **RecPack** is given binary truth by its pipeline, as here. `HitK` counts hits.
- **trec_eval** has no cut-off for `recip_rank`; `mrr@10` is `recip_rank` of the run cut
  at 10 (`-M 10`). Relevance in a qrels file is a whole number; so it is for ranx.
- **ranx** sorts twice where lists and truth differ in their users (`make_comparable`),
  which moves ties in lists of over 15 items once more.
- **implicit** calls precision what is the pooled share of min(k, relevant) found.
- **DaisyRec** means release 2.3.0 of the package, whose MRR stops at the first hit. The
  code of its "v2.0" benchmark repository sums over all hits and can exceed 1.
- **The course notebook** scores 100 (or 50) users drawn at random; here all of them.

## How each is tested

The stored output of each library on {n} seeded sets of lists (ties, gaps in the ranks,
short and missing lists, graded and half-star ratings) is in `tests/peers/golden`, with
`tests/peers/make_golden.py`, which ran the libraries' own unmodified metric code.
All figures agree to 1e-12 (WarpRec: 1e-6).

| dialect | library | tested against |
|--|--|--|
"""
N_CASES = 12


def page() -> str:
    """Return the page as Markdown."""
    from recbench.dialects.scores import in_dialects

    lists = {
        "user": ["u"] * len(PLACES),
        "item": list(PLACES),
        "rank": list(range(1, len(PLACES) + 1)),
    }
    truth = {
        "user": ["u"] * len(TRUTH),
        "item": list(TRUTH),
        "rating": list(TRUTH.values()),
    }
    found = in_dialects(lists, truth, DIALECTS, metrics=["ndcg@10"])
    rated = ", ".join(f"{item}: {rating:g}" for item, rating in TRUTH.items())
    parts = [INTRODUCTION, EXAMPLE.format(places=" ".join(PLACES), truth=rated)]
    parts.append("| dialect | nDCG@10 | why |\n|--|--|--|\n")
    for scores in found:
        (one,) = scores.metrics.values()
        mean = "none" if one.mean is None else f"{one.mean:.4f}"
        parts.append(f"| `{scores.dialect}` | {mean} | {one.definition} |\n")
    for metric in METRICS:
        parts.append(f"\n## {metric}\n\n| dialect | definition |\n|--|--|\n")
        parts += [
            f"| `{name}` | {dialect.sentence(metric)} |\n"
            for name, dialect in DIALECTS.items()
        ]
    parts.append(RULES.format(n=N_CASES))
    parts += [
        f"| `{name}` | {dialect.library} | {dialect.proof} |\n"
        for name, dialect in DIALECTS.items()
    ]
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
