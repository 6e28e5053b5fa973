"""Optimisers by name: torch's own for the eager step, and the same update written out for the compiled one.

Fused kernels where torch has them: one call updates all parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from gan_core.registry import Story, optimizer
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import OptimizerConfig

Slots: TypeAlias = dict[str, dict[str, Tensor]]
Builder: TypeAlias = Callable[[list[nn.Parameter], "OptimizerConfig"], torch.optim.Optimizer]


class Update(NamedTuple):
    """An optimiser's update with every number a tensor, so that none of them is compiled in.

    slots: torch's names of what it keeps for each parameter, all of the parameter's shape, zeros at first; counts: whether it keeps
    a "step" besides. numbers(c, lr, t): the
    numbers of its t-th step (1, 2, …), computed in double precision. apply(p, g, slots, numbers): changes p and its slots in
    place; p, g and slots of one shape, numbers scalar tensors.
    """

    slots: tuple[str, ...]
    counts: bool
    numbers: Callable[[OptimizerConfig, float, int], tuple[float, ...]]
    apply: Callable[[Tensor, Tensor, Sequence[Tensor], Sequence[Tensor]], None]


EPSILON = 1e-8  # torch's default for Adam and RMSprop


def _adam_numbers(c: OptimizerConfig, lr: float, t: int) -> tuple[float, ...]:
    return lr / (1 - c.beta1**t), (1 - c.beta2**t) ** -0.5, 1 - c.beta1, c.beta2, 1 - c.beta2


def _adam_update(p: Tensor, g: Tensor, slots: Sequence[Tensor], numbers: Sequence[Tensor]) -> None:
    """m ← m + (1 − β₁)(g − m),  v ← β₂v + (1 − β₂)g²,  p ← p − lr/(1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε).   Kingma & Ba 2015."""
    (m, v), (lr, root, rest1, beta2, rest2) = slots, numbers
    m.lerp_(g, rest1)
    v.mul_(beta2).add_(rest2 * g * g)
    p.sub_(lr * m / (v.sqrt() * root + EPSILON))


def _sgd_numbers(c: OptimizerConfig, lr: float, t: int) -> tuple[float, ...]:
    return lr, c.momentum


def _sgd_update(p: Tensor, g: Tensor, slots: Sequence[Tensor], numbers: Sequence[Tensor]) -> None:
    """v ← μv + g,  p ← p − lr·v; without momentum p ← p − lr·g.   v is then left as it is, as torch does."""
    (v,), (lr, momentum) = slots, numbers
    moves = momentum > 0
    v.copy_(torch.where(moves, momentum * v + g, v))
    p.sub_(lr * torch.where(moves, v, g))


def _rmsprop_numbers(c: OptimizerConfig, lr: float, t: int) -> tuple[float, ...]:
    return lr, c.momentum, c.beta2, 1 - c.beta2


def _rmsprop_update(p: Tensor, g: Tensor, slots: Sequence[Tensor], numbers: Sequence[Tensor]) -> None:
    """v ← αv + (1 − α)g²,  d = g / (√v + ε),  p ← p − lr·d; with momentum b ← μb + d and p ← p − lr·b."""
    (v, b), (lr, momentum, alpha, rest) = slots, numbers
    v.mul_(alpha).add_(rest * g * g)
    direction = g / (v.sqrt() + EPSILON)
    moves = momentum > 0
    b.copy_(torch.where(moves, momentum * b + direction, b))
    p.sub_(lr * torch.where(moves, b, direction))


def _fused(parameters: list[nn.Parameter]) -> bool:
    return parameters[0].device.type in ("cpu", "cuda")


@optimizer(
    "adam", title=N_("Adam"), paper="Kingma & Ba 2015, arXiv:1412.6980", uses=("beta1", "beta2"),
    update=Update(("exp_avg", "exp_avg_sq"), True, _adam_numbers, _adam_update),
    help=N_("Steps scaled by each weight's recent gradients. The usual choice; GANs like a small β₁."),
    story=Story(
        fixed=N_("One rate does not suit all weights. Each weight's steps are divided by the size of its recent gradients, and a first average "
            "smooths them."),
        use=N_("Nearly always, in GANs with β₁ = 0 or 0.5. In the comparison SGD against Adam it reaches 38 to 43 % high quality after a "
            "thousand steps, SGD 12 to 18 %."),
        fails=N_("Its momentum, usual with β₁ = 0.9, pulls the wrong way in a game that turns: see the preset Cycling. Gradients that nearly "
            "vanish are scaled up, and hide that they vanish."),
        base="gan_lab",
    ),
)  # fmt: skip
def adam(parameters: list[nn.Parameter], c: OptimizerConfig) -> torch.optim.Optimizer:
    """Adam with bias correction, ε = 1e-8."""
    return torch.optim.Adam(parameters, lr=c.lr, betas=(c.beta1, c.beta2), fused=_fused(parameters))


@optimizer(
    "sgd", title=N_("SGD"), paper="Robbins & Monro 1951, doi:10.1214/aoms/1177729586", uses=("momentum",), update=Update(("momentum_buffer",), False, _sgd_numbers, _sgd_update),
    help=N_("Plain gradient descent, with momentum if you like: shows the bare dynamics of the game."),
    story=Story(
        fixed=N_("Nothing in GANs: it is gradient descent itself, with the gradients of random batches."),
        use=N_("To see the bare dynamics of the game."),
        fails=N_("One rate for all weights is too large for some and too small for others; the plain game swings. Momentum makes both players "
            "overshoot."),
        base="gan_lab",
        settings={"g_optimizer.lr": 0.1, "d_optimizer.lr": 0.1},
    ),
)  # fmt: skip
def sgd(parameters: list[nn.Parameter], c: OptimizerConfig) -> torch.optim.Optimizer:
    """v ← μ·v + g,  w ← w − lr·v."""
    return torch.optim.SGD(parameters, lr=c.lr, momentum=c.momentum, fused=_fused(parameters))


@optimizer(
    "rmsprop", title=N_("RMSprop"), paper="Tieleman & Hinton 2012, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf", uses=("beta2", "momentum"),
    update=Update(("square_avg", "momentum_buffer"), True, _rmsprop_numbers, _rmsprop_update),
    help=N_("Adam without its first average; what the first Wasserstein GANs used."),
    story=Story(
        fixed=N_("Steps scaled as in Adam, without its first average, which the first Wasserstein critics did not bear."),
        use=N_("With weight clipping, as in its paper."),
        fails=N_("Nothing corrects its averages at the start, so that the first steps are large. Adam with β₁ = 0 is nearly the same, corrected."),
        base="wgan",
        settings={"penalty": "weight_clipping", "penalty_weight": 0.2},
    ),
)  # fmt: skip
def rmsprop(parameters: list[nn.Parameter], c: OptimizerConfig) -> torch.optim.Optimizer:
    """w ← w − lr·g / (√E[g²] + ε), E[g²] averaged with β₂."""
    return torch.optim.RMSprop(parameters, lr=c.lr, alpha=c.beta2, momentum=c.momentum, foreach=True)


def apply_settings(built: torch.optim.Optimizer, c: OptimizerConfig) -> None:
    """Write betas or momentum into a living optimiser; its averages stay. (Rates are written before every step.)"""
    values = {"betas": (c.beta1, c.beta2), "alpha": c.beta2, "momentum": c.momentum}
    for group in built.param_groups:
        group.update({key: value for key, value in values.items() if key in group})
        if isinstance(built, torch.optim.RMSprop) and group["momentum"]:
            for parameter in group["params"]:  # torch makes these at the first step only, and needs them from then on
                if state := built.state.get(parameter):
                    state.setdefault("momentum_buffer", torch.zeros_like(parameter, requires_grad=False))


def slots(built: torch.optim.Optimizer, update: Update, parameters: Iterable[tuple[str, nn.Parameter]]) -> Slots:
    """The living tensors that `built` keeps for each of the named parameters, as zeros where its first step has not made them yet."""
    kept: Slots = {}
    for name, parameter in parameters:
        state = built.state[parameter]
        if update.counts:
            where = parameter.device if built.defaults.get("fused") else "cpu"
            state.setdefault("step", torch.zeros((), device=where))
        for slot in update.slots:
            if state.get(slot) is None:
                state[slot] = torch.zeros_like(parameter, requires_grad=False)
        kept[name] = {slot: state[slot] for slot in (*update.slots, *(("step",) if update.counts else ()))}
    return kept


def take_step(
    built: torch.optim.Optimizer, parameters: Sequence[nn.Parameter], gradients: Sequence[Tensor], clip: float
) -> None:
    """g ← g · min(1, c / ‖g‖), with the gradients of all parameters as one vector g.   Then one step of `built` along them. c: `clip`; 0: as they
    are."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = _laid_out(gradient, parameter)
    if clip:
        nn.utils.clip_grad_norm_(parameters, clip)
    built.step()


