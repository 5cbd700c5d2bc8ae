"""Features of rows: their names, where they are in the inputs, and requests with others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.data.declared import SampledTable
from harness.data.features import NoFeature, features_of
from harness.data.labelled import LabelledData, read_labelled
from harness.wire.messages import TensorMetadata

TWO = (
    TensorMetadata("x", "FP32", (-1, 2)),
    TensorMetadata("age", "INT32", (-1, 1)),
    TensorMetadata("t", "BYTES", (-1,)),
)
ONE = (TensorMetadata("x", "FP64", (-1, 3)),)


def read(path: Path, text: str, inputs: tuple[TensorMetadata, ...], **table: str) -> LabelledData:
    path.write_text(text)
    return read_labelled(SampledTable(model="m", data=str(path), **table), inputs, 0)  # type: ignore[arg-type]


def test_inputs_of_several_kinds(tmp_path: Path) -> None:
    data = read(tmp_path / "rows.csv", "x.0,x.1,age,t\n1.5,2,30,hello\n", TWO)
    request = data.request(data.rows[0])
    features = features_of(data, request)
    assert features.names == ("x.0", "x.1", "age")
    assert [each.whole for each in features.features] == [False, False, True]
    assert features.values(request).tolist() == [1.5, 2.0, 30.0]
    changed = features.tensors(request, [9.5, 8.0, 31.0])
    assert [each.elements for each in changed] == [(9.5, 8.0), (31,), ("hello",)]
    assert features.places(["x"]).tolist() == [0, 1]
    assert features.places(["*"]).tolist() == [0, 1, 2]


def test_features_are_called_after_their_columns(tmp_path: Path) -> None:
    text = "radius,area,depth,kind\n1,2,3,0\n"
    data = read(tmp_path / "rows.csv", text, ONE, label="kind")
    features = features_of(data, data.request(data.rows[0]))
    assert features.names == ("radius", "area", "depth")
    with pytest.raises(NoFeature, match="'kind'; there are 'radius', 'area', 'depth'"):
        features.places(["kind"])


def test_without_a_label_nobody_says_what_is_right(tmp_path: Path) -> None:
    data = read(tmp_path / "rows.csv", "radius,area,depth\n1,2,3\n4,5,6\n", ONE)
    assert [row.label for row in data.rows] == ["", ""]
    assert data.counts == {}


def test_arrays_have_numbered_features(tmp_path: Path) -> None:
    path = tmp_path / "rows.npz"
    np.savez(path, x=np.arange(6.0).reshape(2, 3))
    data = read_labelled(SampledTable(model="m", data=str(path)), ONE, 0)
    features = features_of(data, data.request(data.rows[1]))
    assert features.names == ("x.0", "x.1", "x.2")
    assert features.values(data.request(data.rows[1])).tolist() == [3.0, 4.0, 5.0]
