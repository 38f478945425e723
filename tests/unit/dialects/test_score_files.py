"""Lists and truths from files: what is read, and what is refused in one line."""

import numpy as np
import pandas as pd
import pytest

from recbench import DataError, UsageError
from recbench.dialects import score
from recbench.dialects.scores import in_dialects

TRUTH = "user,item,rating\na,x,4\na,z,2\nb,y,5\n"
LISTS = "user,item,score\na,x,0.5\na,y,0.9\nb,y,1\n"
MRR = (1 / 2 + 1) / 2


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def mrr(lists, truth, **options):
    return score(lists, truth, metrics=["mrr@10"], **options).metrics["mrr@10"].mean


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("lists.csv", LISTS, id="csv"),
        pytest.param("lists.txt", LISTS.replace(",", "\t"), id="tsv by its tabs"),
        pytest.param("lists.csv", LISTS.replace(",", ";"), id="semicolons"),
        pytest.param("lists.csv", "\ufeff" + LISTS, id="byte order mark"),
        pytest.param(
            "lists.csv",
            LISTS.replace("user,item,score", "userID,itemID,prediction"),
            id="Recommenders' column names",
        ),
        pytest.param(
            "lists.inter",
            LISTS.replace(
                "user,item,score", "user_id:token,item_id:token,score:float"
            ).replace(",", "\t"),
            id="RecBole's column names",
        ),
        pytest.param("lists.csv", "user,item,rank\na,x,2\na,y,1\nb,y,1\n", id="ranks"),
        pytest.param(
            "lists.csv", "user,item,rank\na,x,1\na,y,0\nb,y,0\n", id="ranks from 0"
        ),
        pytest.param(
            "run.trec",
            "a Q0 x 7 0.5 me\na Q0 y 7 0.9 me\nb Q0 y 1 1 me\n",
            id="trec run, whose ranks are not read",
        ),
        pytest.param(
            "run.txt", "a Q0 x 1 0.5 me\na Q0 y 2 0.9 me\nb Q0 y 1 1 me\n", id="a run"
        ),
    ],
)
def test_lists_in_any_format_score_the_same(tmp_path, name, text):
    truth = write(tmp_path, "truth.csv", TRUTH)

    assert mrr(write(tmp_path, name, text), truth) == MRR


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("truth.tsv", TRUTH.replace(",", "\t"), id="tsv"),
        pytest.param("truth.qrels", "a 0 x 4\na 0 z 2\nb 0 y 5\n", id="qrels"),
        pytest.param("truth.txt", "a 0 x 4\na 0 z 2\nb 0 y 5\n", id="qrels by fields"),
        pytest.param("truth.csv", "user,item\na,x\na,z\nb,y\n", id="no ratings"),
    ],
)
def test_a_truth_in_any_format_scores_the_same(tmp_path, name, text):
    lists = write(tmp_path, "lists.csv", LISTS)

    assert mrr(lists, write(tmp_path, name, text)) == MRR


def test_parquet_with_numbers_meets_csv_with_text(tmp_path):
    lists = tmp_path / "lists.parquet"
    frame = pd.DataFrame({"user": [7, 7], "item": [30, 4], "score": [0.1, 0.2]})
    frame.to_parquet(lists)

    assert mrr(lists, write(tmp_path, "truth.csv", "user,item\n7,30\n")) == 1 / 2


def test_tables_and_arrays_are_read_like_files():
    arrays = {"user": np.array([1, 1]), "item": np.array([5, 6]), "rank": [1, 2]}
    truth = pd.DataFrame({"user": [1.0], "item": ["6"]})

    assert mrr(arrays, truth) == 1 / 2


def test_names_that_look_like_missing_values_are_names(tmp_path):
    lists = write(tmp_path, "lists.csv", "user,item,rank\nNA,null,1\n")

    assert mrr(lists, write(tmp_path, "t.csv", "user,item\nNA,null\n")) == 1


def test_seen_items_leave_the_lists(tmp_path):
    lists = {"user": ["a", "a", "b"], "item": ["y", "x", "x"], "rank": [1, 2, 1]}
    truth = {"user": ["a", "b"], "item": ["x", "x"]}
    seen = {"user": ["a", "a", "c"], "item": ["y", "q", "x"]}

    scores = score(lists, truth, seen=seen, dialect="rectools", metrics=["mrr@5"])

    assert scores.metrics["mrr@5"].mean == 1  # the gap at rank 1 closes
    assert scores.seen_removed == 1
    assert mrr(lists, truth) == (1 / 2 + 1) / 2