def named_state(built: torch.optim.Optimizer, names: Sequence[str]) -> Slots:
    """What `built` keeps, by the names of its parameters in their order: {name: {"exp_avg": …, "step": …}}, with torch's names."""
    state = built.state_dict()["state"]
    return {names[index]: values for index, values in state.items()}


def load_named_state(built: torch.optim.Optimizer, state: Mapping[str, Mapping[str, Tensor]], names: list[str]) -> None:
    """Go on from what `named_state` gave. Raises ValueError for a parameter that `names` lacks."""
    parameters = [p for group in built.param_groups for p in group["params"]]
    indexed = {
        names.index(name): _laid_out_like(parameters[names.index(name)], values) for name, values in state.items()
    }
    built.load_state_dict({"state": indexed, "param_groups": built.state_dict()["param_groups"]})


def _laid_out_like(parameter: Tensor, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies: torch's optimisers go on with the very tensors they are given, and these belong to the saved state."""
    return {key: torch.empty_like(parameter if v.shape == parameter.shape else v, requires_grad=False).copy_(v)
            for key, v in values.items()}  # fmt: skip


def _laid_out(values: Tensor, parameter: Tensor) -> Tensor:
    """`values` with the strides of `parameter`: torch's fused optimisers walk through memory without looking at strides,
    and neither second derivatives nor files keep those of channels-last weights."""
    if values.stride() == parameter.stride():
        return values
    return torch.empty_like(parameter, requires_grad=False).copy_(values)
