"""Imports every module that registers something: after this, the registries are complete."""

from gan_core import data, losses, methods, metrics, networks, optimizers, penalties

__all__ = ["data", "losses", "methods", "metrics", "networks", "optimizers", "penalties"]
