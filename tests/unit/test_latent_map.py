"""Maps: the same latents at every step, exactly a sample where it lies, slices and their shading."""

from __future__ import annotations

import math
from typing import Any

import _explored
import _tiny
import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from gan_core.data.sets import to_pixels
from gan_core.errors import ConfigError
from gan_core.latent import reading, seen
from gan_core.latent.asking import CalledOffError, asked_for


@pytest.fixture(scope="module")
def digits() -> Any:
    return _explored.room_of(_explored.players(_tiny.pictures(latent__dim=6)))


def test_a_map_of_pictures(digits: Any) -> None:
    found = _explored.answer(digits, "map", how="pca", samples=60, seed=3)
    latents = digits.explored.many(60, 3)
    pictures = digits.explored.draw(latents)
    assert np.array_equal(found.arrays["samples"], to_pixels(pictures).numpy())
    assert found.arrays["places"].shape == (60, 2)
    assert np.abs(found.arrays["places"]).max(0).tolist() == [1, 1]
    assert found.facts["by"] == "seen"
    judge = seen.classifier_of(digits.explored.data)
    assert judge is not None
    theirs = PCA(2).fit_transform(judge.of(pictures).double().numpy())
    assert abs(np.corrcoef(found.arrays["places"][:, 0], theirs[:, 0])[0, 1]) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(found.arrays["logits"], digits.explored.scores(pictures, latents).numpy(), atol=1e-6)
    chances = judge.probabilities(judge.of(pictures))
    assert chances is not None
    assert found.facts["kinds"] == [{"code": "seen", "names": list("0123456789"), "count": 10}]
    assert found.arrays["kind.seen"].tolist() == chances.argmax(1).tolist()
    assert all(array.dtype in (np.float32, np.uint8) for array in found.arrays.values())


def test_a_click_on_a_sample_is_that_sample(digits: Any) -> None:
    found = _explored.answer(digits, "map", how="pca", samples=60, seed=3)
    point = [float(value) for value in found.arrays["places"][17]]
    assert torch.equal(digits.settled({"laid": found.facts["name"], "point": point}), digits.explored.many(60, 3)[17])


def test_the_layout_and_the_latents_stay_at_another_step(digits: Any) -> None:
    first = _explored.answer(digits, "map", how="tsne", samples=60)
    other = _explored.players(_tiny.pictures(latent__dim=6, seed=9))
    later = _explored.room_of(other, 2, digits.explorer)
    again = _explored.answer(later, "map", how="tsne", like=first.facts["name"])
    assert np.array_equal(again.arrays["places"], first.arrays["places"])
    assert again.facts["name"] == first.facts["name"]
    latents = digits.explored.many(60, 0)
    assert np.array_equal(again.arrays["samples"], to_pixels(later.explored.draw(latents)).numpy())
    assert not np.array_equal(again.arrays["samples"], first.arrays["samples"])
    anew = _explored.answer(later, "map", how="tsne", samples=60)
    assert anew.facts["name"] != first.facts["name"]


def test_of_points_the_samples_themselves_and_their_modes() -> None:
    where = _explored.room_of(_explored.players(_tiny.points()))
    found = _explored.answer(where, "map", samples=50)
    samples = where.explored.draw(where.explored.many(50, 0))
    assert np.array_equal(found.arrays["samples"], samples.numpy())
    assert found.facts["by"] == "points"
    modes = where.explored.data.modes.numpy()
    by_hand = [int(np.argmin(((modes - x) ** 2).sum(1))) for x in samples.numpy()]
    assert found.arrays["kind.mode"].tolist() == by_hand


def test_a_class_behind_the_latents_keeps_its_size() -> None:
    """Between samples the latents are made longer, and what class they ask for is not."""
    config = _tiny.pictures(latent__dim=6, generator__conditioning="concat", discriminator__conditioning="concat")
    where = _explored.room_of(_explored.players(config))
    found = _explored.answer(where, "map", samples=50)
    assert [kinds["code"] for kinds in found.facts["kinds"]] == ["asked", "seen"]
    assert found.arrays["kind.asked"].tolist() == where.explored.many(50, 0)[:, 6:].argmax(1).tolist()
    between = where.settled({"laid": found.facts["name"], "point": [0.123, -0.321]})
    assert float(between[6:].sum()) == pytest.approx(1, abs=1e-5)
    lengths = where.explored.many(50, 0)[:, :6].norm(dim=1)
    assert float(lengths.min()) <= float(between[:6].norm()) <= float(lengths.max())


def test_the_slice_through_three_places(digits: Any) -> None:
    through = [{"seed": 1}, {"seed": 2}, {"seed": 3}]
    found = _explored.answer(digits, "map", how="slice", through=through, side=5)
    facts = found.facts
    a, b, c = (digits.settled(place) for place in through)
    assert facts["marks"][0] == [0, 0]
    assert facts["marks"][1] == pytest.approx([float((b - a).norm()), 0], abs=1e-5)
    assert math.hypot(*facts["marks"][2]) == pytest.approx(float((c - a).norm()), rel=1e-5)
    cell = 2 * facts["reach"] / 5
    corner = [
        facts["centre"][0] - 2 * cell,
        facts["centre"][1] + 2 * cell,
    ]  # the middle of the first cell, at the top left
    drawn = digits.explored.draw(digits.settled({"slice": through, "point": corner})[None])
    difference = found.arrays["samples"][0].astype(int) - to_pixels(drawn).numpy()[0].astype(int)
    assert np.abs(difference).max() <= 1  # but for rounding
    closer = _explored.answer(digits, "map", how="slice", through=through, side=5, centre=corner, reach=0.5)
    assert np.abs(closer.arrays["samples"][12].astype(int) - to_pixels(drawn).numpy()[0]).max() <= 1


