"""Pictures made beside the training: of the moment at which they were asked for, one at a time, and never the end of a run."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import _tiny
import pytest
import torch

from gan_core import registry
from gan_core.players import Players
from gan_core.runs import frames
from gan_core.runs.camera import Camera
from gan_core.runs.commands import Pause
from gan_core.runs.session import TrainingSession


@pytest.fixture
def helper() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


class Slow:
    """Keeps what it is shown until it may look."""

    def __init__(self) -> None:
        self.may_look, self.seen = threading.Event(), [torch.empty(0)]
        self.thread: threading.Thread | None = None

    def __call__(self, players: Players) -> None:
        assert self.may_look.wait(60)
        self.thread = threading.current_thread()
        self.seen = [players.sample(players.preview.latents, averaged=a) for a in (True, False)]
        self.seen += [players.critic(players.preview.real)]


@pytest.mark.parametrize("more", [{}, {"discriminator__spectral_norm": True, "generator__norm": "batch"}])
def test_of_the_moment_at_which_it_was_asked_for(helper: ThreadPoolExecutor, more: dict[str, object]) -> None:
    trainer = _tiny.trained(_tiny.points(**more), 3)
    camera, slow = Camera(helper), Slow()
    expected = [trainer.sample(trainer.preview.latents, averaged=a) for a in (True, False)]
    expected += [trainer.critic(trainer.preview.real)]
    camera.take(trainer, slow, now=False)
    assert not camera.is_idle
    for _ in range(5):
        trainer.step()
    slow.may_look.set()
    camera.wait()
    assert camera.is_idle
    assert slow.thread is not threading.current_thread()
    for found, wanted in zip(slow.seen, expected, strict=True):
        assert torch.equal(found, wanted)


def test_training_goes_on_as_if_nobody_looked(helper: ThreadPoolExecutor) -> None:
    quiet, watched = (_tiny.trained(_tiny.points(discriminator__spectral_norm=True), 0) for _ in range(2))
    camera = Camera(helper)
    for _ in range(6):
        quiet.step()
        watched.step()
        camera.take(watched, lambda players: _all(players), now=False)
    camera.wait()
    _tiny.assert_same(quiet.state_dict(), watched.state_dict())


def _all(players: Players) -> None:
    players.slope(players.sample(players.preview.latents))
    players.critic(players.preview.real)


def test_another_run_in_the_same_place(helper: ThreadPoolExecutor) -> None:
    camera, slow = Camera(helper), Slow()
    slow.may_look.set()
    for seed in (1, 2):
        trainer = _tiny.trained(_tiny.points(seed=seed), 1)
        camera.take(trainer, slow, now=False)
        camera.wait()
        assert torch.equal(slow.seen[0], trainer.sample(trainer.preview.latents))


def test_a_changed_loss_is_the_one_that_pulls(helper: ThreadPoolExecutor) -> None:
    trainer = _tiny.trained(_tiny.points(loss="non_saturating"), 2)
    camera, pulls = Camera(helper), []
    logits = torch.linspace(-2, 2, 8), torch.linspace(-1, 3, 8)
    for loss in ("non_saturating", "wasserstein"):
        trainer.change(_tiny.points(loss=loss))
        camera.take(trainer, lambda players: pulls.append(players.pull(*logits)), now=False)
        camera.wait()
    fake = logits[1].clone().requires_grad_()
    (expected,) = torch.autograd.grad(registry.loss["wasserstein"].value(logits[0], fake)[1], fake)
    assert torch.allclose(pulls[1], -8 * expected)
    assert not torch.allclose(pulls[0], pulls[1])


@pytest.mark.parametrize("kind", ["points", "pictures"])
def test_now_means_here(helper: ThreadPoolExecutor, kind: str) -> None:
    trainer = _tiny.trained(getattr(_tiny, kind)(), 1)
    where: list[threading.Thread] = []
    Camera(helper).take(trainer, lambda _players: where.append(threading.current_thread()), now=kind == "points")
    Camera().take(trainer, lambda _players: where.append(threading.current_thread()), now=False)
    assert where == [threading.current_thread()] * 2


def test_a_picture_that_cannot_be_made_is_one_of_many(
    helper: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    trainer = _tiny.trained(_tiny.points(), 1)
    camera = Camera(helper)

    def fails(_players: Players) -> None:
        raise ValueError("no picture")

    camera.take(trainer, fails, now=False)
    camera.wait()
    assert "could not be made" in caplog.text
    slow = Slow()
    slow.may_look.set()
    camera.take(trainer, slow, now=False)
    camera.wait()
    assert len(slow.seen) == 3


def test_without_a_helper_any_more_nothing_hangs(helper: ThreadPoolExecutor) -> None:
    trainer = _tiny.trained(_tiny.points(), 1)
    camera = Camera(helper)
    helper.shutdown()
    camera.take(trainer, _all, now=False)
    camera.wait()


def test_a_pause_right_behind_a_look_keeps_its_numbers() -> None:
    """The look's picture is still on its way when the run rests at the same step: there is nothing new to read."""
    gate = threading.Event()
    with ThreadPoolExecutor(1) as busy:
        busy.submit(gate.wait, 20)
        session = TrainingSession("run", "", _tiny.points(), darkroom=busy)
        session.prepare()
        session.turn(0.0)
        session._look()
        assert session.trainer is not None
        assert session.latest.step < session.trainer.step_count
        assert not session._looker._camera.is_idle
        session.send(Pause())
        threading.Timer(0.2, gate.set).start()
        session.turn(0.0)
    assert (session.status, session.latest.step) == ("paused", session.trainer.step_count)
    assert math.isfinite(session.last_row["d_loss"])
    steps, values = session._looker.curves.decimated()
    assert steps[-1] == session.latest.step
    assert math.isfinite(values[-1, frames.CURVE_NAMES.index("d_loss")])
