"""The metrics of pictures as they are registered: their words, papers, and what is better."""

from __future__ import annotations

from gan_core.metrics.classes import class_statistics, read_as_asked
from gan_core.metrics.frechet import Moments
from gan_core.metrics.inception_score import inception_score
from gan_core.metrics.kernel import kernel_distance
from gan_core.metrics.neighbours import neighbours
from gan_core.registry import metric
from gan_core.text import N_

_PRECISION = "Kynkäänniemi et al. 2019, arXiv:1904.06991"
_DENSITY = "Naeem et al. 2020, arXiv:2002.09797"

metric("fd", title=N_("Fréchet distance"), kind="images", better="lower", floor=None, paper="Heusel et al. 2017, arXiv:1706.08500",
       help=N_("Distance between Gaussians fitted to real and generated pictures in the features named beside it. It falls with the number of samples. FID only where these are the standard Inception's."))(Moments.distance)  # fmt: skip
metric("kd", title=N_("Kernel distance"), kind="images", better="lower", floor=None, paper="Bińkowski et al. 2018, arXiv:1801.01401",
       help=N_("How differently real and generated pictures lie in the features named beside it, up to their third moments: 0 on average for the same, with however many samples. KID only where these are the standard Inception's."))(kernel_distance)  # fmt: skip
metric("precision", title=N_("Precision"), written="percent", kind="images", better="higher", floor=None, paper=_PRECISION,
       help=N_("Share of samples that are as near to a real picture as its third neighbour: how many look real."))(neighbours)  # fmt: skip
metric("recall", title=N_("Recall"), written="percent", kind="images", better="higher", floor=None, paper=_PRECISION,
       help=N_("Share of real pictures that are as near to a sample as its third neighbour: how much of the data is drawn."))(neighbours)  # fmt: skip
metric("density", title=N_("Density"), kind="images", better="higher", floor=None, paper=_DENSITY,
       help=N_("How many real neighbourhoods a sample lies in, of those it should: 1 for samples like the data, more where they keep to its middle."))(neighbours)  # fmt: skip
metric("covered", title=N_("Coverage"), written="percent", kind="images", better="higher", floor=None, paper=_DENSITY,
       help=N_("Share of real pictures with a sample nearer than their fifth real neighbour: about 97 % for samples like the data."))(neighbours)  # fmt: skip
metric("score", title=N_("Inception-style score"), kind="images", better="higher", floor=None, paper="Salimans et al. 2016, arXiv:1606.03498",
       help=N_("How sharply each sample is recognised, and as how many different things all together: from 1 to the number of classes. It never looks at a real picture."))(inception_score)  # fmt: skip
metric("confident", title=N_("Recognisable"), written="percent", kind="images", better="higher", floor=None,
       help=N_("Share of samples that a classifier recognises with more than 90 % confidence."))(class_statistics)  # fmt: skip
metric("class_modes", title=N_("Classes drawn"), written="count", kind="images", better="higher", floor=None,
       paper="Metz et al. 2017, arXiv:1611.02163",
       help=N_("Classes of the data that a classifier finds among the samples; of stacked digits up to 1,000."))(class_statistics)  # fmt: skip
metric("class_kl", title=N_("Reverse KL of the classes"), kind="images", better="lower", floor=None,
       paper="Metz et al. 2017, arXiv:1611.02163; Lin et al. 2018 (PacGAN), arXiv:1712.04086",
       help=N_("How differently from the data the samples are spread over the classes, in nats: 0 is exactly as the data's own."))(class_statistics)  # fmt: skip
metric("min_class_share", title=N_("Rarest class"), written="percent", kind="images", better="higher", floor=None,
       help=N_("Share of the class that the generator draws least: near 0, it has forgotten one."))(class_statistics)  # fmt: skip
metric("as_asked", title=N_("As asked for"), written="percent", kind="images", better="higher", floor=None,
       paper="Odena et al. 2017, arXiv:1610.09585",
       help=N_("Share of samples that a classifier reads as the class that the generator was asked for. How often it reads held-out real pictures rightly is the most that can be expected."))(read_as_asked)  # fmt: skip
