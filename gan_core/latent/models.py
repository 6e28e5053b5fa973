"""Generators as files: saved out of an exploration, brought to another machine, and explored there like a run of its own.

DATA/models/MODEL ID/checkpoints/STEP.safetensors   the players, as a checkpoint holds them, and the settings they were made with
DATA/models/MODEL ID/generator.onnx                 in its place a generator of another program (`onnx_models`)
DATA/models/MODEL ID/model.json                     what it is called, who brought it, and of an ONNX file how it is run

A safetensors file is read as plain tensors and JSON. Nothing that it says is executed, and nothing is built before its sizes fit its settings.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import CheckpointError, ConfigError, PlaygroundError, RunError, reason_of
from gan_core.latent.explored import ExploredRun, explored_from
from gan_core.latent.onnx_models import FILE, NO_CLASSES, NO_DIM, NOTE, Answers, Found, Plan, probe
from gan_core.memory import sample_shape
from gan_core.networks import encoder_on_meta, on_meta
from gan_core.runs import checkpoint
from gan_core.runs.checkpoint import Saved, copy_state
from gan_core.runs.folder import RunFolder
from gan_core.text import N_

log = logging.getLogger(__name__)

LARGEST_MB = 100  # of a safetensors file
LARGEST_ONNX_MB = 400  # published generators of 1024 × 1024 pixels have 100 to 350
MOST = 50  # models of one visitor
TOGETHER_MB = 2000  # of all models of a data folder
LONGEST_NAME = 80
_ID = re.compile(r"model-[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
_PLAYERS = ("ema", "discriminator", "encoder")
_LARGEST_STEP = 10**15
_PICKLED = (b"PK", b"\x80")  # torch.save's archive, and a bare pickle

NOT_KEPT = N_("The model cannot be kept: {reason}. Make room on the server's disk, then try again.")
TOO_LARGE = N_("{name} has {size} MB, and at most {most} can be brought. Choose a smaller file.")
A_PICKLE = N_("{name} is a pickled file. Such files run code when they are opened, so they never are here. Bring a .safetensors file that was saved with "
              "\"Save generator\", or export the generator as ONNX.")  # fmt: skip
NOT_OURS = N_("{name} is no generator that was saved here: it is damaged, cut short, or of another kind. Bring a .safetensors file that was saved with "
              "\"Save generator\", a checkpoint from the folder of a run, or a generator as ONNX.")  # fmt: skip
OTHER_VERSION = N_("{name} was written by another version of GAN Playground ({version}). Open it there.")
DOES_NOT_FIT = N_(
    "The weights in {name} do not fit the settings in it: it was put together by hand, or changed. Save it again where it was made."
)
NOT_FINITE = N_(
    "The weights in {name} are not all numbers: the run had diverged. Save the generator of an earlier moment."
)


@dataclass(frozen=True)
class Model:
    """One that was brought: its id, what it is called, the owner who brought it, when (ISO 8601, UTC)."""

    id: str
    name: str
    owner: str
    created: str


def as_file(explored: ExploredRun) -> bytes:
    """The players of an exploration as one safetensors file with their settings, which `Models.add` reads: the averaged generator, and what it played
    with, so that scores and codes can be had elsewhere, too."""
    players = explored.players
    state: dict[str, Any] = {
        "ema": players.average.state_dict(),
        "discriminator": players.d.state_dict(),
        "step": explored.step,
    }
    if players.e is not None:
        state["encoder"] = players.e.state_dict()
    return of_players(state, serial.to_dict(explored.config))


def of_players(state: dict[str, Any], config: dict[str, Any]) -> bytes:
    """One safetensors file: tensors by player ("ema/…", the averaged generator; "generator/…", the live one; "discriminator/…"; "encoder/…"), and
    under "gan-playground" in its metadata JSON with the settings and the step."""
    return checkpoint.dump(Saved(copy_state(state), config))


class Models:
    """The models of a data folder."""

    def __init__(self, root: Path) -> None:
        self._root = root / "models"

    def folder(self, model_id: str) -> RunFolder:
        """Where a model lies, as a run's folder, of which it has the checkpoint alone. Raises RunError for anything that is no model's id."""
        if not is_model(model_id):
            raise RunError(N_("There is no such model."))
        return RunFolder(self._root / model_id)

    def exists(self, model_id: str) -> bool:
        """Whether there is such a model."""
        return is_model(model_id) and (self._root / model_id / NOTE).is_file()

    def of(self, owner: str) -> list[Model]:
        """All that this visitor has brought, the newest first."""
        found = [self.get(path.name) for path in self._root.glob("model-*")] if self._root.is_dir() else []
        return sorted(
            (one for one in found if one is not None and one.owner == owner), key=lambda one: one.created, reverse=True
        )

    def get(self, model_id: str) -> Model | None:
        """What is known of one; None where there is none, or it cannot be read."""
        if not is_model(model_id):
            return None
        try:
            said = json.loads((self._root / model_id / NOTE).read_text(encoding="utf-8"))
            return Model(model_id, named(str(said["name"])), str(said["owner"]), str(said["created"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, LookupError, RecursionError, ConfigError) as error:
            log.warning("%s cannot be read: %s", model_id, error)
            return None

    def add(self, data: bytes, file_name: str, owner: str, said: Answers | None = None) -> Model:
        """Keep a file that somebody has brought; a model with its generator, and with whatever it was saved with; of an ONNX file, what is `said`
        in the place of guesses. Raises ConfigError or CheckpointError for what is no generator, DataError where its data set is not here,
        RunError where the disk refuses, or an ONNX file cannot be run."""
        name = _checked(data, file_name)
        if len(self.of(owner)) >= MOST:
            raise ConfigError(N_("{most} models are kept already. Delete one of them first."), most=MOST)
        if self._size() + len(data) > TOGETHER_MB * 2**20:
            raise RunError(N_("The models on this server have {most} MB together already, and there is no room for another. Delete some first."), most=TOGETHER_MB)  # fmt: skip
        model = Model(
            f"model-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}", name, owner, datetime.now(UTC).isoformat(timespec="seconds"),
        )  # fmt: skip
        with self._new() as new:
            note: dict[str, Any] = {"name": name, "owner": owner, "created": model.created}
            if is_onnx(data, file_name):
                note["plan"] = _kept_onnx(new, data, name, said or Answers()).as_json()
            else:
                _keep_ours(new, data, name)
            (new / NOTE).write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
            os.rename(new, self._root / model.id)
        return model

    def look_into(self, data: bytes, file_name: str, said: Answers) -> Found:
        """What an ONNX file takes and gives, without keeping it. Errors as `add`."""
        name = _checked(data, file_name)
        with self._new() as new:
            (new / FILE).write_bytes(data)
            return probe(new / FILE, name, said)

    @contextlib.contextmanager
    def _new(self) -> Iterator[Path]:
        """A folder for what is brought, gone afterwards unless it has been renamed."""
        new = self._root / f".new-{secrets.token_hex(4)}"
        try:
            new.mkdir(parents=True)
            yield new
        except OSError as error:
            raise RunError(NOT_KEPT, reason=reason_of(error)) from None
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _size(self) -> int:
        kept = [file for ending in ("*.safetensors", "*.onnx") for file in self._root.rglob(ending)]
        return sum(file.stat().st_size for file in kept)

    def remove(self, model_id: str) -> None:
        """Delete one, with what was kept with it. Raises RunError."""
        path = self.folder(model_id).path
        gone = path.with_name(f".gone-{secrets.token_hex(4)}")
        try:
            os.rename(path, gone)  # in one step: nobody explores half of it
        except FileNotFoundError:
            raise RunError(N_("There is no such model.")) from None
        except OSError as error:
            raise RunError(N_("{path} cannot be moved: {reason}."), path=path.name, reason=reason_of(error)) from None
        shutil.rmtree(gone, ignore_errors=True)


def is_model(text: str) -> bool:
    """Whether this has the form of a model's id."""
    return bool(_ID.fullmatch(text))


