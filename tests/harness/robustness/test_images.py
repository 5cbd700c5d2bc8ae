"""Each corruption of an image against its definition: what it keeps, and that more severe ones change more."""

from __future__ import annotations

import numpy as np
import pytest

from harness.robustness.declared import ImageTable
from harness.robustness.images import Floats, corrupted, corrupted_rows, elements, parameters, pixels
from harness.robustness.kinds import kinds

KINDS = [name for name, kind in kinds().items() if kind.of == "images"]
SHAPES = [(32, 32, 3), (28, 20, 1), (8, 8, 1)]
# A picture with edges and slopes.
PICTURE = np.clip(np.add.outer(np.sin(np.arange(64) / 5), np.cos(np.arange(48) / 3))[..., None] / 3 + 0.4, 0, 1)


def of(kind: str, image: Floats, severity: int, seed: int = 0) -> Floats:
    return corrupted(kind, image, severity, np.random.default_rng(seed))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_pixels_stay_in_range_and_the_seed_decides(kind: str, shape: tuple[int, int, int]) -> None:
    image = np.random.default_rng(1).random(shape)
    for severity in (1, 3, 5):
        made = of(kind, image, severity)
        assert made.shape == shape
        assert made.min() >= 0
        assert made.max() <= 1
        assert np.array_equal(made, of(kind, image, severity))


@pytest.mark.parametrize("kind", [each for each in KINDS if each not in ("elastic_transform", "snow")])
def test_the_most_severe_changes_more_than_the_least(kind: str) -> None:
    # Of the elastic transform and of snow the published severities are not in order of what they change.
    away = [
        float(np.mean([np.abs(of(kind, PICTURE, each, seed) - PICTURE).mean() for seed in range(5)])) for each in (1, 5)
    ]
    assert away[1] > away[0]


@pytest.mark.parametrize(
    "kind", ["defocus_blur", "motion_blur", "zoom_blur", "pixelate", "contrast", "elastic_transform"]
)
def test_an_even_image_stays_even(kind: str) -> None:
    even = np.full((32, 32, 1), 0.25)
    assert np.allclose(of(kind, even, 5), even, atol=1e-6)


def test_definitions() -> None:
    assert np.allclose(of("brightness", PICTURE, 2), np.clip(PICTURE + 0.2, 0, 1))
    mean = PICTURE.mean()
    assert np.allclose(of("contrast", PICTURE, 3), (PICTURE - mean) * 0.2 + mean)
    hit = of("impulse_noise", np.full((200, 200, 1), 0.5), 5) != 0.5
    assert hit.mean() == pytest.approx(parameters("impulse_noise", 5)["share"], abs=0.01)
    noise = of("gaussian_noise", np.full((200, 200, 1), 0.5), 1) - 0.5
    assert noise.std() == pytest.approx(0.08, rel=0.05)
    photons = of("shot_noise", np.full((200, 200, 1), 0.5), 1)
    assert photons.mean() == pytest.approx(0.5, abs=0.01)
    assert np.allclose(photons * 60, np.round(photons * 60))
    boxes = of("pixelate", np.arange(16.0).reshape(4, 4, 1) / 16, 3)
    assert len(np.unique(boxes)) == 1


def test_jpeg_keeps_what_its_table_keeps() -> None:
    # One coefficient of a block, which is a multiple of its step, is kept whole.
    step = 16 * (5000 / 10) / 100
    even = (np.full((8, 8, 1), 128.0) + step / 8) / 255
    assert np.allclose(of("jpeg_compression", even, 4), even)


@pytest.mark.parametrize("layout", ["hwc", "chw"])
def test_rows_are_images_in_the_declared_range(layout: str) -> None:
    image = ImageTable(shape=(4, 6), channels=3, range=(-1.0, 1.0), layout=layout)  # type: ignore[arg-type]
    row = np.random.default_rng(0).uniform(-1, 1, image.elements)
    assert np.allclose(elements(pixels(row, image), image), row)
    made = corrupted_rows("contrast", row[None], 1, image, np.random.default_rng(0))
    assert made.shape == (1, image.elements)
    assert made.min() >= -1
    assert made.max() <= 1
