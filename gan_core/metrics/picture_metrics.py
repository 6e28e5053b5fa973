"""The metrics of pictures as they are registered: their words, papers, and what is better."""

from __future__ import annotations

from gan_core.metrics.classes import class_statistics, read_as_asked
from gan_core.metrics.frechet import Moments
from gan_core.metrics.inception_score import inception_score
from gan_core.metrics.kernel import kernel_distance
from gan_core.metrics.neighbours import neighbours
from gan_core.registry import Story, metric
from gan_core.text import N_

_PRECISION = "Kynkäänniemi et al. 2019, arXiv:1904.06991"
_DENSITY = "Naeem et al. 2020, arXiv:2002.09797"

metric("fd", title=N_("Fréchet distance"), kind="images", better="lower", floor=None, paper="Heusel et al. 2017, arXiv:1706.08500",
       help=N_("Distance between Gaussians fitted to real and generated pictures in the features named beside it. It falls with the number of samples. FID only where these are the standard Inception's."),
       story=Story(
           fixed=N_("The inception score never looks at real pictures. Mean and covariance of features of both kinds are compared; it rises with "
               "noise, blur and missing classes alike."),
           use=N_("To compare generators on the same data, with the same features and the same number of samples."),
           fails=N_("It falls with the number of samples, and takes features for Gaussian. Figures from different features or numbers cannot be "
               "compared. It cannot tell whether samples are bad or missing, nor that they are copies of the training data."),
           builds=("metric.score",),
       ))(Moments.distance)  # fmt: skip
metric("kd", title=N_("Kernel distance"), kind="images", better="lower", floor=None, paper="Bińkowski et al. 2018, arXiv:1801.01401",
       help=N_("How differently real and generated pictures lie in the features named beside it, up to their third moments: 0 on average for the same, with however many samples. KID only where these are the standard Inception's."),
       story=Story(
           fixed=N_("The Fréchet distance is biased with few samples and takes features for Gaussian. An unbiased kernel distance is 0 on average for "
               "the same distribution, with however many samples."),
           use=N_("With few samples, and to see whether a difference is more than its spread."),
           fails=N_("A single value may lie below 0. It stands on the same features as the Fréchet distance and shares what they do not see."),
           builds=("metric.fd",),
       ))(kernel_distance)  # fmt: skip
metric("precision", title=N_("Precision"), written="percent", kind="images", better="higher", floor=None, paper=_PRECISION,
       help=N_("Share of samples that are as near to a real picture as its third neighbour: how many look real."),
       story=Story(
           fixed=N_("One number cannot say whether samples are bad or too alike. This half asks how many samples lie where real pictures do."),
           use=N_("Together with recall."),
           fails=N_("A few good pictures, drawn again and again, score full marks. Balls around outliers of the data let bad samples pass (Naeem et "
               "al. 2020)."),
           builds=("metric.fd",),
       ))(neighbours)  # fmt: skip
metric("recall", title=N_("Recall"), written="percent", kind="images", better="higher", floor=None, paper=_PRECISION,
       help=N_("Share of real pictures that are as near to a sample as its third neighbour: how much of the data is drawn."),
       story=Story(
           fixed=N_("One number cannot say whether samples are bad or too alike. This half asks how much of the data the samples reach."),
           use=N_("Together with precision, and beside the number of classes."),
           fails=N_("Samples that are scattered widely have large balls and reach much. It depends on the number of samples of both kinds."),
           builds=("metric.fd",),
       ))(neighbours)  # fmt: skip
metric("density", title=N_("Density"), kind="images", better="higher", floor=None, paper=_DENSITY,
       help=N_("How many real neighbourhoods a sample lies in, of those it should: 1 for samples like the data, more where they keep to its middle."),
       story=Story(
           fixed=N_("In precision one outlier of the data with a large ball lets any sample pass. Counting how many balls a sample lies in gives "
               "crowded places more weight."),
           use=N_("In place of precision where the data have outliers."),
           fails=N_("It has no upper bound: samples from the middle of the data score above 1."),
           builds=("metric.precision",),
       ))(neighbours)  # fmt: skip