def named(text: str) -> str:
    """A name in one line. Raises ConfigError for one that is empty; a long one is cut."""
    name = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_NAME]
    if not name:
        raise ConfigError(N_("A model needs a name. Give its file one."))
    return name


def is_onnx(data: bytes, file_name: str) -> bool:
    """Whether a file is meant to be ONNX: by its name, or because it begins as such files do and not as safetensors."""
    return file_name.lower().endswith(".onnx") or (data[:1] == b"\x08" and data[8:9] != b"{")


def _checked(data: bytes, file_name: str) -> str:
    """The name of a file that may be looked into. Raises ConfigError."""
    name = named(Path(file_name).stem) if Path(file_name).stem.strip() else "model"
    most = LARGEST_ONNX_MB if is_onnx(data, file_name) else LARGEST_MB
    if len(data) > most * 2**20:
        raise ConfigError(TOO_LARGE, name=name, size=round(len(data) / 2**20), most=most)
    # In safetensors JSON begins at byte 8, whatever its length says before.
    if data.startswith(_PICKLED) and data[8:9] != b"{":
        raise ConfigError(A_PICKLE, name=name)
    return name


def _kept_onnx(new: Path, data: bytes, name: str, said: Answers) -> Plan:
    (new / FILE).write_bytes(data)
    found = probe(new / FILE, name, said)
    if found.plan is None:
        raise ConfigError(NO_CLASSES if found.label and not found.classes else NO_DIM, name=name)
    return found.plan


