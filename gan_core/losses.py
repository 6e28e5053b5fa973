"""GAN losses: one function each, from logits to the losses of both players.

Every function takes `real` and `fake`, the critic's raw outputs (logits) on a batch of real and of generated samples, shape (B,),
and returns `(d_loss, g_loss)`, two scalars to be minimised: the discriminator's and the generator's. `smooth` is one-sided label
smoothing: real samples get the target 1 − smooth (only where the loss has targets, `info["targets"]`).

`info["needs_real"]` tells whether g_loss depends on `real`; where it does not, a generator step may pass anything there.
The formula that a docstring begins with, without smoothing, is what is shown: see `formulas`.
`info["whole_batch"]`: a sample's part depends on all others of the batch, which then cannot be split.
`info["border"]`: the output between what D takes for real and for generated, where its loss has one.
`info["output"]` tells how to read the critic's output: "probability" (σ gives P(real)), "target" (0 fake … 1 real) or "critic".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor
from torch.nn.functional import relu, softplus

from gan_core.registry import loss
from gan_core.text import N_

Loss: TypeAlias = Callable[..., tuple[Tensor, Tensor]]


def _binary_cross_entropy(real: Tensor, fake: Tensor, smooth: float | Tensor) -> Tensor:
    """−E[(1−s) log σ(real) + s log(1−σ(real))] − E[log(1−σ(fake))], written with softplus so that it never overflows."""
    d_loss = softplus(-real).mean() + softplus(fake).mean()
    return d_loss + smooth * real.mean() if isinstance(smooth, Tensor) or smooth else d_loss


@loss(
    "non_saturating", title=N_("Non-saturating (log loss)"), paper="Goodfellow et al. 2014, arXiv:1406.2661",
    help=N_("The generator maximises log D(G(z)): strong gradients even when the discriminator wins. The usual choice."),
    needs_real=False, targets=True, output="probability", border=0.0,
)  # fmt: skip
def non_saturating(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = −E[log σ(D(x))] − E[log(1 − σ(D(G(z))))],  L_G = −E[log σ(D(G(z)))].   Goodfellow et al. 2014, section 3."""
    return _binary_cross_entropy(real, fake, smooth), softplus(-fake).mean()


@loss(
    "minimax", title=N_("Minimax (saturating)"), paper="Goodfellow et al. 2014, arXiv:1406.2661",
    help=N_("The original zero-sum game: the generator minimises log(1 − D(G(z))). Its gradient vanishes once D is sure."),
    needs_real=False, targets=True, output="probability", border=0.0,
)  # fmt: skip
def minimax(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = −E[log σ(D(x))] − E[log(1 − σ(D(G(z))))],  L_G = E[log(1 − σ(D(G(z))))].   Goodfellow et al. 2014, equation 1."""
    return _binary_cross_entropy(real, fake, smooth), -softplus(fake).mean()


@loss(
    "least_squares", title=N_("Least squares"), paper="Mao et al. 2017, arXiv:1611.04076",
    help=N_("Squared distance to the targets 1 (real) and 0 (fake): samples far on the right side are still pulled back."),
    needs_real=False, targets=True, output="target", border=0.5,
)  # fmt: skip
def least_squares(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = ½E[(D(x) − 1)²] + ½E[D(G(z))²],  L_G = ½E[(D(G(z)) − 1)²].   Mao et al. 2017, equation 9."""
    d_loss = ((real - (1 - smooth)).square().mean() + fake.square().mean()) / 2
    return d_loss, (fake - 1).square().mean() / 2


@loss(
    "wasserstein", title=N_("Wasserstein"), paper="Arjovsky et al. 2017, arXiv:1701.07875",
    help=N_("The critic estimates a distance between the distributions. It must be kept smooth: clip its weights or add a penalty."),
    needs_real=False, targets=False, output="critic",
)  # fmt: skip
def wasserstein(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = E[D(G(z))] − E[D(x)],  L_G = −E[D(G(z))].   Arjovsky et al. 2017, algorithm 1."""
    return fake.mean() - real.mean(), -fake.mean()


@loss(
    "hinge", title=N_("Hinge"), paper="Lim & Ye 2017, arXiv:1705.02894",
    help=N_("The critic only learns from samples inside its margin. Fast and robust; used by SAGAN and BigGAN."),
    needs_real=False, targets=False, output="critic", border=0.0,
)  # fmt: skip
def hinge(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = E[max(0, 1 − D(x))] + E[max(0, 1 + D(G(z)))],  L_G = −E[D(G(z))].   Lim & Ye 2017."""
    return relu(1 - real).mean() + relu(1 + fake).mean(), -fake.mean()


@loss(
    "relativistic", title=N_("Relativistic (paired)"), paper="Jolicoeur-Martineau 2018, arXiv:1807.00734",
    help=N_("The critic judges pairs: is this real sample more real than that fake one? Hard to collapse; needs R1 + R2."),
    needs_real=True, targets=False, output="critic",
)  # fmt: skip
def relativistic(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = E[softplus(D(G(z)) − D(x))],  L_G = E[softplus(D(x) − D(G(z)))].   R3GAN, Huang et al. 2024, arXiv:2501.05441."""
    return softplus(fake - real).mean(), softplus(real - fake).mean()


@loss(
    "relativistic_average", title=N_("Relativistic (average)"), paper="Jolicoeur-Martineau 2018, arXiv:1807.00734",
    help=N_("Each sample is compared with the mean verdict on the other kind of its batch."),
    needs_real=True, targets=False, output="critic", whole_batch=True,
)  # fmt: skip
def relativistic_average(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = E[softplus(m_f − D(x))] + E[softplus(D(G(z)) − m_r)],  L_G = E[softplus(m_r − D(G(z)))] + E[softplus(D(x) − m_f)].

    m_r and m_f are the means of D over the real and over the generated samples of a batch. Jolicoeur-Martineau 2018, section 4.2."""
    over, under = real - fake.mean(), fake - real.mean()
    return softplus(-over).mean() + softplus(under).mean(), softplus(over).mean() + softplus(-under).mean()
