"""What does not go together: settings of a run that are fine alone and would fail, or mean nothing, beside each other.

Each check raises ConfigError that names the settings, says why, and what would go; a RunConfig that exists has passed them all.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from gan_core import data as data_sets
from gan_core import registry
from gan_core.data import parameters
from gan_core.errors import ConfigError
from gan_core.networks import uses
from gan_core.penalties import PLACES
from gan_core.pictures.choices import PAIR_SIZES
from gan_core.pictures.naming import is_of_two
from gan_core.text import N_

if TYPE_CHECKING:
    from gan_core.config import DiscriminatorConfig, GeneratorConfig, RunConfig

KINDS = {"points": N_("points"), "images": N_("pictures"), "pairs": N_("pairs")}  # of data, as sentences name them


def check_together(c: RunConfig) -> None:
    """Raise ConfigError for settings that are fine alone and not together."""
    if c.k_d + c.k_g == 0:
        raise ConfigError(N_("k_d and k_g cannot both be 0: nobody would learn. Set one of them to 1 or more."))
    if c.batch_size % c.accumulation:
        raise ConfigError(N_("accumulation must divide batch_size: {batch_size} cannot be split into {parts} equal parts."),
                          batch_size=c.batch_size, parts=c.accumulation)  # fmt: skip
    if c.batch_size == c.accumulation and "batch" in (_norm(c.generator), _norm(c.discriminator)):
        raise ConfigError(N_("accumulation={parts} leaves one sample in each part of batch_size={batch_size}, and batch "
                             "normalisation needs two. Use a larger batch_size, or less accumulation."),
                          batch_size=c.batch_size, parts=c.accumulation)  # fmt: skip
    if c.accumulation > 1 and c.adversarial and registry.loss[c.loss].info.get("whole_batch"):
        raise ConfigError(N_("accumulation={parts} does not go with loss={loss}, which compares each sample with the mean of the whole batch. Set "
                             "accumulation to 1, or use another loss."), parts=c.accumulation, loss=c.loss)  # fmt: skip
    if registry.penalty[c.penalty].info["at"] and _norm(c.discriminator) == "batch":
        raise ConfigError(
            N_("penalty={penalty} does not go with discriminator.norm=batch: batch normalisation couples the samples of a "
               "batch, and the penalty is defined for each sample alone. Use discriminator.norm=layer, instance or none."),
            penalty=c.penalty)  # fmt: skip
    if (part := c.batch_size // c.accumulation) % c.discriminator.packing:
        raise ConfigError(N_("discriminator.packing={packing} must divide the batch: {part} samples cannot be split into packs of {packing}. "
                             "Use another batch_size, or accumulation."), packing=c.discriminator.packing, part=part)  # fmt: skip
    if c.discriminator.packing > 1 and c.kind != "images":
        raise ConfigError(N_("discriminator.packing={packing} is made for pictures that are drawn from noise, and data.name={data} is {kind}. Set it to 1."),
                          packing=c.discriminator.packing, data=c.data.name, kind=KINDS[c.kind])  # fmt: skip
    if c.label_smoothing and not registry.loss[c.loss].info["targets"]:
        allowed = ", ".join(e.name for e in registry.loss.entries() if e.info["targets"])
        raise ConfigError(N_("label_smoothing has no meaning for loss={loss}, which has no targets. Set it to 0, or use {allowed}."),
                          loss=c.loss, allowed=allowed)  # fmt: skip
    _check_little_data(c)
    _check_method(c)
    _check_codes(c)
    _check_networks(c)
    _check_data(c)
    _check_classes(c)


def _check_little_data(c: RunConfig) -> None:
    if c.kind != "images":
        off = {"augmentation": (c.augmentation, "none"), "feature_matching": (c.feature_matching, 0.0)}
        off |= {"data.limit": (c.data.limit, 0)} if c.kind == "points" else {}
        for name, (value, without) in off.items():
            if value != without:
                raise ConfigError(N_("{name}={value} is made for pictures that are drawn from noise, and data.name={data} is {kind}. Set it to {without}."),
                                  name=name, value=value, data=c.data.name, kind=KINDS[c.kind], without=without)  # fmt: skip
    if c.augmentation == "ada" and registry.loss[c.loss].info.get("border") is None:
        allowed = ", ".join(e.name for e in registry.loss.entries() if e.info.get("border") is not None)
        raise ConfigError(N_("augmentation=ada follows how often D takes real pictures for real, and loss={loss} has no border between real and "
                             "generated. Use augmentation=diffaugment, or one of these losses: {allowed}."), loss=c.loss, allowed=allowed)  # fmt: skip
    if c.feature_matching and c.accumulation > 1:
        raise ConfigError(N_("accumulation={parts} does not go with feature_matching, which compares means of the whole batch. Set accumulation to 1, or "
                             "feature_matching to 0."), parts=c.accumulation)  # fmt: skip


def _check_codes(c: RunConfig) -> None:
    """A code for D to read: of pictures, and in nobody else's way."""
    if not c.codes:
        return
    name = "latent.categories" if c.latent.categories else "latent.continuous"
    if c.latent.categories == 1:
        raise ConfigError(
            N_(
                "latent.categories=1 says nothing: a single category is always the same one. Use 2 or more, or 0 for none."
            )
        )
    if c.kind != "images":
        raise ConfigError(
            N_("{field} is made for pictures, and data.name={data} is points. Set it to 0."),
            field=name,
            data=c.data.name,
        )
    if c.generator.conditioning != "none":
        raise ConfigError(N_("{field} does not go with generator.conditioning={how}: a code is found without labels. Set it to 0, or both players' "
                             "conditioning to none."), field=name, how=c.generator.conditioning)  # fmt: skip
    if c.discriminator.packing > 1:
        raise ConfigError(N_("{field} does not go with discriminator.packing={packing}: the code is read off one sample. Set one of them back to {off}."),
                          field=name, packing=c.discriminator.packing, off="0 / 1")  # fmt: skip


