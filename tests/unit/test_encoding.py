"""Features as columns: what each kind becomes, and that strangers fit in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from recbench import Categories, DataError, FeatureEncoder, Features, Numbers, Text


def numbers(*values):
    return Features(columns={"year": Numbers(values=np.array(values, np.float32))})


def texts(*values):
    return Features(columns={"title": Text(values=np.array(values))})


def genres(*rows, names=("a", "b", "c")):
    offsets = np.cumsum([0, *map(len, rows)])
    codes = np.array([names.index(g) for row in rows for g in row], dtype=np.int32)
    column = Categories(offsets=offsets, codes=codes, names=np.array(names))
    return Features(columns={"genres": column})


def test_categories_share_a_length_of_one():
    table = genres("ab", "", "c")

    encoder = FeatureEncoder.fit(table)

    assert encoder.names == ("genres:a", "genres:b", "genres:c")
    half = 0.5**0.5
    np.testing.assert_allclose(
        encoder.matrix(table).toarray(), [[half, half, 0], [0, 0, 0], [0, 0, 1]]
    )


def test_a_category_that_was_not_known_counts_for_nothing():
    encoder = FeatureEncoder.fit(genres("ab", "c"))

    later = encoder.matrix(genres("bz", names=("z", "b"))).toarray()

    np.testing.assert_allclose(later, [[0, 1, 0]])


def test_a_number_is_shared_out_between_two_knots():
    encoder = FeatureEncoder.fit(numbers(0, 10, 20), knots=3)

    found = encoder.matrix(numbers(0, 2.5, 19, 99, -5, np.nan)).toarray()

    np.testing.assert_allclose(
        found,
        [[1, 0, 0], [0.75, 0.25, 0], [0, 0.1, 0.9], [0, 0, 1], [1, 0, 0], [0, 0, 0]],
        rtol=1e-6,
    )


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=30))
def test_knots_give_every_known_number_a_weight_of_one_and_keep_its_value(values):
    encoder = FeatureEncoder.fit(numbers(*values), knots=6)

    found = encoder.matrix(numbers(*values)).toarray().astype(float)

    places = encoder.parts["year"].places
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(found @ places, values, rtol=1e-4, atol=0.05)


def test_numbers_that_are_all_unknown_yield_no_column():
    assert FeatureEncoder.fit(numbers(np.nan, np.nan)).names == ()


def test_words_are_weighed_as_scikit_learn_weighs_them():
    titles = ["the red house", "a red red", "house of cards", "the cards", ""]
    table = texts(*titles)
    encoder = FeatureEncoder.fit(table)
    theirs = TfidfVectorizer(min_df=2, token_pattern=r"[^\W\d_]{2,}", binary=False)
    wanted = theirs.fit_transform(titles).toarray()

    assert encoder.names == tuple(f"title:{w}" for w in theirs.get_feature_names_out())
    np.testing.assert_allclose(encoder.matrix(table).toarray(), wanted, rtol=1e-5)


def test_hashed_words_keep_a_fixed_width_and_meet_again():
    encoder = FeatureEncoder.fit(texts("red house", "blue"), text="hashing", words=64)

    found = encoder.matrix(texts("house", "never seen", "red house")).toarray()

    assert found.shape == (3, 64)
    assert found[0] @ found[2] > 0.5
    assert (found[1] > 0).sum() == 2


def test_what_is_learned_comes_from_the_rows_named():
    table = texts("red red", "red", "green", "green")
    rows = np.array([True, True, False, False])

    assert FeatureEncoder.fit(table, rows=rows).names == ("title:red",)
    assert FeatureEncoder.fit(table, text="none").names == ()


def test_a_column_that_went_missing_is_named():
    encoder = FeatureEncoder.fit(numbers(1, 2))

    with pytest.raises(DataError, match="'year' is missing"):
        encoder.matrix(texts("a", "b"))


def test_no_features_are_no_columns():
    encoder = FeatureEncoder.fit(None)

    assert encoder.matrix(numbers(1, 2)).shape == (2, 0)
    assert encoder.matrix(None).shape == (0, 0)


@pytest.mark.parametrize("text", ["tf-idf", "hashing", "none"])
def test_an_encoder_comes_back_from_json_exactly(text):
    features = Features(
        columns={
            "genre": Categories(
                offsets=np.array([0, 1, 3, 3]),
                codes=np.array([0, 0, 1], dtype=np.int32),
                names=np.array(["Crime", "Film-Noir"]),
            ),
            "year": Numbers(values=np.array([0.1, np.nan, 1 / 3], dtype=np.float32)),
            "title": Text(values=np.array(["the crime", "the end", ""])),
        }
    )
    encoder = FeatureEncoder.fit(features, text=text, words=16)

    again = FeatureEncoder.from_json(encoder.to_json())

    assert again.names == encoder.names
    np.testing.assert_array_equal(
        again.matrix(features).toarray(), encoder.matrix(features).toarray()
    )


@pytest.mark.parametrize(
    "text", ["", "{}x", "[1]", '[["genre", {}]]', '[["genre", {"kind": "sound"}]]']
)
def test_what_is_no_encoder_is_refused(text):
    with pytest.raises(DataError, match="no encoder of features"):
        FeatureEncoder.from_json(text)
