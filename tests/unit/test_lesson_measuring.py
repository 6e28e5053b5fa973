"""What a cheat hands in, and what the metrics say: against closed forms and brute force; the goals of the lesson, computed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gan_core.errors import ConfigError
from gan_core.lessons import handing_in, measuring
from gan_core.lessons.handing_in import COUNTS, POINTS, HandIn, cloud, exam, marks
from gan_core.lessons.lesson import Figure, Task
from gan_core.lessons.sight import Sight

torch.set_num_threads(1)
FIGURES = {part.id: part for part in measuring.LESSON.parts if isinstance(part, Figure)}
_cases = [pytest.param(part, task, id=f"{part.id}-{task.id}") for part in FIGURES.values() for task in part.tasks]


def seen(part: Figure, changes: dict[str, object]) -> Sight:
    """What the figure shows as it starts with these changes."""
    if part.name == "cloud":
        return Sight(0, cloud(**(dict(part.start) | changes)).figures)  # type: ignore[arg-type]
    assert set(changes) <= set(part.start["controls"])
    return Sight(0, marks(HandIn(**changes)).figures, facts=changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("part", "task"), _cases)
def test_the_solution_reaches_the_goal_and_the_beginning_does_not(part: Figure, task: Task) -> None:
    assert task.goal
    assert not task.is_done(seen(part, {}))
    assert task.is_done(seen(part, dict(task.solution)))


def test_a_disguise_is_wanted_of_copies_alone() -> None:
    honest = marks(HandIn()).figures
    disguised = next(task for task in FIGURES["copy"].tasks if task.id == "disguised")
    assert not disguised.is_done(Sight(0, honest, facts={"source": "unseen"}))
    assert disguised.is_done(Sight(0, honest, facts={"source": "copies"}))


@pytest.mark.parametrize("width", [0.3, 0.7, 1.2])
def test_a_round_cloud_is_as_far_from_the_ring_as_the_closed_form_says(width: float) -> None:
    apart = 2 * (width - math.sqrt(0.5 + 0.05**2)) ** 2
    assert cloud(width).figures["fd"] == pytest.approx(apart, abs=4 / math.sqrt(POINTS) * max(width, 0.71) * 0.3)


def test_a_cloud_is_told_by_its_points() -> None:
    found = cloud(0.7)
    ring = torch.stack([torch.tensor([math.cos(a), math.sin(a)]) for a in np.arange(8) * math.pi / 4])
    near = torch.cdist(found.points, ring).min(1).values <= 3 * 0.05
    assert found.figures["quality"] == pytest.approx(float(near.double().mean()), abs=1e-6)
    assert cloud(None).figures["precision"] > 0.95
    assert found.points.shape == found.real.shape == (POINTS, 2)


def test_the_three_parts_are_others() -> None:
    the = exam()
    learned, unseen = the.pictures(HandIn("copies")), the.pictures(HandIn())
    assert len(learned) == len(unseen) == the.n == 599
    distances = torch.cdist(learned.flatten(1), unseen.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")
    assert float(distances.min()) > 0
    assert torch.equal(the.pictures(HandIn(noise=0.3, garbage=0.2)), the.pictures(HandIn(noise=0.3, garbage=0.2)))


def test_distances_to_training_pictures_as_brute_force_finds_them() -> None:
    the = exam()
    learned, handed = the.pictures(HandIn("copies")), the.pictures(HandIn(blur=1.0))
    pairs = (handed[:, None].flatten(2) - learned[None].flatten(2)).square().mean(2).sqrt() / 2
    found = marks(HandIn(blur=1.0))
    assert found.figures["near"] == pytest.approx(float(pairs.min(1).values.median()), rel=1e-4)
    assert torch.equal(found.nearest[7], ((learned[pairs[7].argmin()] + 1) * 127.5).round().to(torch.uint8))
    copies = marks(HandIn("copies")).figures
    assert (copies["near"], copies["near_features"], copies["copied"]) == (0.0, 0.0, 1.0)


def test_what_is_done_to_pictures() -> None:
    the = exam()
    plain = the.pictures(HandIn())
    moved = the.pictures(HandIn(shift=2))
    assert torch.equal(moved[..., 2:], plain[..., :-2])
    assert bool((moved[..., :2] == -1).all())
    one = the.pictures(HandIn(count=1))
    assert torch.equal(one, plain[:1].expand_as(one))
    ten = the.pictures(HandIn(count=10))
    assert len(torch.unique(ten.flatten(1), dim=0)) == 10
    noisy = the.pictures(HandIn(garbage=0.25))
    assert torch.equal(noisy[:449], plain[:449])
    assert float(noisy[449:].mean().abs()) < 0.02
    assert float(noisy[449:].std()) == pytest.approx(1 / math.sqrt(3), abs=0.01)
    assert float((the.pictures(HandIn(noise=0.1)) - plain).abs().max()) <= 1.0
    blurred = the.pictures(HandIn(blur=1.5))
    kernel = torch.exp(-torch.arange(-5, 6).double().square() / (2 * 1.5**2))
    kernel = torch.outer(kernel, kernel) / kernel.sum() ** 2
    at = (plain[3, 0, 9:20, 9:20].double() * kernel).sum()
    assert float(blurred[3, 0, 14, 14]) == pytest.approx(float(at), abs=1e-4)
    some = marks(HandIn(classes=(3,)))
    assert some.figures["class_modes"] <= 2
    assert exam().best == marks(HandIn()).figures


@pytest.mark.parametrize("wrong", [
    {"source": "stolen"}, {"count": 2}, {"classes": (10,)}, {"shift": 9}, {"noise": float("nan")}, {"noise": -0.1}, {"blur": 99.0},
    {"garbage": 1.5},
])  # fmt: skip
def test_what_cannot_be_handed_in_is_told(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as error:
        HandIn(**wrong)  # type: ignore[arg-type]
    assert next(iter(wrong)) in str(error.value)


def test_a_cloud_has_a_width() -> None:
    assert COUNTS[-1] == 0
    for wrong in (0.0, -1.0, 99.0, float("nan")):
        with pytest.raises(ConfigError):
            handing_in.cloud(wrong)