def test_the_counts_of_odd_users(tmp_path):
    lists = {"user": ["a", "q"], "item": ["x", "x"], "rank": [1, 1]}
    truth = {"user": ["a", "b", "c"], "item": ["x", "x", "x"]}

    scores = score(lists, truth)

    assert scores.users.tolist() == ["a", "b", "c"]
    assert (scores.users_without_list, scores.users_without_truth) == (2, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "user,score\na,1\n", "has no column item, only user, score", id="no item"
        ),
        pytest.param(
            "user,item\na,x\n", "no column rank or score", id="neither rank nor score"
        ),
        pytest.param(
            "user,item,rank\na,x,1\na,y,first\n",
            "rank 'first' in row 2 is not a number (1 of 2 rows)",
            id="text rank",
        ),
        pytest.param(
            "user,item,score\na,x,1\na,y,\n", "score '' in row 2", id="blank score"
        ),
        pytest.param(
            "user,item,rank\na,x,1\na,y,1\n",
            "user 'a' has rank 1 twice",
            id="twin",
        ),
        pytest.param("user,item,rank\na,x,1.5\n", "whole numbers", id="half rank"),
        pytest.param("user,item,rank\na,x,-1\n", "below 0", id="negative rank"),
        pytest.param(
            "user,item,rank\na,x,1\na,x,2\n", "item 'x' of user 'a' twice", id="repeat"
        ),
        pytest.param("user,item,rank\n,x,1\n", "a row without user", id="no user"),
        pytest.param("user,item,rank\n", "has no rows", id="no rows"),
        pytest.param("", "is empty", id="empty file"),
        pytest.param(
            "user,item,rank\nq,x,1\n",
            "hold users such as 'q'",
            id="strangers",
        ),
        pytest.param("user,item,rank\na,x,1,2,3\n", "as a table", id="ragged"),
    ],
)
def test_bad_lists_are_one_clear_line(tmp_path, text, message):
    lists = write(tmp_path, "lists.csv", text)

    with pytest.raises(DataError) as caught:
        score(lists, write(tmp_path, "truth.csv", TRUTH))

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("user,item,rating\na,x,good\n", "rating 'good'", id="text"),
        pytest.param("user,item,rating\na,x,inf\n", "infinite rating", id="infinite"),
        pytest.param("user,item\na,x\na,x\n", "twice", id="repeat"),
    ],
)
def test_a_bad_truth_is_one_clear_line(tmp_path, text, message):
    truth = write(tmp_path, "truth.csv", text)

    with pytest.raises(DataError, match=message):
        score(write(tmp_path, "lists.csv", LISTS), truth)


def test_files_that_cannot_be_read(tmp_path):
    truth = write(tmp_path, "truth.csv", TRUTH)
    broken = write(tmp_path, "lists.parquet", "no parquet")
    binary = tmp_path / "lists.csv"
    binary.write_bytes(b"\xff\xfe\x00\x01")

    for lists in (tmp_path / "absent.csv", tmp_path, broken, binary):
        with pytest.raises(DataError, match=lists.name) as caught:
            score(lists, truth)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"dialect": "recboel"}, "did you mean recbole", id="dialect"),
        pytest.param({"metrics": ["ndgc@10"]}, "did you mean ndcg", id="metric"),
        pytest.param({"metrics": ["ndcg@0"]}, "unknown metric", id="cut-off 0"),
        pytest.param({"k": [0]}, "cut-off 0 is below 1", id="k 0"),
        pytest.param({"metrics": []}, "no metric to compute", id="no metric"),
    ],
)
def test_a_wrong_argument_names_what_is_known(options, message):
    lists = {"user": ["a"], "item": ["x"], "rank": [1]}

    with pytest.raises(UsageError, match=message):
        score(lists, {"user": ["a"], "item": ["x"]}, **options)


def test_arrays_of_different_lengths_make_no_table():
    with pytest.raises(DataError, match="do not make a table"):
        score({"user": [1], "item": [1, 2], "rank": [1]}, {"user": [1], "item": [1]})


def test_several_dialects_read_the_files_once(tmp_path):
    lists, truth = write(tmp_path, "l.csv", LISTS), write(tmp_path, "t.csv", TRUTH)

    found = in_dialects(lists, truth, ["elliot", "recbole"], metrics=["ndcg"], k=[3, 3])

    assert [scores.dialect for scores in found] == ["elliot", "recbole"]
    assert list(found[0].metrics) == ["ndcg@3"]
