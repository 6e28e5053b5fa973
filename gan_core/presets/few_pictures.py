"""Recipes for few pictures: what keeps D from learning them by heart. A hundred of the digits that come with the app, otherwise as
`recipes`."""

from __future__ import annotations

from gan_core.presets.recipes import _R1, _SMALL
from gan_core.registry import Story, preset
from gan_core.text import N_

_FEW = _SMALL | _R1 | {"data.limit": 100, "horizon": 128_000}

preset(
    "diffaugment", title=N_("DiffAugment"), page="images", goal="recipe", paper="Zhao et al. 2020, arXiv:2006.10738",
    help=N_("A hundred digits only, and D never sees one as it is: each, real or generated, is changed at random first."),
    changed=N_("With few pictures D learns them by heart, and what it tells G is worthless. Changing the real ones alone would teach G the changes. "
               "Here both are changed, and G learns through the change."),
    needs=N_("Changes that a picture survives: brighter, moved, a square cut out. They make D's task harder, so that with pictures enough they cost "
             "sharpness."),
    see=N_("In **Discriminator's outputs** the held-out digits lie on the training digits to the end: D has learned none of the hundred by heart."),
    try_this=N_("Start a new run with **Augmentation** on **None**: by step 1,500 D knows its hundred digits, and takes the held-out ones nearly "
                "for generated ones."),
    story=Story(
        use=N_("With a hundred to some thousand pictures, when nothing is known of how much augmentation they need."),
        fails=N_("It is the least readable of the three for few pictures here (40 % recognised, seed 0): the changes never let up."),
        builds=("recipe.r1",),
    ),
    reaches={"confident": 0.3, "rarest": 0.005},
)(_FEW | {"augmentation": "diffaugment"})  # fmt: skip

preset(
    "ada", title=N_("ADA"), page="images", goal="recipe", paper="Karras et al. 2020, arXiv:2006.06676",
    help=N_("A hundred digits only, changed as often as D's certainty asks for: moved, scaled, turned, brighter or darker."),
    changed=N_("How much augmentation a set needs depends on its size and on how far the run has come. ADA watches how sure D is of real pictures and "
               "sets the probability of a change by that, from zero on."),
    needs=N_("A loss with a border between real and generated, to count on which side real pictures fall; a target that D can reach (0.6 in the paper; "
             "R1 keeps D humble here, so 0.2), and a speed that suits the length of the run."),
    see=N_("The curve **Probability** rises within 300 steps, and then goes up and down with how sure D is of its hundred digits."),
    try_this=N_("While it trains, set **ADA target** to 0.6: hardly anything is changed any more, and in the histogram of D's outputs the means of training and "
                "held-out digits part."),
    story=Story(
        use=N_("With few pictures: it sets the strength of augmentation by itself, and has the best distance of the three here."),
        fails=N_("A target that D hardly reaches leaves it nearly off: 0.6, the paper's, does so here."),
        builds=("recipe.diffaugment",),
    ),
    reaches={"confident": 0.4, "rarest": 0.005},
)(_FEW | {"augmentation": "ada", "ada_target": 0.2, "ada_speed": 20_000.0})  # fmt: skip

preset(
    "lecam", title=N_("LeCam"), page="images", goal="recipe", paper="Tseng et al. 2021, arXiv:2104.03310",
    help=N_("A hundred digits only, and D's outputs are tied to where those on the other kind have lately been."),
    changed=N_("Overfitting shows in outputs that run apart, so they are held together: a squared distance to moving averages of D's outputs, which "
               "was shown to turn the Wasserstein loss into a LeCam divergence."),
    needs=N_("A weight that leaves D a voice, and averages over some hundred steps. It slows D's learning by heart, and does not forbid it as changed "
             "pictures do: the two go together."),
    see=N_("D's outputs on real and on generated digits stay within a fraction of one."),
    try_this=N_("While it trains, set **LeCam weight** to 0, and look at how the outputs drift apart."),
    story=Story(
        use=N_("With few pictures, beside augmentation."),
        fails=N_("It slows learning by heart and does not end it: the rarest class ends at 1.9 %, with ADA at 2.8 % (seed 0)."),
        builds=("recipe.r1",),
    ),
    reaches={"confident": 0.4, "rarest": 0.005},
)(_FEW | {"lecam_weight": 0.3})  # fmt: skip
