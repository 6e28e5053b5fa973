"""Feature matching: G makes the mean of D's last hidden features the same on generated as on real pictures."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from gan_core.networks.equalized import EqualLinear
from gan_core.penalties import Critic


def distance(real: Tensor, fake: Tensor) -> Tensor:
    """‖E[f(x)] − E[f(G(z))]‖², f: D's last hidden features.   Salimans et al. 2016, arXiv:1606.03498, section 3.1.

    real, fake (B, F); scalar."""
    return (real.mean(0) - fake.mean(0)).square().sum()


def shared(loss: Tensor, features: Sequence[Tensor], share: float | Tensor) -> Tensor:
    """L_G = (1 − s) · L_G + s · ‖E[f(x)] − E[f(G(z))]‖².   With s = 1 the paper's; features: of the generated and of the real batch, as
    `Watched` sees them in G's step."""
    fake, real = features
    return (1 - share) * loss + share * distance(real, fake)


class Watched:
    """A critic that leaves in `features` what D's last layer was given at each call, (B, F)."""

    def __init__(self, critic: Critic, module: nn.Module) -> None:
        self._critic, self._layer = critic, last_layer(module)
        self.features: list[Tensor] = []

    def __call__(self, x: Tensor, *told: Tensor) -> Tensor:
        handle = self._layer.register_forward_pre_hook(lambda _, given: self.features.append(given[0].flatten(1)))
        try:
            return self._critic(x, *told)
        finally:
            handle.remove()


def last_layer(module: nn.Module) -> nn.Module:
    """The layer of a discriminator that makes its output of its features: `linear` where it says so, else its last linear layer."""
    found: list[nn.Module] = [m for m in module.modules() if isinstance(m, (nn.Linear, EqualLinear))]
    named = [layer for m in module.modules() if (layer := getattr(m, "linear", None)) in found]
    return (named or found)[-1]
