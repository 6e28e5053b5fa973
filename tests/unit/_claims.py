"""What each preset claims, as something that can be measured: one list for the suite (one seed) and for `pytest -m long` (several).

A claim trains the versions of its preset from a seed, as its text tells a person to, asserts what the text says of them, and returns
the numbers that say so. `whole`: with all that takes long, which the suite leaves out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from _ill import Observed
from torch import Tensor

from gan_core import metrics, presets
from gan_core.config import RunConfig, replace
from gan_core.data.sets import PointSet
from gan_core.players import draw_latents

Numbers: TypeAlias = dict[str, Any]
Claim: TypeAlias = Callable[[int, bool], Numbers]

CLAIMS: dict[str, Claim] = {}
_CPU = {"device": "cpu", "precision": "float32", "threads": 1}
_SAMPLES = 2500
_HELD = 0.25  # of its fair share: a cluster with fewer samples is not counted as held


def claim(function: Claim) -> Claim:
    """Registers a claim under the name of its preset."""
    CLAIMS[function.__name__] = function
    return function


class Run(Observed):
    """One version of a preset, watched as a person would watch it."""

    def __init__(self, config: RunConfig, seed: int) -> None:
        super().__init__(replace(config, _CPU | {"seed": seed}))
        self.seen: list[frozenset[int]] = []  # the clusters held at each look
        self.middles: list[Tensor] = []  # of the samples at each look

    def train(self, steps: int) -> Run:
        end = self.trainer.step_count + steps
        while self.trainer.step_count < end:
            self.look()
        return self

    def look(self) -> list[str]:
        codes = super().look()
        latents = self.trainer.preview.latents[:500]
        self.middles.append(self.samples(latents).mean(0))
        if self.data.modes is not None:
            self.seen.append(frozenset(np.flatnonzero(self.shares(latents) > _HELD).tolist()))
        return codes

    def change(self, changes: dict[str, Any]) -> Run:
        self.trainer.change(replace(self.trainer.config, changes))
        self.watch.changed(self.trainer.config, self.trainer.step_count, self.trainer.images)
        self.said = []
        return self

    @property
    def codes(self) -> list[str]:
        """What the diagnosis says now."""
        return [finding.code for finding in self.findings]

    @property
    def data(self) -> PointSet:
        assert isinstance(self.trainer.data, PointSet)
        return self.trainer.data

    def samples(self, latents: Tensor | None = None) -> Tensor:
        """Of the generator that trains, (N, 2) in the data's units."""
        latent = self.trainer.config.latent
        if latents is None:
            latents = draw_latents(_SAMPLES, latent.dim, latent.distribution, torch.Generator().manual_seed(12345))
        return self.trainer.sample(latents, averaged=False)

    def measure(self) -> Numbers:
        return metrics.evaluate(self.samples(), self.data)

    def shares(self, latents: Tensor | None = None) -> np.ndarray:
        """(K,): what share of the samples lies at each cluster, less than a third of the way to the next one, over the cluster's own
        share: 1 is right, 0 forgotten."""
        data = self.data
        assert data.modes is not None
        samples = self.samples(latents)
        distance, nearest = torch.cdist(samples, data.modes).min(1)
        counts = torch.bincount(
            nearest[distance <= torch.pdist(data.modes).min() / 3], minlength=len(data.modes)
        ).double()
        fair = torch.full_like(counts, 1 / len(counts)) if data.weights is None else data.weights.double()
        return (counts / len(samples) / fair).numpy()

    def held(self) -> int:
        """How many clusters have at least a quarter of the samples that they should have."""
        return int((self.shares() > _HELD).sum())

    def slope(self) -> float:
        """The median ‖∇D‖ at the real points that are shown, per unit of training."""
        return float(self.trainer.players.slope(self.trainer.preview.real).norm(dim=1).median()) * self.data.scale

    def sureness(self) -> float:
        """How far apart D's mean outputs on real and generated samples are, at most, over the last looks."""
        logits = (self.trainer.critic(x).mean() for x in (self.trainer.preview.real, self.samples()))
        return float(abs(next(logits) - next(logits)))

    def length(self) -> float:
        """Of the curve that a generator with one latent number draws, from its 1st to its 99th percentile, in the data's units."""
        latents = torch.linspace(-2.33, 2.33, 2000)[:, None]
        return float(self.samples(latents).diff(dim=0).norm(dim=1).sum())

    def leap(self, first: int) -> float:
        """How far the middle of all samples moves from one look to the next at most, from that look on, in the data's units."""
        return float(torch.stack(self.middles[first:]).diff(dim=0).norm(dim=1).max())

    def gap(self) -> float:
        """The median distance from a real sample to the nearest of 2,500 generated ones."""
        return float(torch.cdist(self.trainer.preview.real, self.samples()).min(1).values.median())


def runs(name: str, seed: int) -> list[Run]:
    """The versions of a preset, not yet trained."""
    return [Run(config, seed) for config in presets.versions(name)]


# ── runs that go well ────────────────────────────────────────────────────────────────────────────────────────────────────


