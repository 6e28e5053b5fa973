"""What the players of a script minimise: a function for each loss that the run has had."""

from __future__ import annotations

from gan_core import networks, penalties, registry
from gan_core.config import RunConfig
from gan_core.export import parts
from gan_core.export.layout import function
from gan_core.export.subject import Subject, penalised_at


def objectives(s: Subject) -> str:
    """The functions of both players; where there are several of one, a part of the file decides which holds."""
    blocks = []
    for c in s.losses:
        blocks += [_d_loss(s, c), _g_loss(s, c)]
    return "\n\n".join(dict.fromkeys(blocks))


def _d_loss(s: Subject, c: RunConfig) -> str:
    loss, at = s.sources.take(registry.loss[c.loss].value), penalised_at(c)
    joint = not networks.couples_samples(networks.on_meta(c, s.data.shape)[1]) and at not in ("real", "fake")
    lines = [
        f"real = {s.seen(s.real)}",
        "with torch.no_grad():",
        f"    fake = {s.seen('G(latents.next(n))')}",
    ]
    if c.label_flip:
        lines.append(
            f"flips = {parts.uniform(c.discriminator.packing)} < {s.value('label_flip')}  # pairs that D sees under each other's label"
        )
    if at in penalties.PLACES:
        s.sources.take(penalties.PLACES[at].points)
        lines.append(
            f"u = {parts.placed(at, c.discriminator.packing)}{' if weight is not None else None' if s.is_lazy else ''}"
        )
    lines += _forward(at, joint)
    lines += _penalty(s, c, at, joint)
    if c.label_flip:
        lines.append(parts.FLIP)
    smooth = f", {s.value('label_smoothing')}" if s.ever(lambda x: x.label_smoothing and x.loss == c.loss) else ""
    lines.append(f"loss = {loss}(on_real, on_fake{smooth})[0]")
    result = "loss + weight * penalty" if at else "loss"
    lines.append(f"return {result} if weight is not None else loss" if at and s.is_lazy else f"return {result}")
    weight = f", weight: float{' | None' if s.is_lazy else ''}" if s.weighs else ""
    return function(s.loss_name("d", c), f"n: int{weight}", parts.D_DOC if at else parts.D_DOC_FREE, lines)


def _forward(at: str | None, joint: bool) -> list[str]:
    if at == "both" and joint:
        return [
            "both = torch.cat([real, fake]).requires_grad_()",
            "logits = D(both)",
            "on_real, on_fake = logits.chunk(2)",
        ]
    if joint:
        return ["on_real, on_fake = D(torch.cat([real, fake])).chunk(2)"]
    grown = [f"{x} = {x}.detach().requires_grad_()" for x in ("real", "fake") if at in (x, "both")]
    return [*grown, "on_real, on_fake = D(real), D(fake)"]


def _penalty(s: Subject, c: RunConfig, at: str | None, joint: bool) -> list[str]:
    if not at:
        return []
    norm, penalty = (s.sources.take(f) for f in (penalties.squared_gradient_norm, registry.penalty[c.penalty].value))
    lines = []
    if at in penalties.PLACES:
        lines.append(f"x = {at}(real, fake, u).requires_grad_()")
        logits = [("D(x)", "x")]
    elif at == "both" and joint:
        logits = [("logits", "both")]
    else:
        logits = [(f"on_{x}", x) for x in ("real", "fake") if at in (x, "both")]
    means = [f"{penalty}({norm}({on}, {x})).mean()" for on, x in logits]
    doubled = at == "both" and joint
    lines.append(f"penalty = {'2 * ' if doubled else ''}{' + '.join(means)}{parts.HALVES if doubled else ''}")
    return ["if weight is not None:", *(f"    {line}" for line in lines)] if s.is_lazy else lines


def _g_loss(s: Subject, c: RunConfig) -> str:
    loss = s.sources.take(registry.loss[c.loss].value)
    lines = [f"fake = {s.seen('G(latents.next(n))')}"]
    if registry.loss[c.loss].info["needs_real"]:
        lines += [
            f"real = {s.seen(s.real)}",
            "on_fake = D(fake)",
            "with torch.no_grad():",
            "    on_real = D(real)",
        ]
    else:
        lines += ["on_fake = D(fake)", "on_real = on_fake.detach()  # makes no difference to this loss"]
    return function(s.loss_name("g", c), "n: int", parts.G_DOC, [*lines, f"return {loss}(on_real, on_fake)[1]"])
