"""The models: rows stand alone, versions differ, and nothing overflows."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from harness.reference.models.catalogue import BUILDERS, build
from harness.reference.models.trained import DESCRIPTIONS
from harness.reference.protocol.tensors import NUMPY, Tensor


def rows_of(name: str, count: int, scale: float = 1.0) -> Tensor:
    spec = build([name])[name].newest.inputs[0]
    values = np.random.default_rng(1).normal(size=(count, spec.shape[1])) * scale
    return Tensor(spec.name, spec.datatype, values.shape, values.ravel().astype(NUMPY[spec.datatype]))


@pytest.mark.parametrize("name", [*DESCRIPTIONS, "matrix"])
@pytest.mark.parametrize("version", ["1", "2"])
def test_a_row_gets_the_same_answer_alone_and_in_a_batch(name: str, version: str) -> None:
    predict = build([name])[name].versions[version].predict
    batch = rows_of(name, 40)
    together = predict({batch.name: batch})
    for index, row in enumerate(batch.array):
        single = Tensor(batch.name, batch.datatype, (1, len(row)), row)
        for alone, whole in zip(predict({batch.name: single}), together, strict=True):
            assert (alone.array[0] == whole.array[index]).all()


@pytest.mark.parametrize("name", [*DESCRIPTIONS, "matrix"])
def test_versions_differ_and_extremes_stay_finite(name: str) -> None:
    model = build([name])[name]
    for scale in (1.0, 1e37):
        batch = rows_of(name, 3, scale)
        answers = [version.predict({batch.name: batch})[-1].values for version in model.versions.values()]
        assert all(np.isfinite(each).all() for each in answers)
        assert scale > 1 or not np.array_equal(answers[0], answers[1])


def test_every_version_says_where_it_comes_from() -> None:
    digests = set()
    for model in build([]).values():
        for version in model.versions.values():
            assert {"provenance.model.digest", "provenance.data.version", "provenance.source.commit"} <= set(
                version.properties
            )
            assert all(isinstance(value, str) for value in version.properties.values())
            digests.add(version.properties["provenance.model.digest"])
    assert len(digests) == 2 * len(BUILDERS)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_training_again_gives_models_that_agree_with_the_stored_ones() -> None:
    pytest.importorskip("sklearn")
    from harness.reference.models.train import DATA_SETS, FOLDER, train  # noqa: PLC0415 - takes seconds to import

    for name in DATA_SETS:
        for version, made in enumerate(train(name), start=1):
            stored = json.loads((FOLDER / f"{name}-{version}.json").read_text())
            assert (made["method"], made["trained_on"]) == (stored["method"], stored["trained_on"])
            quality, before = (float(each["held_out"].split()[1]) for each in (made, stored))
            assert abs(quality - before) < 0.03


def test_labelled_rows_are_those_that_were_held_out() -> None:
    pytest.importorskip("sklearn")
    from harness.reference.models.train import FOLDER, GROUPS, held_out  # noqa: PLC0415 - takes seconds to import

    for name in GROUPS:
        with (FOLDER / f"{name}-held-out.csv").open(newline="", encoding="utf-8") as file:
            names, *rows = csv.reader(file)
        expected_names, expected = held_out(name)
        assert names == expected_names
        assert rows == [[str(value) for value in row] for row in expected]
