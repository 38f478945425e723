"""What a fitted model keeps comes back to the bit, and nothing else is taken for it."""

import json
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recbench import (
    Categories,
    DataError,
    FeatureEncoder,
    Features,
    load_fitted,
    load_state,
    read_arrays,
    save_arrays,
    save_fitted,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Inner:
    matrix: csr_array
    threshold: float | None
    scheme: str


class Model:
    weights: NDArray[np.float32]
    inner: Inner
    mean: np.float32
    count: int
    sure: bool
    maybe: NDArray[np.int64] | None
    never: csr_array

    save, load = save_fitted, load_fitted


class Other:
    weights: NDArray[np.float32]

    save, load = save_fitted, load_fitted


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    net: dict[str, NDArray[np.float32]]
    encoder: FeatureEncoder
    past: csr_array | None


def fitted(threshold=4.0):
    model = Model()
    model.weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    dense = np.array([[0, 1.5, 0], [2, 0, 0]], dtype=np.float32)
    model.inner = Inner(matrix=csr_array(dense), threshold=threshold, scheme="bm25")
    model.mean, model.count, model.sure = np.float32(1 / 3), 7, True
    model.maybe = None
    return model


@pytest.mark.parametrize("threshold", [None, 4.0, 1 / 3, np.inf])
def test_annotated_attributes_come_back_with_their_types(threshold, tmp_path):
    model = fitted(threshold)

    model.save(tmp_path / "m")
    back = Model()
    back.load(tmp_path / "m")

    assert (tmp_path / "m").is_file()  # under this very name
    np.testing.assert_array_equal(back.weights, model.weights)
    assert back.inner.threshold == threshold
    assert back.inner.scheme == "bm25"
    for part in ("data", "indices", "indptr"):
        ours, theirs = (
            getattr(back.inner.matrix, part),
            getattr(model.inner.matrix, part),
        )
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert back.inner.matrix.shape == (2, 3)
    assert isinstance(back.mean, np.float32)
    assert back.mean == model.mean
    assert (back.count, back.sure, back.maybe) == (7, True, None)
    assert type(back.count) is int
    assert type(back.sure) is bool


def test_what_fit_did_not_set_stays_unset(tmp_path):
    fitted().save(tmp_path / "m")
    back = Model()
    back.load(tmp_path / "m")

    assert not hasattr(back, "never")


@pytest.mark.parametrize("past", [None, csr_array(np.eye(2, dtype=np.float32))])
def test_a_dataclass_comes_back_whole(past, tmp_path):
    genres = Categories(
        codes=np.array([0, 1], dtype=np.int32),
        offsets=np.array([0, 1, 2], dtype=np.int64),
        names=np.array(["Drama", "Comedy"]),
    )
    encoder = FeatureEncoder.fit(Features(columns={"genre": genres}))
    net = {"layer.0.weight": np.ones((2, 2), dtype=np.float32)}

    save_fitted(State(net=net, encoder=encoder, past=past), tmp_path / "s")
    back = load_state(State, tmp_path / "s")

    assert back.net.keys() == net.keys()
    np.testing.assert_array_equal(back.net["layer.0.weight"], net["layer.0.weight"])
    assert back.encoder.names == encoder.names
    assert (back.past is None) == (past is None)
    if past is not None:
        np.testing.assert_array_equal(back.past.toarray(), past.toarray())


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    array=nps.arrays(
        dtype=st.one_of(
            nps.floating_dtypes(endianness="<"),
            nps.integer_dtypes(endianness="<"),
            nps.boolean_dtypes(),
        ),
        shape=nps.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_arrays_of_any_kind_come_back_to_the_bit(array, tmp_path):
    save_arrays(tmp_path / "a", one=array)

    (back,) = read_arrays(tmp_path / "a").values()

    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_another_kind_of_model_is_refused(tmp_path):
    fitted().save(tmp_path / "m")

    with pytest.raises(
        DataError, match=r"not hold the weights.*it holds Model, not Oth"
    ):
        Other().load(tmp_path / "m")


def test_plain_arrays_are_no_model(tmp_path):
    save_arrays(tmp_path / "a", weights=np.ones(2))

    with pytest.raises(DataError, match="it holds arrays, not Other"):
        Other().load(tmp_path / "a")


def test_a_part_that_is_gone_is_refused(tmp_path):
    fitted().save(tmp_path / "m")
    with np.load(tmp_path / "m") as file:
        arrays = {name: file[name] for name in file.files}
    del arrays["inner.matrix.indptr"]
    with (tmp_path / "m").open("wb") as file:
        np.savez(file, **arrays)

    with pytest.raises(DataError, match=r"not hold the weights.*inner\.matrix\.indptr"):
        Model().load(tmp_path / "m")


def test_arrays_that_recbench_did_not_write_are_refused(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        np.savez(file, weights=np.ones(2))

    with pytest.raises(DataError, match="not hold the weights"):
        read_arrays(tmp_path / "a", "weights")


def test_a_later_format_is_refused_by_number(tmp_path):
    header = np.array(json.dumps({"format": 99}))
    with (tmp_path / "a").open("wb") as file:
        np.savez(file, recbench=header, weights=np.ones(2))

    with pytest.raises(DataError, match="format 99, this recbench reads 1"):
        read_arrays(tmp_path / "a")


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "m"
    fitted().save(path)
    whole = path.read_bytes()

    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match="not hold the weights"):
            Model().load(path)


def test_one_flipped_bit_of_an_array_is_noticed(tmp_path):
    path = tmp_path / "m"
    model = fitted()
    model.save(path)
    whole = path.read_bytes()
    at = whole.index(model.weights.tobytes()) + 5

    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])

    with pytest.raises(DataError, match="Bad CRC-32"):
        Model().load(path)


def test_an_object_that_is_no_array_is_named(tmp_path):
    model = Other()
    model.weights = np.array([object()])

    with pytest.raises(TypeError, match="weights is a ndarray, which cannot be kept"):
        model.save(tmp_path / "m")


def test_states_import_neither_torch_nor_scipy():
    code = (
        "import sys, recbench.states as s; print({'torch','scipy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "set()"
