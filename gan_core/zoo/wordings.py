"""Words that stand behind formulas in docstrings, marked for translation: a test holds them to what the docstrings say."""

from __future__ import annotations

from gan_core.text import N_

WORDS = (
    N_("φ LeakyReLU, resampled by [1, 3, 3, 1]; learned pictures at the smallest size"),
    N_("a learned constant, and 3×3 convolutions whose weights w scales, with noise in each, growing to the picture"),
    N_("over real and generated samples"),
    N_("with the verdicts on real and on generated pairs exchanged"),
    N_("each of its parts with probability p"),
    N_("on real pictures since the last time"),
    N_("written with softplus so that it never overflows"),
    N_("in every linear and convolutional layer; one power iteration a training-mode forward pass"),
    N_("(B, C, H, W): every place looks at every other"),
    N_("ψ = 1 changes nothing, 0 leaves the mean picture"),
    N_("without momentum p ← p − lr·g"),
    N_("with momentum b ← μb + d and p ← p − lr·b"),
    N_("nₖ those nearest to mode k"),
    N_("n the good samples"),
    N_("in nats: 0 for equal, log 2 for disjoint distributions"),
    N_("of the two empirical quantile functions, uₖ K = 128 fixed random unit vectors"),
    N_("which is symmetric"),
    N_("sₖ the share of class k among the samples"),
    N_("wₖ the share in the data"),
    N_("the share of samples whose likeliest class is the one that the generator was asked for"),
    N_("values from 0 to 1"),
    N_("in decibels, the MSE of each picture, averaged over the pictures; infinite for equal ones"),
    N_("averaged"),
)
