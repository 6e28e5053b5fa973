"""Formulas to show beside a run, taken from the docstrings of what is registered: written once, where they are computed."""

from __future__ import annotations

import re

from gan_core import augment, lecam, matching, registry, variational
from gan_core.config import RunConfig
from gan_core.ema import Ema
from gan_core.engine.objectives import class_loss, code_loss, exchanged
from gan_core.translation import objectives as wanted

_G = ",  L_G"


def formula(doc: str | None) -> str:
    """The formula that a docstring begins with, without its source, which three spaces set apart."""
    return (doc or "").strip().split("\n")[0].split(".   ")[0].removesuffix(".")


def lines(doc: str | None) -> str:
    """The same, a line for what each player minimises."""
    return formula(doc).replace(_G, "\nL_G")


def of_losses(name: str) -> tuple[str, str]:
    """What D and what G minimises. A docstring that does not name both is shown whole for either."""
    whole = formula(registry.loss[name].formula)
    d, found, g = whole.partition(_G)
    return (d, f"L_G{g}") if found else (whole, whole)


def of_losses_with(config: RunConfig) -> tuple[str, str]:
    """The same for a run: D of a method that judges pairs sees a code beside each picture; what translates is given a picture x, and shall
    make y of it."""
    d, g = of_losses(config.loss)
    if config.translates:
        return _translated(config, d), _added(_translated(config, g), _held_to(config))
    if not config.paired:
        return d, g
    return d.replace("D(x)", "D(x, E(x))").replace("D(G(z))", "D(G(z), z)"), formula(exchanged.__doc__)


def _translated(config: RunConfig, loss: str) -> str:
    """A loss for pictures in the place of noise: D sees the pair; or, with two of each player, F makes x of y, and D′ judges that."""
    if not config.cycles:
        return loss.replace("D(x)", "D(x, y)").replace("D(G(z))", "D(x, G(x))")
    there = loss.replace("D(x)", "D(y)").replace("D(G(z))", "D(G(x))")
    back = loss.partition(" = ")[2].replace("D(x)", "D′(x)").replace("D(G(z))", "D′(F(y))")
    return _added(there, back)


def _held_to(config: RunConfig) -> str:
    """What a generator that translates minimises besides convincing D."""
    if not config.cycles:
        return formula(wanted.absolute.__doc__) if config.l1_weight else ""
    terms = [wanted.cycle] * bool(config.cycle_weight) + [wanted.identity] * bool(
        config.cycle_weight * config.identity_weight
    )
    return _added(*(formula(term.__doc__) for term in terms))


def of_penalty(name: str) -> str:
    """What is added to D's loss, or what is done to its weights; empty without a penalty."""
    return formula(registry.penalty[name].formula) if name != "none" else ""


def of_classes(config: RunConfig) -> str:
    """What is added to both players' losses for guesses of the class, or of the code; empty where D does not guess."""
    if config.codes:
        return formula(code_loss.__doc__)
    return formula(class_loss.__doc__) if config.discriminator.conditioning == "classifier" else ""


def of_lecam(config: RunConfig) -> str:
    """What LeCam regularisation adds to D's loss; empty without."""
    return formula(lecam.regularizer.__doc__) if config.lecam_weight else ""


def of_matching(config: RunConfig) -> str:
    """What G's loss becomes where it matches features; empty where it does not."""
    return formula(matching.shared.__doc__) if config.feature_matching else ""


def of_augmentation(config: RunConfig) -> str:
    """What D sees of each picture, a line each: the change, and how its probability follows D; empty without augmentation."""
    if config.augmentation == "none":
        return ""
    transform = augment.TRANSFORMS[config.augmentation]
    lines = [f"D(x) ← D(T(x)),  {formula(transform.apply.__doc__)}"]
    return "\n".join([*lines, *([formula(augment.adapted.__doc__)] if transform.adapts else [])])


def of_update(optimizer: str) -> str:
    """What an optimiser does with a gradient g of the weights p, a line for each of its assignments."""
    return formula(registry.optimizer[optimizer].info["update"].apply.__doc__).replace(",  ", "\n")


def of_entry(kind: str, name: str) -> str:
    """The lines of what is registered as `name`: kind is "loss", "penalty" or "optimizer"."""
    match kind:
        case "loss":
            return "\n".join(dict.fromkeys(of_losses(name)))
        case "penalty":
            return of_penalty(name)
        case _:
            return of_update(name)


def of_trick(name: str) -> str:
    """What the function that does a trick says it does."""
    return formula(registry.trick[name].formula)


def of_metric(name: str) -> str:
    """What a metric's docstring says it is: where several share one, what follows "name = "."""
    doc = registry.metric[name].formula
    named = re.search(rf"\b{name} = ([^;\n]*?)(?=;|\.?\n|\.?$)", doc)
    return named.group(1) if named else formula(doc)


def of_phase(config: RunConfig, code: str, penalised: bool) -> str:
    """The formula of a phase of a step with these settings; empty where there is none. penalised: a gradient penalty counts in it."""
    loss_d, loss_g = of_losses_with(config)
    match code:
        case "d.loss":
            return _added(loss_d, of_penalty(config.penalty) if penalised else "", of_classes(config), of_lecam(config))
        case "d.judge" | "g.judge":
            return of_augmentation(config)
        case "g.loss":
            return _lines(_added(loss_g, of_classes(config)), of_matching(config))
        case "d.update":
            clipped = config.penalty == "weight_clipping"
            return "\n".join([of_update(config.d_optimizer.name), *([of_penalty(config.penalty)] if clipped else [])])
        case "v.encode":
            return formula(variational.draw.__doc__)
        case "v.loss":
            return formula(variational.objective.__doc__)
        case "v.update":
            return "\n".join(dict.fromkeys(of_update(c.name) for c in (config.d_optimizer, config.g_optimizer)))
        case "g.update":
            return of_update(config.g_optimizer.name)
        case "end":
            return formula(Ema.update.__doc__)
    return ""


def of_objective(config: RunConfig) -> str:
    """Everything that the players of such a run minimise."""
    if not config.adversarial:
        return f"{formula(variational.objective.__doc__)}\n{formula(variational.draw.__doc__)}"
    losses = "\n".join(dict.fromkeys(of_losses_with(config)))
    minimised = _added(losses, of_penalty(config.penalty), of_classes(config), of_lecam(config))
    return _lines(minimised, of_matching(config), of_augmentation(config))


def _lines(*parts: str) -> str:
    return "\n".join(filter(None, parts))


def _added(*terms: str) -> str:
    return "\n+ ".join(filter(None, terms))