@claim
def ring(seed: int, whole: bool) -> Numbers:
    """All eight clusters, in good health all the way, and D unsure in the end."""
    (run,) = runs("ring", seed)
    run.train(1200)
    numbers = {"clusters": run.held(), "quality": run.measure()["quality"], "apart": run.sureness()}
    assert numbers["clusters"] == 8, numbers
    assert run.said == ["early", "healthy"], run.said
    assert numbers["apart"] < 1, numbers
    return numbers


@claim
def grid(seed: int, whole: bool) -> Numbers:
    """On its way to all twenty-five (which tests/long/test_presets.py waits for), in good health."""
    (run,) = runs("grid", seed)
    run.train(1200)
    numbers = {"clusters": run.held()}
    assert numbers["clusters"] >= 15, numbers
    assert run.said == ["early", "healthy"], run.said
    return numbers


@claim
def gan_lab(seed: int, whole: bool) -> Numbers:
    """One of the two clouds at a time before both are held."""
    (run,) = runs("gan_lab", seed)
    run.train(1200)
    numbers = {"clouds": [len(held) for held in run.seen]}
    assert numbers["clouds"][-1] == 2, numbers
    return numbers


# ── what goes wrong, and what helps ──────────────────────────────────────────────────────────────────────────────────────


@claim
def collapse(seed: int, whole: bool) -> Numbers:
    """At most two of eight clusters, nearly all samples there, known as mode collapse; then R1 fills all eight, and the verdict goes."""
    (run,) = runs("collapse", seed)
    run.train(480)
    if whole:
        assert run.until(lambda codes: codes[0] == "mode_collapse", 800), run.said
    before, at_clusters = run.held(), float(run.shares().mean())
    assert before <= 2, before
    assert at_clusters > 0.7, at_clusters
    run.change({"penalty": "r1", "penalty_weight": 0.1})
    assert run.until(lambda codes: run.held() == 8 and "mode_collapse" not in codes, 2000), (run.held(), run.codes)
    return {"clusters": before, "samples at clusters": at_clusters, "with R1": run.held()}


