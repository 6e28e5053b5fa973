"""The training pictures nearest to a sample, against pictures planted among them and scikit-learn."""

from __future__ import annotations

import dataclasses
from typing import Any

import _explored
import _tiny
import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from gan_core.data.sets import ImageSet, to_pixels, to_unit
from gan_core.errors import ConfigError
from gan_core.latent.asking import CalledOffError, asked_for
from gan_core.metrics.features import at_hand
from gan_core.runs import indices

PLACE = {"seed": 7}
ROW = 31


@pytest.fixture(scope="module")
def planted() -> Any:
    """A room in which the picture of PLACE is training picture ROW."""
    found = _explored.stirred(_tiny.pictures())
    data = found.explored.data
    assert isinstance(data, ImageSet)
    images = data.images.clone()
    images[ROW] = to_pixels(found.explored.draw(found.settled(PLACE)[None]))[0]
    return _explored.with_data(found, dataclasses.replace(data, images=images))


@pytest.mark.parametrize("by", ["pixels", "features"])
def test_a_sample_that_was_learned_by_heart_is_found(planted: Any, by: str) -> None:
    answer = _explored.answer(planted, "nearest", place=PLACE, by=by)
    facts = answer.facts
    assert facts["found"]
    assert facts["rows"][0] == ROW
    if by == "pixels":
        assert facts["distances"][0] == 0
    else:  # the network adds in another order where it sees one picture than where it sees many
        assert facts["distances"][0] < 1e-5 * np.median(facts["held_out"])
    assert facts["nearer"] == 1
    assert len(facts["rows"]) == len(facts["distances"]) == len(facts["names"]) == 8
    assert facts["distances"] == sorted(facts["distances"])
    assert np.array_equal(answer.arrays["nearest"][0], answer.arrays["samples"][0])
    data = planted.explored.data
    assert np.array_equal(answer.arrays["nearest"], data.images[facts["rows"]].numpy())
    assert facts["names"] == [data.class_names[k] for k in data.labels[facts["rows"]].tolist()]
    assert facts["features"] == "digits classifier"


@pytest.mark.parametrize("by", ["pixels", "features"])
def test_another_sample_is_compared_with_all(planted: Any, by: str) -> None:
    facts = _explored.answer(planted, "nearest", place={"seed": 8}, by=by, psi=0.5).facts
    data = planted.explored.data
    shown = to_unit(to_pixels(planted.explored.draw(planted.settled({"seed": 8})[None], 0.5)))
    hand = at_hand(data)
    assert hand is not None
    if by == "pixels":
        every, one = (to_unit(data.images).flatten(1).numpy() / 2, shown.flatten(1).numpy() / 2)
        unit = np.sqrt(one.size)
    else:
        every, one, unit = hand.get().of(to_unit(data.images)).numpy(), hand.get().of(shown).numpy(), 1
    wanted, rows = NearestNeighbors(n_neighbors=8, algorithm="brute").fit(every).kneighbors(one)
    np.testing.assert_allclose(facts["distances"], wanted[0] / unit, rtol=1e-4)
    assert facts["rows"] == rows[0].tolist()
    held_out = np.array(facts["held_out"])
    assert facts["nearer"] == pytest.approx(np.mean(held_out > facts["distances"][0]))


def test_a_set_without_labels_has_no_features() -> None:
    found = _explored.stirred(_tiny.pictures())
    data = dataclasses.replace(_tiny.images(), labels=None)
    room = _explored.with_data(found, data)
    assert not _explored.answer(room, "nearest", place=PLACE, by="features").facts["found"]
    facts = _explored.answer(room, "nearest", place=PLACE, by="pixels").facts
    assert facts["found"]
    assert facts["features"] == ""
    assert "names" not in facts


def test_a_part_of_a_set_is_prepared_once(planted: Any) -> None:
    data = planted.explored.data
    first, again = (indices.of(data.limited(20), "pixels") for _ in range(2))
    assert first is again
    assert first.index is not None
    assert indices.of(data.limited(21), "pixels") is not first
    assert indices.compared(first, to_unit(data.limited(20).images[3]), 8).facts["rows"][0] == 3  # type: ignore[union-attr]


def test_points_have_no_nearest_one_and_waiting_can_be_called_off(
    planted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="endless"):
        _explored.answer(_explored.stirred(_tiny.points()), "nearest", place=PLACE)
    never = indices.Yard(planted.explored.data, "pixels")
    monkeypatch.setattr(indices, "of", lambda *_: never)
    said = []

    def tell(share: float, so_far: Any = None) -> None:
        said.append(so_far.facts)
        raise CalledOffError

    with pytest.raises(CalledOffError):
        asked_for("nearest").answer(planted, {"place": PLACE}, tell)
    assert said == [{"preparing": True}]


def test_what_is_no_number_is_not_compared(planted: Any) -> None:
    yard = indices.of(planted.explored.data, "pixels")
    assert indices.compared(yard, torch.full(planted.explored.data.shape, float("nan")), 4) is None