def test_the_shading_of_a_linear_generator() -> None:
    """x = A z: the rate of change along two coordinates is √(‖a₁‖² + ‖a₂‖²) everywhere."""
    matrix = torch.tensor([[0.3, -0.2, 0.1], [0.05, 0.4, 0.2]])
    config = _tiny.points(latent__dim=3)
    where = _explored.room_of(_explored.players(config, g=_explored.By(lambda z: z @ matrix.t())))
    found = _explored.answer(where, "map", how="slice", of={"seed": 4}, by=[["axes.z", 0], ["axes.z", 1]])
    scale = where.explored.data.scale
    np.testing.assert_allclose(found.arrays["rates"], scale * float(matrix[:, :2].norm()), rtol=1e-4)
    side = found.facts["side"]
    assert found.facts["reach"] == 3
    middle = where.explored.draw(where.settled({"seed": 4})[None])[0]
    np.testing.assert_allclose(found.arrays["samples"][side * side // 2], middle.numpy(), atol=1e-5)


def test_what_is_no_map(digits: Any) -> None:
    for asked in ({"how": "isomap"}, {"samples": 10}, {"samples": 10**6}, {"seed": -1}, {"like": 3}, {"like": "lost"},
                  {"how": "slice"}, {"how": "slice", "through": [{"seed": 1}]},
                  {"how": "slice", "through": [{"seed": 1}] * 3}, {"how": "slice", "of": {"seed": 1}, "by": [["axes.z", 0]] * 2},
                  {"how": "slice", "of": {"seed": 1}, "by": [["axes.z", 0], ["axes.z", 99]]},
                  {"how": "slice", "through": [{"seed": 1}, {"seed": 2}, {"seed": 3}], "reach": 0, "centre": [0, 0]}):  # fmt: skip
        with pytest.raises(ConfigError):
            _explored.answer(digits, "map", **asked)


@pytest.mark.parametrize(("kinds", "changes"), [
    (["seen"], {"generator__network": "style", "data__image_size": 16}),
    (["category", "seen"], {"latent__categories": 5, "latent__continuous": 2, "loss": "hinge", "penalty": "none"}),
    (["seen"], {"method": "bigan"}), (["seen"], {"method": "vae", "penalty": "none"}),
])  # fmt: skip
def test_every_kind_of_generator_has_maps_and_weak_places(kinds: list[str], changes: dict[str, Any]) -> None:
    where = _explored.room_of(_explored.players(_tiny.pictures(latent__dim=6, **changes)))
    judged = where.explored.config.adversarial
    found = _explored.answer(where, "map", samples=50)
    assert [one["code"] for one in found.facts["kinds"]] == kinds
    assert ("logits" in found.arrays) == judged
    flat = _explored.answer(where, "map", how="slice", of={"seed": 1}, by=[["axes.z", 0], ["axes.z", 1]], side=3)
    assert np.isfinite(flat.arrays["rates"]).all()
    assert ("low" in _explored.answer(where, "weak", samples=100).facts) == judged


def test_a_slice_of_styles() -> None:
    """Along directions in w each point is styles, and drawn as such."""
    config = _tiny.pictures(latent__dim=6, generator__network="style", data__image_size=16)
    where = _explored.room_of(_explored.players(config))
    name = _explored.answer(where, "find", how="sefa", space="w", count=3).facts["name"]
    found = _explored.answer(where, "map", how="slice", of={"seed": 1}, by=[[name, 0], [name, 2]], side=3)
    corner = {
        "moved": {"seed": 1},
        "by": [[name, 0, -2], [name, 2, 2]],
    }  # the middle of the first of three cells from −3 to 3
    drawn = to_pixels(where.explored.draw(where.settled(corner)[None])).numpy()[0]
    assert np.abs(found.arrays["samples"][0].astype(int) - drawn.astype(int)).max() <= 1


@pytest.mark.parametrize("how", ["pca", "tsne", "umap", "slice"])
def test_it_can_be_called_off(digits: Any, how: str) -> None:
    def tell(_share: float, _so_far: object = None) -> None:
        raise CalledOffError

    with pytest.raises(CalledOffError):
        asked_for("map").answer(digits, {"how": how, "through": [{"seed": 1}, {"seed": 2}, {"seed": 3}]}, tell)


def test_small_pictures_are_means_of_areas() -> None:
    x = _explored.randn(2, 3, 8, 8)
    assert torch.allclose(seen.small(x, 4), x.view(2, 3, 4, 2, 4, 2).mean((3, 5)), atol=1e-6)
    assert seen.small(x, 8) is x


def test_latents_survive_the_way_to_the_browser(digits: Any) -> None:
    latent = digits.explored.many(1, 0)[0]
    assert torch.equal(digits.settled({"at": reading.as_base64(latent)}), latent)