@claim
def cycling(seed: int, whole: bool) -> Numbers:
    """Few clusters at a time and most of them in turn, known as cycling, and no end of it; without momentum and with a tenth of the rate
    most are held at once."""
    (run,) = runs("cycling", seed)
    run.train(5200 if whole else 1200)
    later = run.seen[len(run.seen) // 3 :]
    at_once, in_turn = float(np.median([len(held) for held in later])), len(frozenset().union(*later))
    assert at_once <= 3
    assert in_turn >= 6
    assert "cycling" in run.codes
    run.change({"g_optimizer.lr": 1e-3, "g_optimizer.beta1": 0.0, "d_optimizer.beta1": 0.0}).train(
        1600 if whole else 1200
    )
    assert run.held() >= 7
    assert "cycling" not in run.codes
    return {"at a time": at_once, "in turn": in_turn, "without momentum and with a tenth of the rate": run.held()}


@claim
def batch_norm(seed: int, whole: bool) -> Numbers:
    """All eight clusters without it, at most half of them with it, and several times as far from the data."""
    plain, normalised = (run.train(800) for run in runs("batch_norm", seed))
    assert plain.held() == 8
    assert normalised.held() <= 4
    far, near = normalised.measure()["swd"], plain.measure()["swd"]
    assert far > 2.5 * near
    if whole:
        assert "standstill" in normalised.train(1800).said, normalised.said
    return {"clusters without": plain.held(), "with": normalised.held(), "distance without": near, "with ": far}


@claim
def wgan(seed: int, whole: bool) -> Numbers:
    """Clipped hard: a flat critic, few good samples. With the penalty: a slope near 1, and many more. With a wider bound: it wakes up."""
    clipped, penalised = (run.train(800 if whole else 600) for run in runs("wgan", seed))
    flat, steep = clipped.slope(), penalised.slope()
    poor, good = clipped.measure()["quality"], penalised.measure()["quality"]
    numbers = {
        "slope": flat,
        "with the penalty": steep,
        "quality": poor,
        "with it": good,
    }
    assert flat < 0.01, numbers
    assert 0.3 < steep < 1.7, numbers
    assert good > 1.8 * poor, numbers
    assert penalised.held() == 8, numbers
    if not whole:
        return numbers
    awake = clipped.change({"penalty_weight": 0.2}).train(400)
    numbers |= {"slope with a bound of 0.2": awake.slope(), "quality then": awake.measure()["quality"]}
    assert numbers["slope with a bound of 0.2"] > 10 * flat, numbers
    assert numbers["quality then"] > 1.5 * poor, numbers
    asleep = runs("wgan", seed)[0].train(2600)
    assert "standstill" in asleep.said, asleep.said
    return numbers


@claim
def label_noise(seed: int, whole: bool) -> Numbers:
    """All clusters with true labels and with a tenth of them wrong; D blind, and most clusters empty, with half of them wrong."""
    true, some, half = (run.train(1000) for run in runs("label_noise", seed))
    numbers = {"clusters": true.held(), "a tenth wrong": some.held(), "half wrong": half.held()}
    assert numbers["clusters"] >= 7, numbers
    assert numbers["a tenth wrong"] >= 7, numbers
    assert numbers["half wrong"] <= 3, numbers
    assert "critic_blind" in half.said, half.said
    if not whole:
        return numbers
    half.change({"label_flip": 0.0}).train(1200)
    assert half.held() >= 7, half.held()
    return numbers | {"half, then none": half.held()}


@claim
def sgd_adam(seed: int, whole: bool) -> Numbers:
    """After a thousand steps Adam has all clusters and far more good samples than SGD, which at a tenth of its rate has hardly begun."""
    sgd, adam = (run.train(1000) for run in runs("sgd_adam", seed))
    numbers = {
        "SGD": sgd.held(),
        "Adam": adam.held(),
        "quality SGD": sgd.measure()["quality"],
        "quality Adam": adam.measure()["quality"],
    }
    assert numbers["Adam"] == 8, numbers
    assert numbers["quality Adam"] > 1.8 * numbers["quality SGD"], numbers
    if not whole:
        return numbers
    slow = Run(replace(presets.versions("sgd_adam")[0], {"g_optimizer.lr": 0.01, "d_optimizer.lr": 0.01}), seed).train(
        1000
    )
    numbers["SGD at 0.01"] = slow.held()
    assert numbers["SGD at 0.01"] <= 4, numbers
    return numbers


@claim
def one_number(seed: int, whole: bool) -> Numbers:
    """The curve grows twice as long as the disc is wide and leaves gaps; with two numbers they are less than a third as wide."""
    (run,) = runs("one_number", seed)
    early = run.train(200).length()
    late, gap = run.train(1400 if whole else 1000).length(), run.gap()
    sheet = Run(replace(run.trainer.config, {"latent.dim": 2}), seed).train(1600 if whole else 600).gap()
    numbers = {"length early": early, "late": late, "gap": gap, "with two numbers": sheet}
    assert late > 4, numbers
    assert late > early, numbers
    assert gap > 3 * sheet, numbers
    return numbers


@claim
def vanishing(seed: int, whole: bool) -> Numbers:
    """G's gradient a thousandth and less of what it was, D never wrong, the points at rest far from the data; with the other loss it comes back, and
    they reach clusters."""
    (run,) = runs("vanishing", seed)
    for _ in range(10):
        run.trainer.step()
    first = run.trainer.read_stats().g_gradient
    before = run.train(160).measure()
    run.train(480)
    after, gradient = run.measure(), run.trainer.read_stats().g_gradient
    numbers = {"gradient at first": first, "gradient": gradient, "distance": after["swd"], "quality": after["quality"]}
    assert gradient < first / 1000, numbers
    assert {"vanishing_gradients", "critic_overpowering"} & set(run.said), (run.said, numbers)
    assert abs(after["swd"] - before["swd"]) < 0.05 * before["swd"], numbers
    assert after["quality"] < 0.02, numbers
    run.change({"loss": "non_saturating"}).train(400 if whole else 240)
    numbers |= {"gradient then": run.trainer.read_stats().g_gradient, "quality then": run.measure()["quality"]}
    assert numbers["gradient then"] > 100 * gradient, numbers
    assert numbers["quality then"] > 0.1, numbers
    return numbers


@claim
def critic_steps(seed: int, whole: bool) -> Numbers:
    """At most two clusters at a time and great leaps with too few; at most three, always the same, with too many, until R1 helps; all
    eight in between."""
    few, even, many = runs("critic_steps", seed)
    few.train(280 if whole else 200)
    even.train(800 if whole else 640)
    many.train(480 if whole else 320)
    settled = frozenset().union(*many.seen[-4:])
    numbers = {
        "one for ten": few.held(),
        "one for one": even.held(),
        "ten for one": len(settled),
        "leap, one for ten": few.leap(2),
    }
    assert float(np.median([len(held) for held in few.seen])) <= 2, few.seen
    assert numbers["leap, one for ten"] > 0.4, numbers
    assert numbers["one for one"] >= 7, numbers
    assert numbers["ten for one"] <= 3, numbers
    if whole:
        numbers["with R1"] = many.change({"penalty": "r1", "penalty_weight": 0.1}).train(480).held()
        assert numbers["with R1"] >= 7, numbers
    return numbers


@claim
def imbalance(seed: int, whole: bool) -> Numbers:
    """The commonest clusters have their points, the four rarest together less than half of theirs, and some none to speak of; of
    clusters all alike every one is held."""
    (run,) = runs("imbalance", seed)
    shares = run.train(1200).shares()
    assert run.data.weights is not None
    due = run.data.weights.double().numpy()
    common, rare = (float((shares * due)[part].sum() / due[part].sum()) for part in (slice(0, 2), slice(4, 8)))
    even = Run(replace(run.trainer.config, {"data.imbalance": 1.0}), seed).train(1200)
    numbers = {
        "of the commonest": common,
        "of the rarest": rare,
        "held": run.held(),
        "where all are alike": even.held(),
    }
    assert common > 0.7, numbers
    assert rare < 0.5, numbers
    assert numbers["held"] < 8, numbers
    assert numbers["where all are alike"] == 8, numbers
    return numbers
