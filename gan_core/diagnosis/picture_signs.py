"""The conditions that only pictures have. As in `signs`, each is a function of a window, here of `reads` looks at which pictures were read."""

from __future__ import annotations

import math
from statistics import median

from gan_core.diagnosis.findings import Evidence
from gan_core.diagnosis.past import Window
from gan_core.registry import condition
from gan_core.text import N_

HALF_WAY = 0.5  # r_v from which on D knows its pictures by heart; Karras et al. 2020 aim at 0.6 of a like measure
PRINTED = 0.01  # least share of the energy that a visible pattern has
DENSER, THAN_REAL = 1.5, 2.0  # how many times as dense as around it, and as in real pictures
LEAKED = 0.15  # share of generated pictures with an empty area, beyond that of real ones
ODD = 0.5  # share of generated pictures that are brighter, darker or of other contrast than real ones, beyond these

REMEMBERS = N_(
    "D's outputs on held-out pictures lie {share} % of the way from those on training pictures to those on generated ones"
)


@condition(
    "d_overfitting", title=N_("Discriminator overfitting"), says=(REMEMBERS,), looks=0, steps=300, reads=5, plays="gd", moves=True,
    paper="Karras et al. 2020, arXiv:2006.06676",
    help=N_("The discriminator calls its training pictures real because it knows them, and takes others of the same kind for generated ones."),
    why=N_("It has seen the same few pictures so often that it has learned them by heart. What it then tells the generator is how to come near "
           "just these pictures, no longer what makes a picture real: samples get worse after a while, or copies."),
)  # fmt: skip
def d_overfitting(w: Window) -> Evidence | None:
    """Held-out pictures at least half way to the generated ones, where D tells these from training pictures at all."""
    known = [reading.by_heart for reading in w.readings if not math.isnan(reading.by_heart)]
    if len(known) < 0.8 * len(w.readings) or not known:
        return None
    if sum(share >= HALF_WAY for share in known) < 0.8 * len(known):
        return None
    return Evidence(REMEMBERS, {"share": min(100, round(100 * median(known)))})


PATTERN = N_(
    "{share} % of the generated pictures' contrast lies in a pattern of every second pixel, {times} times as much as around it"
)


@condition(
    "checkerboard", title=N_("Checkerboard"), says=(PATTERN,), looks=0, steps=300, reads=5, plays="g", moves=False,
    paper="Odena et al. 2016, doi:10.23915/distill.00003",
    help=N_("A fine grid lies over the generated pictures: every second pixel is brighter or darker than its neighbours."),
    why=N_("The layers that double the picture's size fill in every second pixel with other weights than the ones between. Unless training "
           "makes these agree, they print a pattern of two pixels."),
)  # fmt: skip
def checkerboard(w: Window) -> Evidence | None:
    """Energy at the frequency of the stride stands out, from what is around it and from real pictures, at every reading."""
    seen = w.readings
    if not seen or not all(r.share > PRINTED and r.peak > max(DENSER, THAN_REAL * r.real_peak) for r in seen):
        return None
    share, times = (median(values) for values in ([r.share for r in seen], [r.peak for r in seen]))
    return Evidence(PATTERN, {"share": round(100 * share), "times": round(times, 1)})


HOLES = N_(
    "{share} % of the generated pictures have an empty square or border, as an augmentation makes them; of real ones {real} %"
)
LIGHT = N_(
    "{share} % of the generated pictures are brighter, darker or of other contrast than nearly all real ones; of real ones {real} %"
)


@condition(
    "augmentation_leak", title=N_("Augmentation leak"), says=(HOLES, LIGHT), looks=0, steps=300, reads=5, plays="g", moves=False,
    paper="Karras et al. 2020, arXiv:2006.06676, section 2.2; Zhao et al. 2020, arXiv:2006.10738",
    help=N_("Generated pictures look as if they had been shifted, cut out or lit differently, as the augmentation does for the discriminator."),
    why=N_("The discriminator only ever sees changed pictures. If nearly all of them are changed, it cannot know that the changes do not belong "
           "to the data, and the generator learns to draw them."),
)  # fmt: skip
def augmentation_leak(w: Window) -> Evidence | None:
    """While pictures are augmented: many more generated ones than real ones have traces of that, at every reading."""
    if not w.readings or not w.config.augments:
        return None
    for least, says, pairs in ((LEAKED, HOLES, [(r.empty, r.real_empty) for r in w.readings]),
                               (ODD, LIGHT, [(r.odd, r.real_odd) for r in w.readings])):  # fmt: skip
        if min(share - real for share, real in pairs) > least:
            share, real = median(s for s, _ in pairs), median(r for _, r in pairs)
            return Evidence(says, {"share": round(100 * share), "real": round(100 * real)})
    return None
