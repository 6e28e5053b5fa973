"""Truncation: one picture at ψ = 0, nothing changed at 1; and its measures against NumPy, SciPy and the metrics by themselves."""

from __future__ import annotations

import math
from typing import Any

import _explored
import _tiny
import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist

from gan_core.errors import DataError
from gan_core.latent import truncation as measuring
from gan_core.latent.explored import Explored, ExploredRun
from gan_core.latent.tools import truncation
from gan_core.metrics.neighbours import neighbours

STYLE = {"generator__network": "style", "generator__norm": "none", "data__image_size": 16, "latent__dim": 8}
KINDS: dict[str, Any] = {
    "points": _tiny.points(), "pictures": _tiny.pictures(), "style": _tiny.pictures(**STYLE),
}  # fmt: skip


@pytest.fixture(scope="module", params=["points", "pictures", "style"])
def explored(request: pytest.FixtureRequest) -> Explored:
    return _explored.stirred(KINDS[request.param]).explored


def test_at_zero_one_sample_is_left_and_at_one_nothing_has_changed(explored: Explored) -> None:
    latents = explored.many(40, 3)
    alike = explored.draw(latents, 0.0)
    assert (alike == alike[0]).all()
    assert measuring.mean_distance(alike.flatten(1)) == 0
    assert torch.equal(explored.draw(latents, 1.0), explored.players.sample(latents))
    half = explored.draw(latents, 0.5)
    assert not torch.equal(half, alike)
    assert measuring.mean_distance(half.flatten(1)) < measuring.mean_distance(explored.draw(latents, 1.0).flatten(1))


def test_styles_come_to_the_mean_one_and_noise_to_its_middle() -> None:
    style = _explored.stirred(KINDS["style"]).explored
    with torch.no_grad():
        style.g.mean.normal_(generator=torch.Generator().manual_seed(1))  # type: ignore[union-attr, operator]
    w, z = style.styles(style.many(5, 3)), style.many(5, 3)
    mean = style.mean_style
    assert torch.allclose(style.draw(z, 0.25), style.draw(mean + 0.25 * (w - mean), 1.0), atol=1e-6)
    other = _explored.stirred(KINDS["pictures"]).explored
    assert torch.equal(other.draw(other.many(5, 3), 0.25), other.draw(0.25 * other.many(5, 3), 1.0))


def test_of_each_class_one_picture_is_left() -> None:
    found = _explored.stirred(
        _tiny.pictures(generator__conditioning="concat", discriminator__conditioning="projection")
    )
    explored = found.explored
    latents = explored.many(60, 3)
    drawn, asked = explored.draw(latents, 0.0).flatten(1), explored.classes_of(latents)
    assert asked is not None
    firsts = [drawn[asked == k] for k in asked.unique()]
    assert all((rows == rows[0]).all() for rows in firsts)
    assert len({tuple(rows[0].tolist()) for rows in firsts}) == len(firsts) > 5
    facts = _explored.answer(found, "truncation", samples=60).facts
    assert facts["within"]
    assert facts["rows"][0]["diversity"] == pytest.approx(0, abs=1e-5)
    assert facts["rows"][4]["diversity"] > 1e-3


def test_diversity_within_classes_is_that_of_pairs_of_one_class() -> None:
    rng = torch.Generator().manual_seed(2)
    x, groups = torch.randn(40, 5, generator=rng), torch.randint(0, 4, (40,), generator=rng)
    pairs = [(i, j) for i in range(40) for j in range(i) if groups[i] == groups[j]]
    wanted = np.mean([np.linalg.norm(x[i].numpy() - x[j].numpy()) for i, j in pairs])
    assert measuring.mean_distance(x, groups) == pytest.approx(wanted, rel=1e-5)
    assert math.isnan(measuring.mean_distance(x, torch.arange(40)))


def test_diversity_is_the_mean_distance_of_two_samples() -> None:
    x = torch.randn(57, 13, generator=torch.Generator().manual_seed(0))
    rows = x.double().numpy()
    every = np.sqrt(((rows[:, None] - rows[None]) ** 2).sum(2))
    assert measuring.mean_distance(x) == pytest.approx(every.sum() / (57 * 56), rel=1e-6)
    assert measuring.mean_distance(x) == pytest.approx(pdist(rows).mean(), rel=1e-6)
    with pytest.raises(DataError, match="at least 2"):
        measuring.mean_distance(x[:1])


def test_a_row_is_what_each_measure_gives_by_itself() -> None:
    found = _explored.stirred(KINDS["pictures"])
    explored = found.explored
    answer = _explored.answer(found, "truncation", samples=60)
    facts = answer.facts
    assert [row["psi"] for row in facts["rows"]] == list(measuring.PSIS)
    assert (facts["samples"], facts["judged"], facts["reference"], facts["by"]) == (60, 60, 60, "features")
    eyes = truncation.eyes_of(explored)
    pictures, classes = truncation.real_samples(explored, 60)
    real = eyes.look(pictures)
    assert classes is None
    assert facts["real"] == pytest.approx(pdist(real.double().numpy()).mean(), rel=1e-5)
    latents = explored.many(60, 3)
    for row in (facts["rows"][0], facts["rows"][3], facts["rows"][6]):
        samples = explored.draw(latents, row["psi"])
        x = eyes.look(samples)
        near = neighbours(real, x)
        assert row["diversity"] == pytest.approx(pdist(x.double().numpy()).mean(), rel=1e-4, abs=1e-6)
        assert (row["precision"], row["recall"], row["coverage"]) == (near.precision, near.recall, near.coverage)
        assert row["output"] == pytest.approx(float(explored.scores(samples, latents).mean()), rel=1e-4, abs=1e-6)
    assert facts["rows"][0]["diversity"] == pytest.approx(0, abs=1e-5)


def test_points_are_compared_where_they_lie() -> None:
    facts = _explored.answer(_explored.stirred(KINDS["points"]), "truncation", samples=50).facts
    assert facts["by"] == "points"
    assert facts["rows"][0]["diversity"] == 0
    assert facts["rows"][4]["recall"] is not None


def test_without_a_classifier_pixels_tell_and_without_a_d_nobody_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _explored.stirred(KINDS["pictures"])
    monkeypatch.setattr("gan_core.latent.seen.at_hand", lambda _data: None)
    monkeypatch.setattr(ExploredRun, "scores", lambda _self, samples, _inputs: torch.full((len(samples),), math.nan))
    facts = _explored.answer(found, "truncation", samples=50).facts
    assert facts["by"] == "pixels"
    row = facts["rows"][4]
    samples = found.explored.draw(found.explored.many(50, 3), 1.0).flatten(1).double().numpy()
    wanted = pdist(samples, "sqeuclidean") / (4 * samples.shape[1])  # mean square of a share of the range
    assert row["diversity"] == pytest.approx(np.sqrt(wanted).mean(), rel=1e-5)
    assert row["precision"] is row["recall"] is row["coverage"] is row["output"] is None


def test_a_look_keeps_its_truncation() -> None:
    found = _explored.stirred(KINDS["style"])
    one = _explored.answer(found, "draw", places=[{"seed": 1}, {"seed": 2}], psi=0).arrays["samples"]
    assert np.array_equal(one[0], one[1])
