"""The loop of a script: how a player learns, what an iteration is, and what was changed while the run went on."""

from __future__ import annotations

from gan_core import config as settings
from gan_core import optimizers, penalties, schedules
from gan_core.config import RunConfig
from gan_core.export import modules, parts
from gan_core.export.layout import function, indented, literal
from gan_core.export.subject import PLAYERS, Subject


def learning(s: Subject) -> str:
    """The function that takes one step of a player."""
    split = s.ever(lambda c: c.accumulation > 1)
    clip = s.ever(lambda c: c.grad_clip)
    lines = (
        [*parts.LEARN_SPLIT(s.value("accumulation"), s.value("batch_size"))]
        if split
        else [*parts.LEARN(s.value("batch_size"))]
    )
    laid = "torch.empty_like(p).copy_(g)  # laid out in memory as p is" if not s.is_points else "g"
    lines += ["for p, g in zip(parameters, gradients):", f"    p.grad = {laid}"]
    if clip:
        bound = s.value("grad_clip")
        lines += [f"if {bound}:"] if not all(c.grad_clip for c in s.configs) else []
        lines += [
            f"{'    ' if len(lines) and lines[-1].endswith(f'if {bound}:') else ''}nn.utils.clip_grad_norm_(parameters, {bound})"
        ]
    s.sources.need("collections.abc", "Callable")
    s.sources.need("torch", "Tensor")
    return function("learn", "player: nn.Module, optimizer: torch.optim.Optimizer, loss: Callable[[int], Tensor]", parts.LEARN_DOC,
                    [*lines, "optimizer.step()", "return mean.item()"], "float")  # fmt: skip


def loop(s: Subject) -> str:
    """All steps of the run."""
    lines: list[str] = []
    if len(s.phases) > 1:
        lines.append("change(step)")
    rate = s.scheduled("g_optimizer.lr", "lr_final")
    if rate != "G_OPTIMIZER_LR" or s.varies("g_optimizer.lr", "d_optimizer.lr"):
        for name in ("g_optimizer", "d_optimizer"):
            lines.append(f'{name}.param_groups[0]["lr"] = {s.scheduled(f"{name}.lr", "lr_final")}')
    lines += _betas(s)
    lines += [f"sigma = {s.scheduled('instance_noise', 'noise_final')}"] if s.is_noisy else []
    lines += _weight(s)
    lines += _steps_of(s, "k_d", _d_step(s))
    lines += _steps_of(s, "k_g", [f"g_mean = learn(G, g_optimizer, {s.called('g')})"])
    often = "" if not s.ever(lambda c: c.k_d > 1) else f" * max({s.value('k_d')}, 1)"
    lines.append(f"images += {s.value('batch_size')}{often}")
    lines += _average(s)
    lines += parts.PRINT
    means = [f"{p}_mean = float('nan')" for p in ("d", "g") if any(getattr(c, f"k_{p}") == 0 for c in s.configs)]
    return "\n".join(["images = 0", *means, "for step in range(STEPS):", *indented(lines)])


def _betas(s: Subject) -> list[str]:
    """β₂ of this moment, where the schedule moves it."""
    if not s.moves("beta2_final", 0.0):
        return []
    lines = []
    for name in ("g_optimizer", "d_optimizer"):
        base, final = s.value(f"{name}.beta2"), s.value("beta2_final")
        now = f"{final} + ({base} - {final}) * {s.factor('0.0')}"
        now = now if s.ever(lambda c: c.beta2_final == 0) is False else f"{now} if {final} else {base}"
        for group, key, value in (
            ("adam", "betas", f"({s.value(f'{name}.beta1')}, {now})"), ("rmsprop", "alpha", now),
        ):  # fmt: skip
            if any(getattr(c, name).name == group for c in s.configs):
                line = f'{name}.param_groups[0]["{key}"] = {value}'
                lines.append(line if s.always(f"{name}.name", group) else f'if "{key}" in {name}.defaults:\n    {line}')
    return lines


def _weight(s: Subject) -> list[str]:
    """The penalty's weight, or the bound of clipping."""
    if not s.ever(lambda c: c.penalty != "none"):
        return []
    weight = s.scheduled("penalty_weight", "penalty_final")
    if not s.is_lazy:
        return [f"weight = {weight}"]
    interval = s.value("penalty_interval")
    return [
        f"weight = {weight}",
        f"lazy = {interval} * weight if step % {interval} == 0 else None  # the penalty at few steps, more strongly",
    ]


