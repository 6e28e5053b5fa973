"""The game itself: the two losses at (θ, ψ) from the registered functions, their vector field, one step, a trajectory."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_core import registry
from gan_core.dirac.settings import ALTERNATING, CLIPPING, CONSENSUS, NOISE, DiracSettings
from gan_core.penalties import clip_weights, evaluate

FAR = 1e6  # a trajectory that is farther from the equilibrium ends
_POINTS, _TURN = 233, 144  # neighbours of Fibonacci's: the points (i, i · 144 mod 233) fill a square evenly
F64 = torch.float64


class Path(NamedTuple):
    """points (n + 1, 2): θ and ψ at the start and after each step; ended: the step behind which it left every bound, or None."""

    points: np.ndarray
    ended: int | None


class Game:
    """Dirac-GAN with the loss and penalty of some settings. All numbers are float64; nothing is random."""

    def __init__(self, settings: DiracSettings) -> None:
        self.settings = settings
        entry = registry.loss[settings.loss]
        self._loss: Callable[..., tuple[Tensor, Tensor]] = entry.value
        self.border = float(entry.info.get("border") or 0.0)
        at = registry.penalty[settings.penalty].info["at"] if settings.penalty in registry.penalty else None
        self._gradient = at is not None and settings.weight > 0
        self.bound = settings.weight if settings.penalty == CLIPPING else None
        self._consensus = settings.weight if settings.penalty == CONSENSUS else 0.0
        sigma = settings.weight if settings.penalty == NOISE else 0.0
        self._real, self._noise = (
            (sigma * part for part in normal_pairs()) if sigma else (torch.zeros(1, dtype=F64),) * 2
        )

    def losses(self, theta: Tensor, psi: Tensor, penalised: bool = True) -> tuple[Tensor, Tensor]:
        """(L_D, L_G) at θ and ψ, scalars, as the registered functions say; L_D with its gradient penalty.

        theta, psi: one place, scalars, or (n, 1) of them: then the sums over all places, where a loss can be split (see `field`)."""
        real, fake, slope = self._real, self._noise + theta, psi
        if theta.dim():
            real, slope = (part.expand_as(fake).flatten() for part in (real, psi))
            fake = fake.flatten()
        d_loss, g_loss = self._loss(self.border + slope * real, self.border + slope * fake, self.settings.smooth)
        if self._gradient and penalised:
            penalty = evaluate(
                self.settings.penalty, lambda x: self.border + slope * x.squeeze(1), real[:, None], fake[:, None]
            )
            d_loss = d_loss + self.settings.weight * penalty
        return (d_loss * len(theta), g_loss * len(theta)) if theta.dim() else (d_loss, g_loss)

    def pull(self, theta: Tensor, psi: Tensor, graph: bool = False) -> tuple[Tensor, Tensor]:
        """v = (−∂L_G/∂θ, −∂L_D/∂ψ), the way that both players want to go; with consensus v − γ ∇½‖v‖², Mescheder et al. 2017, arXiv:1705.10461.

        theta, psi: as in `losses`; they require gradients. graph: v may be differentiated once more."""
        if graph:
            # Names of their own: a critic that has just answered to θ is a function of it, and the generator does not look through that.
            theta, psi = theta.view_as(theta), psi.view_as(psi)
        d_loss, g_loss = self.losses(theta, psi)
        deep = graph or self._consensus > 0
        v = -slope(g_loss, theta, deep), -slope(d_loss, psi, deep)
        if not self._consensus:
            return v
        half = (v[0].square() + v[1].square()).sum() / 2
        return v[0] - self._consensus * slope(half, theta, graph), v[1] - self._consensus * slope(half, psi, graph)

    def pull_on(self, player: str, theta: Tensor, psi: Tensor, graph: bool = False) -> Tensor:
        """The part of `pull` that moves "g" or "d" alone, without computing the other where it does not count."""
        if graph or self._consensus:
            return self.pull(theta, psi, graph)[player == "d"]
        d_loss, g_loss = self.losses(theta, psi, penalised=player == "d")
        return -slope(d_loss, psi, False) if player == "d" else -slope(g_loss, theta, False)

    def field(self, at: np.ndarray) -> np.ndarray:
        """v at each of the places `at` (n, 2), shape (n, 2): as one batch in which each sample has its own ψ, where a loss is a mean of what
        it says of samples or pairs; one by one where each depends on the whole batch."""
        if registry.loss[self.settings.loss].info.get("whole_batch"):
            return np.array([self.pull_at(*place) for place in at.tolist()]).reshape(-1, 2)
        theta, psi = (torch.from_numpy(at[:, i : i + 1].astype(np.float64)).requires_grad_() for i in (0, 1))
        return torch.cat(self.pull(theta, psi), 1).detach().numpy()

    def pull_at(self, theta: float, psi: float) -> tuple[float, float]:
        """v at one place."""
        v = self.pull(*places(theta, psi))
        return v[0].item(), v[1].item()

    def step(self, theta: Tensor, psi: Tensor, graph: bool = False) -> tuple[Tensor, Tensor]:
        """(θ, ψ) after one step of the generator. graph: as a function of where it began, without a bound on the weight, which is nowhere near
        the equilibrium."""
        s = self.settings
        if s.order != ALTERNATING:
            v = self.pull(theta, psi, graph)
            return theta + s.h * v[0], self._clipped(psi + s.h * v[1], graph)
        for _ in range(s.k):
            psi = self._clipped(psi + s.h * self.pull_on("d", theta, psi, graph), graph)
            psi = psi if graph else psi.requires_grad_()
        return theta + s.h * self.pull_on("g", theta, psi, graph), psi

    def _clipped(self, psi: Tensor, graph: bool) -> Tensor:
        if graph:
            return psi
        psi = psi.detach()
        if self.bound is not None:
            clip_weights([psi], self.bound)  # type: ignore[list-item]  # a weight by itself
        return psi

    def trajectory(self) -> Path:
        """From the start of the settings, step by step; it ends early where it leaves every bound."""
        place = self.settings.theta, self.settings.psi
        points = [place]
        for step in range(1, self.settings.steps + 1):
            theta, psi = self.step(*places(*place))
            place = theta.item(), psi.item()
            if not np.hypot(*place) < FAR:  # nor is it where it is not a number
                return Path(np.array(points), step)
            points.append(place)
        return Path(np.array(points), None)


def places(theta: float, psi: float) -> tuple[Tensor, Tensor]:
    return torch.tensor(theta, dtype=F64, requires_grad=True), torch.tensor(psi, dtype=F64, requires_grad=True)


def slope(value: Tensor, of: Tensor, graph: bool) -> Tensor:
    """∂value/∂of, 0 where it does not depend on it. The graph of `value` stays: the other player's loss may share it."""
    if not value.requires_grad:
        return torch.zeros_like(of)
    (found,) = torch.autograd.grad(
        value, of, create_graph=graph, retain_graph=True, allow_unused=True, materialize_grads=True
    )
    return found


def normal_pairs() -> tuple[Tensor, Tensor]:
    """Two standard normals that know nothing of each other, as 233 equally likely pairs: (233,) each, both of mean 0 and variance 1, uncorrelated.

    A loss takes plain means over a batch, so that the expected loss needs points of equal weight: quantiles, paired by a Fibonacci lattice."""
    i = torch.arange(_POINTS) - _POINTS // 2
    other = (i * _TURN + _POINTS // 2) % _POINTS - _POINTS // 2
    real, fake = (torch.special.ndtri((j + _POINTS // 2 + 0.5).to(F64) / _POINTS) for j in (i, other))
    real = real / real.square().mean().sqrt()
    fake = fake - (fake * real).mean() * real
    return real, fake / fake.square().mean().sqrt()