metric("covered", title=N_("Coverage"), written="percent", kind="images", better="higher", floor=None, paper=_DENSITY,
       help=N_("Share of real pictures with a sample nearer than their fifth real neighbour: about 97 % for samples like the data."),
       story=Story(
           fixed=N_("Recall draws balls around samples, which get large where the generator is bad. Balls around real pictures do not depend on it."),
           use=N_("In place of recall."),
           fails=N_("Even samples of the data themselves reach about 97 %, and it sinks with fewer samples than real pictures."),
           builds=("metric.recall",),
       ))(neighbours)  # fmt: skip
metric("score", title=N_("Inception-style score"), kind="images", better="higher", floor=None, paper="Salimans et al. 2016, arXiv:1606.03498",
       help=N_("How sharply each sample is recognised, and as how many different things all together: from 1 to the number of classes. It never looks at a real picture."),
       story=Story(
           fixed=N_("People judged pictures by hand. A classifier asks two things at once: is each picture sharply recognised, and are they of many "
               "classes?"),
           use=N_("To compare with published figures, which are of the Inception network; here by the classifier of the set."),
           fails=N_("It never looks at a real picture: one perfect picture of each class scores best. It knows nothing but the classifier's classes."),
       ))(inception_score)  # fmt: skip
metric("confident", title=N_("Recognisable"), written="percent", kind="images", better="higher", floor=None,
       help=N_("Share of samples that a classifier recognises with more than 90 % confidence."),
       story=Story(
           fixed=N_("A distance says little to the eye. The share of samples that can be read does."),
           use=N_("For digits and letters, beside the rarest class."),
           fails=N_("A generator of one perfect digit scores full marks, and a classifier can be sure of what is no digit at all."),
           source=N_("No paper: this project's own, a share as the inception score's first half asks for it."),
           builds=("metric.score",),
       ))(class_statistics)  # fmt: skip
metric("class_modes", title=N_("Classes drawn"), written="count", kind="images", better="higher", floor=None,
       paper="Metz et al. 2017, arXiv:1611.02163",
       help=N_("Classes of the data that a classifier finds among the samples; of stacked digits up to 1,000."),
       story=Story(
           fixed=N_("Modes of pictures cannot be counted by eye. Three stacked digits have 1,000 known ones, which a classifier reads channel by "
               "channel."),
           use=N_("On stacked digits, where plain GANs find a tenth of the thousand."),
           fails=N_("A mode counts with a single sample, and each mistake of the classifier can find one that was not drawn."),
           builds=("metric.modes",),
       ))(class_statistics)  # fmt: skip
metric("class_kl", title=N_("Reverse KL of the classes"), kind="images", better="lower", floor=None,
       paper="Metz et al. 2017, arXiv:1611.02163; Lin et al. 2018 (PacGAN), arXiv:1712.04086",
       help=N_("How differently from the data the samples are spread over the classes, in nats: 0 is exactly as the data's own."),
       story=Story(
           fixed=N_("A mode that is found once is not drawn as often as it should be."),
           use=N_("On stacked digits, beside the number of modes."),
           fails=N_("The classifier's mistakes count as the generator's, and few samples for many classes give it a floor above 0."),
           builds=("metric.reverse_kl", "metric.class_modes"),
       ))(class_statistics)  # fmt: skip
metric("min_class_share", title=N_("Rarest class"), written="percent", kind="images", better="higher", floor=None,
       help=N_("Share of the class that the generator draws least: near 0, it has forgotten one."),
       story=Story(
           fixed=N_("A mean over classes hides the one that is missing."),
           use=N_("For mode collapse on data with a few classes: 10 % is perfect for ten equal ones."),
           fails=N_("It looks at one class only, and knows nothing of variety inside it."),
           source=N_("No paper: this project's own, the smallest of the shares that are counted for the number of classes."),
           builds=("metric.class_modes",),
       ))(class_statistics)  # fmt: skip
metric("as_asked", title=N_("As asked for"), written="percent", kind="images", better="higher", floor=None,
       paper="Odena et al. 2017, arXiv:1610.09585",
       help=N_("Share of samples that a classifier reads as the class that the generator was asked for. How often it reads held-out real pictures rightly is the most that can be expected."),
       story=Story(
           fixed=N_("Whether a conditional generator draws what it was asked for cannot be read from any distance."),
           use=N_("For conditional runs, beside the classifier's own rate on held-out pictures."),
           fails=N_("It rewards what is easy to recognise, as AC-GAN's class loss does, and says nothing of variety."),
           builds=("trick.class_guessed",),
       ))(read_as_asked)  # fmt: skip
