"""An evaluation beside a training, by a clock that the tests turn: its share, its end, giving it up."""

from __future__ import annotations

import _tiny
import pytest
import torch
from _eyes import Corners, image_set, pictures

from gan_core.data.sets import ImageSet, to_unit
from gan_core.errors import DataError
from gan_core.metrics import kernel
from gan_core.metrics.classes import shares_of
from gan_core.metrics.evaluation import Evaluation
from gan_core.metrics.features import Judges
from gan_core.metrics.measuring import Measuring, samples_of
from gan_core.trainer import Trainer


class Clock:
    """Stands still unless it is told to go on; a look at pictures takes `cost` seconds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def few_subsets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "SUBSETS", 10)


@pytest.fixture(scope="module")
def data() -> ImageSet:
    return image_set(400, 200)


def slow(data: ImageSet, clock: Clock, cost: float) -> Evaluation:
    """An evaluation each of whose pieces of looking takes `cost` seconds of the clock, and the others no time."""

    class Slow(Corners):
        def of(self, images: torch.Tensor) -> torch.Tensor:
            clock.now += cost
            return super().of(images)

    eyes = Slow(key=f"slow{id(clock)}")
    assert data.labels is not None
    samples = to_unit(pictures(1500, 2)).split(250)
    blocks = iter(samples)
    return Evaluation(lambda k: next(blocks)[:k], 1500, data, Judges(eyes, eyes, shares_of(data.labels, 4)))


@pytest.mark.parametrize("share", [0.05, 0.5])
@pytest.mark.parametrize("cost", [0.002, 0.3])
def test_it_takes_its_share_and_no_more(data: ImageSet, share: float, cost: float) -> None:
    clock = Clock()
    measuring = Measuring(slow(data, clock, cost), share, clock)
    begin, dones = clock.now, []
    while measuring.goes_on:
        clock.now += 0.01  # a step of training
        measuring.turn()
        assert measuring.spent <= share * (clock.now - begin) + cost + 1e-9
        dones.append(measuring.step.done)
        assert clock.now < begin + 1000
    looks = 3 + 6  # 600 real pictures, 1500 samples, at 250 each; the floor is made of what was seen
    assert measuring.spent == pytest.approx(looks * cost)
    assert dones == sorted(dones)
    assert dones[-1] == measuring.step.total
    assert measuring.spent / (clock.now - begin) <= share + cost / (clock.now - begin)
    assert clock.now - begin >= (looks - 1) * cost / share * 0.95  # it did wait


def test_a_rest_does_not_save_up_a_long_stop(data: ImageSet) -> None:
    clock = Clock()
    measuring = Measuring(slow(data, clock, 0.1), 0.05, clock)
    clock.now += 3600
    before = clock.now
    measuring.turn()
    assert clock.now - before <= 0.25 + 0.1 + 1e-9


def test_on_demand_it_is_done_at_once_or_for_some_seconds(data: ImageSet) -> None:
    clock = Clock()
    measuring = Measuring(slow(data, clock, 1.0), clock=clock)
    assert measuring.found is None
    assert not measuring.advance(2.5)
    assert measuring.spent == pytest.approx(3)
    assert 0 < measuring.step.done < measuring.step.total
    assert measuring.advance()
    assert measuring.found is not None
    assert measuring.found["fd_samples"] == 1500
    assert {m.name for m in measuring.measures} >= {"fd", "kd", "recall"}
    assert measuring.turn()  # nothing more to do


def test_it_can_be_given_up(data: ImageSet) -> None:
    clock = Clock()
    measuring = Measuring(slow(data, clock, 1.0), clock=clock)
    measuring.advance(2.0)
    measuring.cancel()
    spent = measuring.spent
    assert measuring.advance()
    assert (measuring.goes_on, measuring.cancelled, measuring.found) == (False, True, None)
    assert measuring.spent == spent


def test_samples_that_cannot_be_measured_end_it(data: ImageSet) -> None:
    assert data.labels is not None
    judges = Judges(Corners(), Corners(), shares_of(data.labels, 4))
    broken = Evaluation(lambda k: torch.full((k, 1, 4, 4), torch.nan), 200, data, judges)
    measuring = Measuring(broken)
    with pytest.raises(DataError, match="NaN"):
        measuring.advance()
    assert (measuring.goes_on, measuring.found) == (False, None)


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5])
def test_a_share_is_one(data: ImageSet, share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        Measuring(slow(data, Clock(), 0.0), share)


def test_training_goes_on_as_if_nobody_measured() -> None:
    def trained(measured: bool) -> Trainer:
        trainer = Trainer(_tiny.pictures())
        assert isinstance(trainer.data, ImageSet)
        measuring: Measuring | None = None
        for step in range(6):
            trainer.step()
            if measured and step == 1:
                draw = samples_of(trainer.players.copy())
                measuring = Measuring(Evaluation(draw, 150, trainer.data, Judges(Corners())))
            if measuring:
                measuring.advance(0.02)
        if measuring:
            assert measuring.advance()
        return trainer

    ours, theirs = trained(True), trained(False)
    for a, b in ((ours.players.g, theirs.players.g), (ours.players.d, theirs.players.d)):
        assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_samples_are_those_of_one_moment() -> None:
    trainer = Trainer(_tiny.pictures())
    frozen = trainer.players.copy()
    draw, again = samples_of(frozen), samples_of(frozen)
    first = draw(7)
    for _ in range(3):
        trainer.step()
    assert torch.allclose(torch.cat([first, draw(5)]), torch.cat([again(7), again(5)]), atol=1e-6)
