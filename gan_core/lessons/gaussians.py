"""Two Gaussians on a line, p (real) and q (generated): the discriminator and the critic that are best between them, and how far apart they are.

Integrals are sums over a fine grid: for smooth functions that vanish at both ends the trapezoidal rule converges faster than any power.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]

_POINTS = 4001  # of a quadrature
_WIDE = 12.0  # spreads to each side, beyond which a density is below 1e-31 of its peak


@dataclass(frozen=True)
class Gaussian:
    """N(mean, spread²)."""

    mean: float
    spread: float

    def log_density(self, x: Values) -> Values:
        found: Values = -0.5 * ((x - self.mean) / self.spread) ** 2 - math.log(self.spread * math.sqrt(2 * math.pi))
        return found

    def density(self, x: Values) -> Values:
        found: Values = np.exp(self.log_density(x))
        return found


def grid(p: Gaussian, q: Gaussian) -> Values:
    """Places that cover both."""
    low, high = (f(g.mean + sign * _WIDE * g.spread for g in (p, q)) for f, sign in ((min, -1), (max, 1)))
    return np.linspace(low, high, _POINTS)


def integral(values: Values, x: Values) -> float:
    """∫ values dx."""
    return float(np.trapezoid(values, x))


def best_logit(p: Gaussian, q: Gaussian, x: Values) -> Values:
    """log p(x)/q(x): the logit of the optimal discriminator."""
    return p.log_density(x) - q.log_density(x)


def best_discriminator(p: Gaussian, q: Gaussian, x: Values) -> Values:
    """D*(x) = p(x) / (p(x) + q(x)), in [0, 1].   Goodfellow et al. 2014, proposition 1."""
    found: Values = np.exp(-np.logaddexp(0.0, -best_logit(p, q, x)))
    return found


def best_value(p: Gaussian, q: Gaussian) -> float:
    """V(D*) = E_p[log D*] + E_q[log(1 − D*)] = 2·JS − log 4, in nats.   Goodfellow et al. 2014, equation 4."""
    x = grid(p, q)
    a = best_logit(p, q, x)
    return integral(-p.density(x) * np.logaddexp(0.0, -a) - q.density(x) * np.logaddexp(0.0, a), x)


def js_of_value(value: float) -> float:
    """(V + log 4)/2: the Jensen–Shannon divergence where `value` is V(D*), and a bound from below where it is V of another D."""
    return (value + math.log(4)) / 2


def jensen_shannon(p: Gaussian, q: Gaussian) -> float:
    """½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q)/2, in nats: from 0 to log 2.   Lin 1991, equation 4.3."""
    x = grid(p, q)
    log_p, log_q = p.log_density(x), q.log_density(x)
    log_m = np.logaddexp(log_p, log_q) - math.log(2)
    return integral(np.exp(log_p) * (log_p - log_m) + np.exp(log_q) * (log_q - log_m), x) / 2


def js_slope(p: Gaussian, q: Gaussian) -> float:
    """dJS/dμ, μ the mean of q, in nats a unit: ½ ∫ ∂q/∂μ · log(1 − D*) dx, since the rest of the derivative integrates to 0."""
    x = grid(p, q)
    moved = q.density(x) * (x - q.mean) / q.spread**2
    return integral(moved * -np.logaddexp(0.0, best_logit(p, q, x)), x) / 2


def wasserstein(p: Gaussian, q: Gaussian) -> float:
    """W₁ = E|(μ_p − μ_q) + (σ_p − σ_q) Z| with Z ~ N(0, 1): on a line mass is carried in order, from quantile to quantile.

    The mean of a folded normal distribution; Villani 2003, theorem 2.18."""
    shift, scale = p.mean - q.mean, abs(p.spread - q.spread)
    if not scale:
        return abs(shift)
    z = shift / scale
    return scale * math.sqrt(2 / math.pi) * math.exp(-z * z / 2) + shift * math.erf(z / math.sqrt(2))


def best_critic(p: Gaussian, q: Gaussian, x: Values) -> Values:
    """f with slope ±1 that maximises E_p[f] − E_q[f] = W₁, and is 0 where the two means' midpoint or the kink lies.

    E_p[f] − E_q[f] = −∫ f′ (P − Q) dx for the distribution functions P and Q: the best slope is the sign of Q − P, which changes
    where they cross.   Kantorovich & Rubinstein 1958; Arjovsky et al. 2017, equation 2."""
    if p.spread == q.spread:
        found: Values = -np.sign(q.mean - p.mean) * (x - (p.mean + q.mean) / 2)
        return found
    kink = (p.mean * q.spread - q.mean * p.spread) / (q.spread - p.spread)
    bent: Values = np.sign(p.spread - q.spread) * np.abs(x - kink)
    return bent
