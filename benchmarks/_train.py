"""A preset, trained as a whole run for at most so many seconds; and samples of it."""

import math

import torch
from torch import Tensor

from gan_core import config, presets
from gan_core.engine.workshop import Workshop
from gan_core.players import draw_inputs
from gan_core.runs.session import TrainingSession
from gan_core.trainer import Trainer

_TURN = 0.25


def trained(preset: str, seconds: float, seed: int = 0) -> TrainingSession:
    """The session after `seconds` of training, or at the end of its schedule if that comes first."""
    return ended(config.replace(presets.load(preset), {"seed": seed}), seconds)


def ready(settings: config.RunConfig, workshop: Workshop | None = None) -> TrainingSession:
    """A run that is about to take its first step; with a workshop, by the engine that its settings name."""
    session = TrainingSession("bench", "", settings, workshop=workshop)
    session.prepare()
    session.turn(0.0, until_step=0)
    return session


def ended(settings: config.RunConfig, seconds: float = math.inf) -> TrainingSession:
    """The same for any settings."""
    return go_on(ready(settings), seconds)


def go_on(session: TrainingSession, seconds: float = math.inf) -> TrainingSession:
    """Until it has trained for so long, or to the end of its schedule."""
    while session.status in ("preparing", "running") and session.seconds < seconds:
        session.turn(min(_TURN, seconds - session.seconds))
    return session


def rate(session: TrainingSession, seconds: float) -> float:
    """Steps per second of a run that somebody watches (packing included)."""
    with session.watch():
        first, begin = session.step, session.seconds
        while session.seconds - begin < seconds:
            session.turn(0.05)
            session.frame()
    return (session.step - first) / (session.seconds - begin)


def trainer_of(session: TrainingSession) -> Trainer:
    """Its trainer, which exists once it has had a turn."""
    assert session.trainer is not None
    return session.trainer


def samples(session: TrainingSession, n: int, seed: int) -> Tensor:
    """n samples of the averaged generator, from latents that belong to no training stream."""
    return trainer_of(session).sample(draw_inputs(n, session.config, torch.Generator().manual_seed(seed)))
