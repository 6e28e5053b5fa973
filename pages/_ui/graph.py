"""What the picture of the model needs from the page: its words, and how the networks of a run are built."""

from collections.abc import Callable
from typing import Any

from gan_core import formulas, neurons, registry
from gan_core.config import ACTIVATIONS, DISTRIBUTIONS, NORMS, RunConfig
from gan_core.text import N_
from pages._ui.data_note import data_title

# Code -> English, a part of the live view's words.
LABELS: dict[str, str] = {
    "graph": N_("Inside the GAN"),
    "graph.two": N_("{first}. {second}"),
    "graph.hint": N_("Point at a part to see it in the picture, click it to have it explained."),
    "graph.picture": N_("Noise becomes samples, the discriminator judges them, its losses become gradients for both networks"),
    "graph.noise": N_("Noise"),
    "graph.g": N_("Generator"),
    "graph.samples": N_("Samples"),
    "graph.real": N_("Real data"),
    "graph.d": N_("Discriminator"),
    "graph.outputs": N_("Output of D"),
    "graph.losses": N_("Losses"),
    "graph.gradients": N_("Gradients"),
    "graph.noise.text": N_("Random numbers z that every sample starts from. The generator can only bend and stretch this cloud; it never sees the data."),
    "graph.g.text": N_("Turns noise into samples, layer by layer. Each small picture shows one neuron over the noise. It learns only from the gradient that comes back through the discriminator."),
    "graph.samples.text": N_("What the generator makes of the noise, drawn over real points. The averaged generator is shown; the discriminator is trained on the live one."),
    "graph.real.text": N_("Points from the data. The discriminator gets as many of them as generated ones; the generator never gets any."),
    "graph.d.text": N_("Gives each point one number: the higher, the more real. Each small picture shows one neuron over the plane of the data."),
    "graph.outputs.text": N_("The discriminator's numbers for real points (upwards) and for generated ones (downwards). Where the two lie over each other, it cannot tell them apart."),
    "graph.losses.text": N_("What each network makes small. The two pull in opposite directions: it is a game, not a descent, and neither has to reach zero."),
    "graph.gradients.text": N_("The directions in which the weights move to make their loss smaller, and how steep they are. Zeros mean that nothing is learned any more, spikes that the game is about to blow up."),
    "graph.layer.text": N_("Each neuron adds up the layer before it with weights of its own and bends the sum."),
    "graph.colours": N_("The colours show its output: orange below zero, blue above."),
    "graph.output.g.text": N_("The last layer adds up the neurons before it without bending: one sum for each coordinate of the sample, in data units."),
    "graph.output.d.text": N_("The last neuron adds up the layer before it without bending. This is the field in the picture, before it is squeezed into colours."),
    "graph.layer.g": N_("Layer {layer} of the generator"),
    "graph.layer.d": N_("Layer {layer} of the discriminator"),
    "graph.output.g": N_("Output of the generator"),
    "graph.output.d": N_("Output of the discriminator"),
    "graph.neuron.g": N_("Neuron {neuron} of layer {layer} of the generator"),
    "graph.neuron.d": N_("Neuron {neuron} of layer {layer} of the discriminator"),
    "graph.neuron.g.x": N_("Output x of the generator"),
    "graph.neuron.g.y": N_("Output y of the generator"),
    "graph.range": N_("{name}: from {low} to {high}"),
    "graph.over.noise": N_("Over the noise, not over the data"),
    "graph.over.slice": N_("Over the first two numbers of the noise, the others 0"),
    "graph.over.line": N_("Along the noise, from left to right"),
    "graph.choose": N_("{name}, {count} neurons: choose one with the arrow keys"),
    "graph.more": N_("{count} more neurons, which are not drawn"),
    "graph.value": N_("value {value}"),
    "graph.row.dim": N_("Numbers a sample"),
    "graph.row.distribution": N_("Drawn from"),
    "graph.row.neurons": N_("Neurons"),
    "graph.row.layers": N_("Layers"),
    "graph.row.parameters": N_("Learned numbers"),
    "graph.row.spectral": N_("Spectral norm"),
    "graph.row.on": N_("on"),
    "graph.row.shown": N_("Points shown"),
    "graph.row.data": N_("Data set"),
    "graph.row.real": N_("Mean on real"),
    "graph.row.fake": N_("Mean on generated"),
    "graph.row.undecided": N_("Undecided at"),
    "graph.row.d_loss": N_("Discriminator, L_D"),
    "graph.row.g_loss": N_("Generator, L_G"),
    "graph.row.weight": N_("{symbol} now"),
    "graph.row.d_gradient": N_("Length for D, ‖∇L_D‖"),
    "graph.row.g_gradient": N_("Length for G, ‖∇L_G‖"),
    "graph.row.d_rate": N_("Learning rate of D now"),
    "graph.row.g_rate": N_("Learning rate of G now"),
    "graph.row.rate": N_("Learning rate now"),
    "graph.row.lowest": N_("Lowest"),
    "graph.row.highest": N_("Highest"),
}  # fmt: skip


def registry_words(_: Callable[[str], str]) -> dict[str, str]:
    """Titles and formulas of losses, penalties and optimisers, which may change while a run goes on."""
    words: dict[str, str] = {}
    for kind in ("loss", "penalty", "optimizer"):
        for entry in getattr(registry, kind).entries():
            code = f"{kind}.{entry.name}"
            words |= {code: _(entry.title), f"{code}.formula": formulas.of_entry(kind, entry.name)}
            if "symbol" in entry.info:
                words[f"{code}.symbol"] = entry.info["symbol"]
    return words


def about(config: RunConfig, _: Callable[[str], str]) -> dict[str, Any] | None:
    """What is fixed in a run's model: its noise, its data, the layers of both networks (neurons, learned numbers); None for
    networks that are not drawn. What may change comes with each frame."""
    described = neurons.describe(config)
    if not described:
        return None
    latent = config.latent
    return {
        "latent": {
            "dim": latent.dim,
            "distribution": _(DISTRIBUTIONS[latent.distribution]),
            "kind": latent.distribution,
            "half": neurons.half_width(latent),
        },
        "data": data_title(config, _),
        "most": neurons.MOST,
        "g": _player(config.generator, described["g"], _),
        "d": _player(config.discriminator, described["d"], _) | {"spectral": config.discriminator.spectral_norm},
    }


def _player(c: Any, layers: tuple[neurons.Layer, ...], _: Callable[[str], str]) -> dict[str, Any]:
    return {"layers": [[layer.neurons, layer.parameters] for layer in layers], "activation": _(ACTIVATIONS[c.activation]),
            "norm": "" if c.norm == "none" else _(NORMS[c.norm])}  # fmt: skip
