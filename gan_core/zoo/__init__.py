"""The zoo: every registered loss, penalty, network, method, recipe, trick, optimiser and metric, with what is known of it."""

from gan_core import presets, tricks
from gan_core.zoo.exhibits import KINDS, Exhibit, address_of, all_of, find, matching, neighbours, related
from gan_core.zoo.labs import lab
from gan_core.zoo.papers import Paper
from gan_core.zoo.sources import Source, sources

__all__ = ["KINDS", "Exhibit", "Paper", "Source", "address_of", "all_of", "find", "lab", "matching", "neighbours", "presets", "related", "sources",
           "tricks"]  # fmt: skip
