"""The words of the Latent Explorer: codes with their English text, which the page translates once a script run and hands to the browser."""

from collections.abc import Callable

from gan_core.text import N_

Translate = Callable[[str], str]

# A code with `.help` is the sentence of a tooltip.
LABELS: dict[str, str] = {
    # the frame around everything
    "tools": N_("Ways to explore"),
    "step": N_("Step"),
    "follow": N_("Follow the training"),
    "follow.help": N_("Go to each newer moment of the run as it is saved, at most every few seconds. The latents stay the same."),
    "moment": N_("Moment of the run"),
    "moment.kept": N_("{count} kept moments"),
    "nothing.yet": N_("Nothing of this run is saved yet. Its first moment is, a few seconds after it has begun."),
    "waiting": N_("The connection is gone. What is on the screen stays; it is tried again."),
    "closed.4401": N_("This page is too old to go on. Load it again."),
    "closed.4403": N_("This server does not answer pages from this address."),
    "closed.4404": N_("There is no such run here any more."),
    # the current place
    "stage": N_("The current place"),
    "undo": N_("Undo"),
    "undo.help": N_("Back to the place before"),
    "redo": N_("Redo"),
    "redo.help": N_("Forth again"),
    "random": N_("Random"),
    "random.help": N_("The sample of another seed"),
    "seed": N_("Seed"),
    "seed.bad": N_("A seed is a whole number from 0 to 2,147,483,647."),
    "class": N_("Class"),
    "class.own": N_("As drawn"),
    "category": N_("Category"),
    "d.says": N_("D says"),
    "d.says.help": N_("What the discriminator of the same moment says of this sample."),
    "d.chance": N_("{value} real · output {output}"),
    "d.output": N_("output {value}"),
    "norm": N_("Length of z"),
    "norm.help": N_("Latents that the generator was trained on are nearly all of one length. Far from it, it has never been asked."),
    "norm.value": N_("{value} (usual: {usual})"),
    "space": N_("Made of"),
    "space.help": N_("Styles are what the mapping network makes of the noise: one for each layer."),
    "space.z": N_("Noise z"),
    "space.w": N_("Styles w"),
    "noise.title": N_("Noise space: drag the ring"),
    "data.title": N_("Data space"),
    "noise.plane": N_("The plane of two coordinates of the noise. Drag, or use the arrow keys."),
    "noise.x": N_("Coordinate to the right"),
    "noise.y": N_("Coordinate upwards"),
    "noise.coordinate": N_("z{index}"),
    # a place that a tool works with
    "slot.seed": N_("Seed {seed}"),
    "slot.kept": N_("A kept place"),
    "slot.empty": N_("Empty"),
    "slot.take": N_("Take the current place"),
    "slot.random": N_("A random one"),
    "slot.go": N_("Go there"),
    "slot.favourite": N_("Favourite: {name}"),
    # pad
    "tool.pad": N_("Pad"),
    "pad.hint": N_("Drag across the pad: each corner is one place, and between them lie their blends. A corner is exactly its sample."),
    "pad.surface": N_("Pad of blends. Drag, or use the arrow keys."),
    "pad.count": N_("How many corners"),
    "pad.corners": N_("{count} corners"),
    "pad.corner": N_("Corner {index}"),
    "pad.keep": N_("Keep the length"),
    "pad.keep.help": N_("A mean of latents is shorter than any that the generator was trained on. With this, blends are as long as the corners are on the average."),
    "pad.others": N_("Other corners"),
    # sliders
    "tool.sliders": N_("Sliders"),
    "how": N_("Which directions"),
    "how.axes": N_("Coordinates"),
    "how.axes.text": N_("The coordinates of the noise itself. Nothing says that one of them means anything."),
    "how.ganspace": N_("GANSpace"),
    "how.ganspace.text": N_("The directions in which the features of the first layer, or the styles, vary most (Härkönen et al. 2020)."),
    "how.sefa": N_("SeFa"),
    "how.sefa.text": N_("The directions that the first layer's weights let through most (Shen & Zhou 2021): found from the weights alone."),
    "how.chance": N_("Random"),
    "how.chance.text": N_("Directions by chance, as a control: a found direction should do more than these."),
    "share.variance": N_("The percentage is its share of the variance, from {samples} latents."),
    "share.weight": N_("The percentage is its share of what the weights let through."),
    "direction.ganspace": N_("GANSpace {index}"),
    "direction.sefa": N_("SeFa {index}"),
    "direction.chance": N_("Random {index}"),
    "axis": N_("z{index}"),
    "sigma": N_("{value} σ"),
    "layers": N_("Layers"),
    "layers.help": N_("Which layers follow: the first decide about the form, the last about the surface."),
    "layers.first": N_("First layer"),
    "layers.last": N_("Last layer"),
    "layer.picture": N_("picture"),
    "sliders.more": N_("Show more"),
    "sliders.reset": N_("Reset all"),
    "sliders.back": N_("Reset {name}"),
    "sliders.finding": N_("Looking for directions …"),
}  # fmt: skip


def latent_labels(_: Translate, lang: str) -> dict[str, str]:
    """All words in the visitor's language."""
    return {code: _(text) for code, text in LABELS.items()} | {"lang": lang}
