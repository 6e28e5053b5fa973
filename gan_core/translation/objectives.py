"""What a generator that translates minimises besides convincing D. Pictures in [−1, 1], the same shape on both sides; scalars."""

from __future__ import annotations

from torch import Tensor


def absolute(made: Tensor, wanted: Tensor) -> Tensor:
    """λ · E‖y − G(x)‖₁.   pix2pix, Isola et al. 2017, arXiv:1611.07004, equation 3; the norm as a mean over values. Without λ."""
    return (made.float() - wanted.float()).abs().mean()


def cycle(given: Tensor, there_and_back: Tensor, other: Tensor, back_and_there: Tensor) -> Tensor:
    """λ · (E‖F(G(x)) − x‖₁ + E‖G(F(y)) − y‖₁).   CycleGAN, Zhu et al. 2017, arXiv:1703.10593, equation 2. Without λ."""
    return absolute(there_and_back, given) + absolute(back_and_there, other)


def identity(given: Tensor, kept_given: Tensor, other: Tensor, kept_other: Tensor) -> Tensor:
    """λ · ι · (E‖F(x) − x‖₁ + E‖G(y) − y‖₁).   Zhu et al. 2017, section 5.2: what is of the wanted kind already stays. Without λ · ι."""
    return absolute(kept_given, given) + absolute(kept_other, other)
