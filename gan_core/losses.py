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

from gan_core.registry import Story, loss
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
    story=Story(
        fixed=N_("The minimax loss gives G no gradient while D is sure of its samples. G maximises log D(G(z)) instead: the same equilibrium of "
            "the game, and the largest gradient where a sample is plainly fake."),
        use=N_("As the first choice, with R1: on the preset grid it reaches 93 % high quality, as the relativistic loss does."),
        fails=N_("Without a penalty it circles around the equilibrium (Mescheder et al. 2018), and can forget modes: with no penalty the recipe "
            "GAN (2014) has a rarest class of 1.1 % (seed 0). With a perfect D its updates have a large variance (Arjovsky & Bottou 2017)."),
        builds=("loss.minimax",),
        base="gan_lab",
    ),
)  # fmt: skip
def non_saturating(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = −E[log σ(D(x))] − E[log(1 − σ(D(G(z))))],  L_G = −E[log σ(D(G(z)))].   Goodfellow et al. 2014, section 3."""
    return _binary_cross_entropy(real, fake, smooth), softplus(-fake).mean()


@loss(
    "minimax", title=N_("Minimax (saturating)"), paper="Goodfellow et al. 2014, arXiv:1406.2661",
    help=N_("The original zero-sum game: the generator minimises log(1 − D(G(z))). Its gradient vanishes once D is sure."),
    needs_real=False, targets=True, output="probability", border=0.0,
    story=Story(
        fixed=N_("It made a game of density estimation: with the best D, G minimises the Jensen–Shannon divergence to the data, without any "
            "likelihood or Markov chain."),
        use=N_("To see and to teach the theory. Its own paper already recommends the non-saturating loss for training."),
        fails=N_("Once D is sure, log(1 − D(G(z))) is flat and G stops learning: in the preset Vanishing gradients G's gradient falls below 0.0001 "
            "after 650 steps. With a fast D it collapses to one or two of eight clusters (preset Mode collapse)."),
        base="vanishing",
    ),
)  # fmt: skip
def minimax(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = −E[log σ(D(x))] − E[log(1 − σ(D(G(z))))],  L_G = E[log(1 − σ(D(G(z))))].   Goodfellow et al. 2014, equation 1."""
    return _binary_cross_entropy(real, fake, smooth), -softplus(fake).mean()


@loss(
    "least_squares", title=N_("Least squares"), paper="Mao et al. 2017, arXiv:1611.04076",
    help=N_("Squared distance to the targets 1 (real) and 0 (fake): samples far on the right side are still pulled back."),
    needs_real=False, targets=True, output="target", border=0.5,
    story=Story(
        fixed=N_("With a log loss, samples on the right side of D's border hardly count any more, however far they are from the data. A squared "
            "distance to a target pulls them back; the paper relates it to the Pearson χ² divergence."),
        use=N_("In image translation, where CycleGAN made it the usual choice, and wherever D's outputs should stay near their targets."),
        fails=N_("It does not keep classes by itself: LSGAN's recipe ends with a rarest class of 0.2 % (seed 0). D's outputs have no bound, so "
            "that its rate must be moderate."),
        builds=("loss.non_saturating",),
        base="gan_lab",
        settings={"g_optimizer.beta1": 0.5},
    ),
)  # fmt: skip
def least_squares(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = ½E[(D(x) − 1)²] + ½E[D(G(z))²],  L_G = ½E[(D(G(z)) − 1)²].   Mao et al. 2017, equation 9."""
    d_loss = ((real - (1 - smooth)).square().mean() + fake.square().mean()) / 2
    return d_loss, (fake - 1).square().mean() / 2


@loss(
    "wasserstein", title=N_("Wasserstein"), paper="Arjovsky et al. 2017, arXiv:1701.07875",
    help=N_("The critic estimates a distance between the distributions. It must be kept smooth: clip its weights or add a penalty."),
    needs_real=False, targets=False, output="critic",
    story=Story(
        fixed=N_("Where data and samples do not overlap, the Jensen–Shannon divergence is constant and gives no direction. The Wasserstein "
            "distance falls as the samples come nearer, and D may be trained well without its gradient vanishing. Its value says something "
            "about quality."),
        use=N_("With a gradient penalty and several steps of D for each of G's."),
        fails=N_("It means nothing without a bound of the critic's slope. In the Dirac-GAN it does not converge with finitely many steps of D, "
            "neither with clipping nor with WGAN-GP (Mescheder et al. 2018). The distance it shows is only as good as the critic."),
        builds=("loss.minimax",),
        base="wgan",
        settings={"penalty": "wgan_gp", "penalty_weight": 1.0},
    ),
)  # fmt: skip
def wasserstein(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = E[D(G(z))] − E[D(x)],  L_G = −E[D(G(z))].   Arjovsky et al. 2017, algorithm 1."""
    return fake.mean() - real.mean(), -fake.mean()


@loss(
    "hinge", title=N_("Hinge"), paper="Lim & Ye 2017, arXiv:1705.02894",
    help=N_("The critic only learns from samples inside its margin. Fast and robust; used by SAGAN and BigGAN."),
    needs_real=False, targets=False, output="critic", border=0.0,
    story=Story(
        fixed=N_("A critic that pushes every sample ever further out wastes its effort. With a margin it learns only from samples that are inside "
            "it, as a support vector machine does."),
        use=N_("With spectral normalisation, which is how SNGAN's successors SAGAN and BigGAN use it."),
        fails=N_("Alone it does not keep D in check; where all samples are outside the margin, D has no gradient. G's part is that of the "
            "Wasserstein loss, without a bound."),
        builds=("loss.wasserstein",),
        base="gan_lab",
        settings={"discriminator.spectral_norm": True},
    ),
)  # fmt: skip
def hinge(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = E[max(0, 1 − D(x))] + E[max(0, 1 + D(G(z)))],  L_G = −E[D(G(z))].   Lim & Ye 2017."""
    return relu(1 - real).mean() + relu(1 + fake).mean(), -fake.mean()


@loss(
    "relativistic", title=N_("Relativistic (paired)"), paper="Jolicoeur-Martineau 2018, arXiv:1807.00734",
    help=N_("The critic judges pairs: is this real sample more real than that fake one? Hard to collapse; needs R1 + R2."),
    needs_real=True, targets=False, output="critic",
    story=Story(
        fixed=N_("A D that judges each sample alone can hold all samples behind one border, where G may gather them. Judging pairs asks that every "
            "generated sample be as real as a real one; R3GAN gives it a proof of local convergence with R1 and R2."),
        use=N_("With R1 and R2, where no mode may be lost: the preset grid keeps 25 of 25 modes and 91 to 96 % high quality over five seeds, in "
            "about a minute."),
        fails=N_("Without both penalties it swings as others do. D's output is no probability and has no border, so that ADA cannot follow it."),
        builds=("loss.non_saturating", "loss.relativistic_average"),
        base="ring",
    ),
)  # fmt: skip
def relativistic(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = E[softplus(D(G(z)) − D(x))],  L_G = E[softplus(D(x) − D(G(z)))].   R3GAN, Huang et al. 2024, arXiv:2501.05441."""
    return softplus(fake - real).mean(), softplus(real - fake).mean()


@loss(
    "relativistic_average", title=N_("Relativistic (average)"), paper="Jolicoeur-Martineau 2018, arXiv:1807.00734",
    help=N_("Each sample is compared with the mean verdict on the other kind of its batch."),
    needs_real=True, targets=False, output="critic", whole_batch=True,
    story=Story(
        fixed=N_("In a standard GAN real samples do not look less real as generated ones improve, as they would in a distance between "
            "distributions. Here each is compared with the mean of the other kind."),
        use=N_("With batches large enough for a mean, and with a penalty or a normalisation; ESRGAN's discriminator works so."),
        fails=N_("The mean ties all samples of a batch together, so that a batch cannot be split into parts. On the small digits it gains nothing "
            "over R1 with the plain loss: 26.3 against 23.7 (seed 0)."),
        builds=("loss.non_saturating",),
        base="gan_lab",
        settings={"penalty": "r1", "penalty_weight": 1.0},
    ),
)  # fmt: skip
def relativistic_average(real: Tensor, fake: Tensor, smooth: float | Tensor = 0.0) -> tuple[Tensor, Tensor]:
    """L_D = E[softplus(m_f − D(x))] + E[softplus(D(G(z)) − m_r)],  L_G = E[softplus(m_r − D(G(z)))] + E[softplus(D(x) − m_f)].

    m_r and m_f are the means of D over the real and over the generated samples of a batch. Jolicoeur-Martineau 2018, section 4.2."""
    over, under = real - fake.mean(), fake - real.mean()
    return softplus(-over).mean() + softplus(under).mean(), softplus(over).mean() + softplus(-under).mean()