def _keep_ours(new: Path, data: bytes, name: str) -> None:
    (new / "checkpoints").mkdir()
    saved = _read(new / "brought.safetensors", data, name)
    step = saved.state["step"]
    checkpoint.write(new / "checkpoints" / f"{step:012}.safetensors", saved)
    _prove(RunFolder(new), step, name)


def _read(path: Path, data: bytes, name: str) -> Saved:
    """What the file says, the players alone. The file is removed again."""
    path.write_bytes(data)
    try:
        saved = checkpoint.read(path)
    except CheckpointError as error:
        if "version" in error.params:
            raise CheckpointError(OTHER_VERSION, name=name, version=error.params["version"]) from None
        raise CheckpointError(NOT_OURS, name=name) from None
    finally:
        path.unlink(missing_ok=True)
    step = saved.state.get("step")
    if type(step) is not int or not 0 <= step <= _LARGEST_STEP:
        raise CheckpointError(NOT_OURS, name=name)
    config = _config(saved, name)
    players = {part: saved.state[part] for part in _PLAYERS if isinstance(saved.state.get(part), dict)}
    check_sizes(config, players, name)
    return Saved(players | {"step": step}, serial.to_dict(config))


def _config(saved: Saved, name: str) -> RunConfig:
    try:
        return serial.from_dict(saved.config)
    except ConfigError:
        raise
    except (PlaygroundError, TypeError, ValueError, LookupError, AttributeError):
        raise CheckpointError(NOT_OURS, name=name) from None


def check_sizes(config: RunConfig, players: dict[str, Any], name: str) -> None:
    """The tensors are those of the networks that the settings build, the generator that trains among them where it is there. Nothing is built
    for it: a file may say anything. Raises CheckpointError."""
    g, d = on_meta(config, sample_shape(config))
    e = encoder_on_meta(config, sample_shape(config))
    for part, module in (("ema", g), ("discriminator", d), ("encoder", e), ("generator", g)):
        said = players.get(part)
        if module is None or (said is None and part == "generator"):
            continue
        if said is None:
            raise CheckpointError(DOES_NOT_FIT, name=name)
        wanted = {key: tuple(t.shape) for key, t in module.named_parameters()}
        there = {key: tuple(t.shape) for key, t in said.items() if isinstance(t, Tensor)}
        # Spectral norm puts what it keeps beside a weight, or in its place: what is left is compared when the weights are loaded.
        if (
            any(there[key] != shape for key, shape in wanted.items() if key in there)
            or _values(there) > 2 * _values(wanted) + 10**6
        ):
            raise CheckpointError(DOES_NOT_FIT, name=name)
        if not all(bool(t.isfinite().all()) for t in said.values() if isinstance(t, Tensor) and t.is_floating_point()):
            raise CheckpointError(NOT_FINITE, name=name)


def _values(shapes: dict[str, tuple[int, ...]]) -> int:
    return sum(torch.Size(shape).numel() for shape in shapes.values())


def _prove(folder: RunFolder, step: int, name: str) -> None:
    """It is built, and draws."""
    try:
        explored = explored_from(folder, step)
    except CheckpointError:
        raise CheckpointError(DOES_NOT_FIT, name=name) from None
    if not bool(explored.draw(explored.seed(0)[None]).isfinite().all()):
        raise CheckpointError(NOT_FINITE, name=name)