def _check_networks(c: RunConfig) -> None:
    """Networks that cannot be told anything, where something is to be told or read."""
    for player in ("generator", "discriminator"):
        name = getattr(c, player).network
        if (c.codes or c.method != "gan") and not c.translates and not registry.network[name].info.get("classes"):
            allowed = ", ".join(e.name for e in registry.network.entries() if e.info.get("classes"))
            raise ConfigError(N_("{player}.network={network} goes with method=gan and without a code only. Use {allowed}, or set method to gan, "
                                 "latent.categories and latent.continuous to 0."), player=player, network=name, allowed=allowed)  # fmt: skip


def _check_method(c: RunConfig) -> None:
    entry = registry.method[c.method]
    if c.kind not in entry.value.kinds:
        allowed = ", ".join(e.name for e in registry.method.entries() if c.kind in e.value.kinds)
        raise ConfigError(N_("method={method} is not made for data.name={data}, which is {kind}. Use {allowed}."),
                          method=c.method, data=c.data.name, kind=KINDS[c.kind], allowed=allowed)  # fmt: skip
    for name, value in entry.value.needs.items():
        if (given := attrgetter(name)(c)) != value:
            raise ConfigError(N_("{field}={value} means nothing with method={method}. Set it to {needed}."),
                              field=name, value=given, method=c.method, needed=str(value).lower())  # fmt: skip
    if entry.value.paired and registry.penalty[c.penalty].info["at"] in PLACES:
        raise ConfigError(N_("penalty={penalty} does not go with method={method}: between a real and a generated picture there is no code to judge it "
                             "with. Use r1, r2, r1_r2 or none."), penalty=c.penalty, method=c.method)  # fmt: skip
    if c.translates:
        _check_translation(c)
    if entry.value.eager and c.engine == "compiled":
        raise ConfigError(N_("engine=compiled does not go with method={method}, whose steps are not compiled. Set it to auto or eager."),
                          method=c.method)  # fmt: skip


def _check_translation(c: RunConfig) -> None:
    info = data_sets.info_of(c.data)
    imported = data_sets.imported(c.data)
    if imported and not is_of_two(imported):
        raise ConfigError(data_sets.own_pairs.NOT_A_PAIR, name=imported[:8], size=PAIR_SIZES[0])
    if not c.cycles and not info["together"]:
        allowed = ", ".join(
            e.name for e in registry.dataset.entries() if e.info["kind"] == "pairs" and e.info["together"]
        )
        raise ConfigError(N_("method={method} learns from pairs, and in data.name={data} no picture has a partner. Set method to cyclegan, or use one of "
                             "these sets: {allowed}."), method=c.method, data=c.data.name, allowed=allowed)  # fmt: skip
    if c.cycles and c.identity_weight and info["given"] != info["channels"]:
        raise ConfigError(N_("identity_weight={weight} asks pictures to stay as they are, and in data.name={data} one kind has {given} channels and the "
                             "other {channels}. Set it to 0."), weight=c.identity_weight, data=c.data.name, given=info["given"],
                          channels=info["channels"])  # fmt: skip
    if c.cycles and 0 < c.history < c.batch_size:
        raise ConfigError(N_("history={history} is smaller than batch_size={batch_size}: no batch could be exchanged. Use at least as many, or 0 for "
                             "none."), history=c.history, batch_size=c.batch_size)  # fmt: skip


