"""Networks and optimisers as text: the expression that makes a torch module, or a player's optimiser."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from gan_core import device as devices
from gan_core import registry
from gan_core.config import RunConfig, fields, get
from gan_core.export.sources import Sources
from gan_core.networks import on_meta
from gan_core.networks.attention import SelfAttention
from gan_core.networks.conditional import ClassNorm, Told


def network(player: str, config: RunConfig, shape: tuple[int, ...], sources: Sources, *, filled: bool = False) -> str:
    """The network of "generator" or "discriminator": its layers one by one, where these are torch's own and nothing else; where
    they are not, a call of the function that builds it, which is taken along. `filled`: its weights are read from a file afterwards, so that
    layers which begin in a way of their own may stand among the others. Raises ExportError."""
    g, d = on_meta(config, shape)
    module = g if player == "generator" else d
    text = _expression(module, sources, filled)
    return text if text is not None else _call(player, config, shape, sources)


def _expression(module: nn.Module, sources: Sources, filled: bool = False) -> str | None:
    if type(module) is nn.Sequential:
        layers = _list(module, sources, filled)
        return layers and f"nn.Sequential({layers})"
    if filled and type(module) is Told:
        layers = _list(module.layers, sources, filled)
        return layers and f"{sources.take(Told)}([{layers}], {module.dim})"
    if filled and type(module) is ClassNorm:
        scale = module.scale
        return (
            f"{sources.take(ClassNorm)}({_expression(module.norm, sources)}, {scale.out_features}, {scale.in_features})"
        )
    if filled and type(module) is SelfAttention:
        return f"{sources.take(SelfAttention)}({module.query.in_channels})"
    if type(module).__module__.startswith("torch.nn.modules"):
        text = _layer(module)
        return text if _makes(text, module) else None
    if [*module.children(), *module.parameters(), *module.buffers()]:
        return None
    return f"{sources.take(type(module))}({module.extra_repr()})"  # ours say there what they are made with


def _list(modules: Iterable[nn.Module], sources: Sources, filled: bool) -> str | None:
    """Layers with commas between, on lines of their own; None where one of them cannot be written by itself."""
    layers = [_expression(layer, sources, filled) for layer in modules]
    if None in layers:
        return None
    return "\n" + "".join(f"{line},\n" for line in _filled([str(layer) for layer in layers]))


def _layer(module: nn.Module) -> str:
    """As torch writes a layer, without what is so by default."""
    call = ast.parse(f"f({module.extra_repr()})", mode="eval").body
    assert isinstance(call, ast.Call)
    parameters = inspect.signature(type(module)).parameters
    given = dict(zip(parameters, call.args, strict=False)) | {str(k.arg): k.value for k in call.keywords}
    args, positional = [], True
    for name, parameter in parameters.items():
        if name not in given or ast.unparse(given[name]) == repr(parameter.default):
            positional = False
            continue
        positional &= parameter.default is parameter.empty
        args.append(ast.unparse(given[name]) if positional else f"{name}={ast.unparse(given[name])}")
    return f"nn.{type(module).__name__}({', '.join(args)})"


def optimizer(player: str, config: RunConfig, rate: str) -> str:
    """The optimiser of "G" or "D": torch's own, with what is not so by default. rate: the name of its learning rate."""
    part = config.g_optimizer if player == "G" else config.d_optimizer
    where = torch.zeros((), device=devices.resolve(config.device), requires_grad=True)
    built = registry.optimizer[part.name].value([nn.Parameter(where)], part)
    said = _arguments(type(built), built.defaults) | {"lr": rate}
    return (
        f"torch.optim.{type(built).__name__}({player}.parameters(), {', '.join(f'{k}={v}' for k, v in said.items())})"
    )


def _arguments(made: type, values: Mapping[str, Any]) -> dict[str, str]:
    """The keyword arguments among `values` that are not so by default, as text."""
    parameters = inspect.signature(made).parameters
    return {name: repr(value) for name, value in values.items()
            if name in parameters and value != parameters[name].default}  # fmt: skip


def _makes(text: str, module: nn.Module) -> bool:
    """Whether the text makes such a layer again."""
    with torch.device("meta"):
        made: nn.Module = eval(text, {"nn": nn})  # it was made above, of torch's own words about the layer
    return repr(made) == repr(module) and [p.shape for p in made.parameters()] == [p.shape for p in module.parameters()]


def _filled(items: list[str], width: int = 110) -> list[str]:
    """Lines of items with commas between."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 2 <= width:
            lines[-1] += f", {item}"
        else:
            lines.append(f"    {item}")
    return lines


def _call(player: str, config: RunConfig, shape: tuple[int, ...], sources: Sources) -> str:
    part = getattr(config, player)
    builder = getattr(registry.network[part.network].value, player)
    said = {f.name.split(".")[1]: get(config, f.name) for f in fields() if f.name.startswith(f"{player}.")}
    sources.need("types", SimpleNamespace.__name__)
    first = f"SimpleNamespace({', '.join(f'{name}={value!r}' for name, value in said.items())})"
    told = f", classes={config.classes}" if config.classes else ""
    more = f"{config.latent.dim + config.codes}, {shape}{told}" if player == "generator" else f"{shape}"
    return f"{sources.take(builder)}({first}, {more})"
