"""Samples of the operator: tables and request lines become requests, and what cannot is said in one line."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from harness.data.columns import SampleError
from harness.generate.samples import ROWS, read_data, read_requests
from harness.wire.messages import TensorMetadata

X = TensorMetadata("x", "FP32", (-1, 3))
FLAG = TensorMetadata("flag", "BOOL", (-1,))


def test_arrays_become_requests_of_one_row(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    np.savez(path, x=np.arange(300, dtype=np.float32).reshape(100, 3), flag=np.arange(100) % 2 == 0)
    found = read_data(path, (X, FLAG))
    assert len(found) == ROWS
    assert found[0].inputs[0].shape == (1, 3)
    assert found[0].inputs[0].elements == (0.0, 1.0, 2.0)
    assert found[0].inputs[1].elements == (True,)
    assert found[0].to_bytes()


def test_array_of_an_input_without_batch_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    np.savez(path, x=np.ones((2, 3), np.int64))
    (only,) = read_data(path, (TensorMetadata("x", "INT64", (2, 3)),))
    assert only.inputs[0].shape == (2, 3)


def test_open_dimensions_take_the_shape_of_the_array(tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    np.savez(path, image=np.ones((2, 3, 4, 5), np.float32))
    found = read_data(path, (TensorMetadata("image", "FP32", (-1, -1, -1, -1)),))
    assert [each.inputs[0].shape for each in found] == [(1, 3, 4, 5)] * 2


def test_arrays_of_a_model_that_describes_no_inputs(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    np.savez(path, x=np.ones((2, 3), np.float32), word=np.array(["a", "b"]))
    first, _ = read_data(path, ())
    assert [(each.name, each.datatype, each.shape) for each in first.inputs] == [
        ("x", "FP32", (1, 3)),
        ("word", "BYTES", (1,)),
    ]


def test_columns_by_name_by_number_or_in_order(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("x.0,x.1,x.2,flag\n1,2,3.5,true\n4,5,6,0\n")
    found = read_data(path, (X, FLAG))
    assert [each.inputs[0].elements for each in found] == [(1.0, 2.0, 3.5), (4.0, 5.0, 6.0)]
    assert [each.inputs[1].elements for each in found] == [(True,), (False,)]
    path.write_text("length,width,height\n1,2,3\n")
    assert read_data(path, (X,))[0].inputs[0].elements == (1.0, 2.0, 3.0)
    path.write_text("text\nhello\n\u20ac\n")
    assert read_data(path, (TensorMetadata("text", "BYTES", (-1,)),))[1].inputs[0].elements == ("\u20ac",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b,c,d\n1,2,3,4\n", "4 elements"),
        ("x.0,x.1,x.2\n1,2\n", "unequal length"),
        ("x.0,x.1,x.2\n1,2,nan\n", "no spelling"),
        ("x.0,x.1,x.2\n1,2,word\n", "word"),
        ("y\n1\n", "no column for input 'x'"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(text)
    with pytest.raises(SampleError, match=problem):
        read_data(path, (X,))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="data is one of"):
        read_data(tmp_path / "s.txt", (X,))
    with pytest.raises(SampleError, match="No such file"):
        read_data(tmp_path / "s.npz", (X,))
    with pytest.raises(SampleError, match="describes no inputs"):
        read_data(tmp_path / "s.csv", ())
    broken = tmp_path / "s.npz"
    broken.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(SampleError, match=r"s\.npz"):
        read_data(broken, (X,))
    np.savez(broken, x=np.array([{"code": 1}], dtype=object))
    with pytest.raises(SampleError, match=r"s\.npz"):
        read_data(broken, (X,))


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_parquet_without_pyarrow_says_so(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="needs pyarrow"):
        read_data(tmp_path / "s.parquet", (X,))


def test_request_lines(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text('{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1.5]}]}\n\n')
    assert len(read_requests(path)) == 1
    path.write_text("{}\n")
    with pytest.raises(SampleError, match="inputs"):
        read_requests(path)