def _check_classes(c: RunConfig) -> None:
    g, d = c.generator.conditioning, c.discriminator.conditioning
    if (g == "none") != (d == "none"):
        raise ConfigError(N_("generator.conditioning={g} does not go with discriminator.conditioning={d}: either both players are told the "
                             "class, or none of them. Set both, or both to none."), g=g, d=d)  # fmt: skip
    if g == "none":
        return
    if not data_sets.info_of(c.data).get("classes"):
        allowed = ", ".join(
            e.name
            for e in registry.dataset.entries()
            if e.info["kind"] == c.kind and e.info.get("classes") and e.name != c.data.name
        )
        raise ConfigError(N_("data.name={data} has no labels, and generator.conditioning={g} asks for a class. Set both players' conditioning to "
                             "none, or use labelled data: {allowed}."), data=c.data.name, g=g, allowed=allowed)  # fmt: skip
    if g == "norm" and not uses(c.generator.network, "norm"):
        allowed = ", ".join(
            e.name for e in registry.network.entries() if e.info.get("classes") and uses(e.name, "norm")
        )
        raise ConfigError(N_("generator.conditioning=norm does not go with generator.network={network}, which has no normalisation. Use "
                             "generator.conditioning=concat, or one of these networks: {allowed}."),
                          network=c.generator.network, allowed=allowed)  # fmt: skip
    if g == "norm" and c.generator.norm == "none":
        raise ConfigError(N_("generator.conditioning=norm needs a normalisation that can be told the class. Set generator.norm to batch, instance "
                             "or layer, or use generator.conditioning=concat."))  # fmt: skip
    if c.discriminator.packing > 1:
        raise ConfigError(N_("discriminator.packing={packing} does not go with classes: samples judged together would need one class each. Set it "
                             "to 1."), packing=c.discriminator.packing)  # fmt: skip
    for player in ("generator", "discriminator"):
        name = getattr(c, player).network
        if not registry.network[name].info.get("classes"):
            allowed = ", ".join(e.name for e in registry.network.entries() if e.info.get("classes"))
            raise ConfigError(N_("{player}.network={network} cannot be told a class. Use {allowed}, or set both players' conditioning to none."),
                              player=player, network=name, allowed=allowed)  # fmt: skip


def _check_data(c: RunConfig) -> None:
    info = data_sets.info_of(c.data)
    for name, allowed in parameters.of(c.data.name).items():
        given = getattr(c.data, name)
        if given and not allowed.low <= given <= allowed.high:
            raise ConfigError(N_("data.{name}={value} is not made for data.name={data}. Allowed: {low} to {high}, or 0 for the set's own "
                                 "({own})."), name=name, value=given, data=c.data.name, low=f"{allowed.low:g}",
                              high=f"{allowed.high:g}", own=f"{allowed.own:g}")  # fmt: skip
    for player in ("generator", "discriminator"):
        name = getattr(c, player).network
        about = registry.network[name].info
        kinds = about["kinds"]
        if player not in about.get("plays", (player,)):
            raise ConfigError(N_("{player}.network={network} is made for the other player. Use {allowed}."), player=player, network=name,
                              allowed=", ".join(playing(player, info["kind"])))  # fmt: skip
        if info["kind"] not in kinds:
            raise ConfigError(N_("{player}.network={network} draws {kinds}, and data.name={data} is {kind}. Use {allowed}."),
                player=player, network=name, kinds=", ".join(KINDS[kind] for kind in kinds), data=c.data.name, kind=KINDS[info["kind"]],
                allowed=", ".join(playing(player, info["kind"])))  # fmt: skip
    if info["kind"] != "points" and c.data.image_size not in info["sizes"]:
        raise ConfigError(N_("data.image_size={size} is not made for data.name={data}. Allowed: {allowed}."),
                          size=c.data.image_size, data=c.data.name, allowed=", ".join(map(str, info["sizes"])))  # fmt: skip


def playing(player: str, kind: str) -> list[str]:
    """The networks that "generator" or "discriminator" can be with data of this kind."""
    return [
        e.name
        for e in registry.network.entries()
        if kind in e.info["kinds"] and player in e.info.get("plays", (player,))
    ]


def _norm(part: GeneratorConfig | DiscriminatorConfig) -> str:
    """The normalisation that a player's network has."""
    return part.norm if uses(part.network, "norm") else "none"