def _d_step(s: Subject) -> list[str]:
    loss = s.called("d")
    if s.weighs:
        loss = f"lambda n: {loss}(n, {'lazy' if s.is_lazy else 'weight'})"
    lines = [f"d_mean = learn(D, d_optimizer, {loss})"]
    if s.ever(lambda c: c.penalty == "weight_clipping"):
        clip = f"{s.sources.take(penalties.clip_weights)}(D.parameters(), weight)"
        always = all(c.penalty == "weight_clipping" for c in s.configs)
        lines += [clip] if always else [f'if {s.value("penalty")} == "weight_clipping":', f"    {clip}"]
    return lines


def _steps_of(s: Subject, name: str, lines: list[str]) -> list[str]:
    if s.always(name, 0):
        return []
    return lines if s.always(name, 1) else [f"for _ in range({s.value(name)}):", *indented(lines)]


def _average(s: Subject) -> list[str]:
    """The average's step towards the generator."""
    if not s.averages:
        return []
    ramp = {} if s.ever(lambda c: c.ema_ramp) else {"ramp": 0.0}
    more = "" if ramp else f", {s.value('ema_ramp')}"
    decay = f"{s.sources.take(schedules.ema_decay, given=ramp)}({s.value('batch_size')}, images, {_half_life(s)}{more})"
    update = [
        "with torch.no_grad():",
        "    for a, p in zip(average.parameters(), G.parameters()):",
        f"        a.lerp_(p, 1 - {decay})",
    ]
    return update if all(c.k_g for c in s.configs) else [f"if {s.value('k_g')}:", *indented(update)]


def _half_life(s: Subject) -> str:
    """The average's half-life at this moment."""
    whole = s.value("ema_half_life")
    if not s.moves("ema_first", 1.0):
        return whole
    now = f"{whole} * (1 - (1 - {s.value('ema_first')}) * {s.factor('0.0')})"
    if not s.varies("schedule", "horizon"):
        return now
    return f'({now} if {s.value("schedule")} != "constant" and {s.value("horizon")} else {whole})'


# ── what was changed while it trained ────────────────────────────────────────────────────────────────────────────────────


def changes(s: Subject) -> str:
    """The function that the loop asks at each step. The last part to be written: only then it is known which constants there are."""
    if len(s.phases) == 1:
        return ""
    blocks, names = [], set()
    for before, phase in zip(s.phases, s.phases[1:], strict=False):
        lines, touched = _change(s, before.config, phase.config)
        names |= touched
        blocks += [f"if step == {phase.step}:", *indented(lines)] if lines else []
    said = "\n".join(f"{p}_objective = {s.loss_name(p, s.start)}" for p in ("d", "g")) if not s.has_one_loss else ""
    if not blocks:
        blocks = ["pass"]
    begin = [f"global {', '.join(sorted(names))}"] if names else []
    return said + "\n\n\n" + function("change", "step: int", parts.CHANGE_DOC, [*begin, *blocks], "None")


def _change(s: Subject, old: RunConfig, new: RunConfig) -> tuple[list[str], set[str]]:
    """The lines of one change, and the names that they set anew."""
    lines: list[str] = []
    touched: set[str] = set()
    for name, (_old, value) in settings.differences(old, new).items():
        if name in s.constants:
            touched.add(s.value(name))
            lines.append(f"{s.value(name)} = {literal(value)}")
    for player in ("d", "g"):
        if not s.has_one_loss and s.loss_name(player, old) != s.loss_name(player, new):
            touched.add(f"{player}_objective")
            lines.append(f"{player}_objective = {s.loss_name(player, new)}")
    for player, optimizer in PLAYERS:
        one, two = getattr(old, optimizer), getattr(new, optimizer)
        if one.name != two.name:
            touched.add(optimizer)
            made = modules.optimizer(player, new, s.value(f"{optimizer}.lr"))
            lines.append(f"{optimizer} = {made}  # its averages begin anew")
        elif (one.beta1, one.beta2, one.momentum) != (two.beta1, two.beta2, two.momentum):
            s.sources.need("types", "SimpleNamespace")
            apply = s.sources.take(optimizers.apply_settings)
            lines.append(
                f"{apply}({optimizer}, SimpleNamespace(beta1={two.beta1}, beta2={two.beta2}, momentum={two.momentum}))"
            )
    return lines, touched
