"""The variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114): what encoder and decoder minimise together.

The observation model is a Gaussian around the decoder's picture, N(x; G(z), I/2π). With this variance, σ ≈ 0.4 for pixels from −1 to 1, the
constant of its density is 1, so that the loss is the negative log-density itself, in nats. Another variance would be another weight β and
another learning rate. Samples that are shown are the means G(z), without the noise of the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gan_core.phases import Phase


@dataclass(frozen=True)
class Terms:
    """What a step computed, means over the batch: what is minimised, and its two parts in nats a sample. All scalars."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor


def moments(encoded: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 2 dim) -> mean and log-variance (B, dim) of q(z | x), a Gaussian with a diagonal covariance."""
    mean, log_variance = encoded.float().chunk(2, 1)
    return mean, log_variance


def draw(mean: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """z = μ(x) + σ(x) · ε,  ε ~ N(0, I).   Kingma & Welling 2014, section 2.4. All (B, dim)."""
    return mean + (log_variance / 2).exp() * noise


def reconstruction(x: Tensor, drawn: Tensor) -> Tensor:
    """−log p(x | z) = π ‖x − G(z)‖², the density of N(x; G(z), I/2π).   x, drawn: (B, …) -> (B,) nats."""
    return math.pi * (x.float() - drawn.float()).square().flatten(1).sum(1)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(q(z | x) ‖ N(0, I)) = ½ Σ (μ² + σ² − log σ² − 1).   Kingma & Welling 2014, appendix B. (B, dim) -> (B,) nats."""
    return (mean.square() + log_variance.exp() - log_variance - 1).sum(1) / 2


def objective(x: Tensor, drawn: Tensor, mean: Tensor, log_variance: Tensor, weight: float) -> Terms:
    """L = E[π ‖x − G(z)‖²] + β · E[½ Σ (μ² + σ² − log σ² − 1)].   Kingma & Welling 2014, section 2.3; β: Higgins et al. 2017.

    With β = 1 it is the negative evidence lower bound, estimated with one code for each sample.
    """
    parts = reconstruction(x, drawn).mean(), divergence(mean, log_variance).mean()
    return Terms(parts[0] + weight * parts[1], *parts)


def phases(
    encoder: Callable[[Tensor], Tensor], decoder: Callable[[Tensor], Tensor], real: Tensor, noise: Tensor,
    weight: float, precision: AbstractContextManager[Any],
) -> Generator[Phase, None, Terms]:  # fmt: skip
    """`objective` of a batch, or of a part of it, stopping after each phase on the way: encoded, decoded, compared.

    real (B, …) in [−1, 1]; noise (B, dim) from N(0, I); weight: β; precision: what both networks compute in, open at no stop.
    """
    with precision:
        mean, log_variance = moments(encoder(real))
        latents = draw(mean, log_variance, noise)
    yield "v.encode", {"mean": mean, "log_variance": log_variance, "latents": latents}
    with precision:
        drawn = decoder(latents)
    yield "v.decode", {"latents": latents, "fake": drawn}
    with precision:
        terms = objective(real, drawn, mean, log_variance, weight)
    yield "v.loss", {"terms": terms, "real": real, "fake": drawn, "mean": mean, "log_variance": log_variance}
    return terms
