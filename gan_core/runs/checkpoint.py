"""A Trainer's state as one safetensors file: tensors by path, everything else as JSON in its header. Nothing is unpickled."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from gan_core.errors import CheckpointError, named, reason_of
from gan_core.runs import atomic
from gan_core.text import N_

VERSION = 3
# What the checksum of each version covers beside the tensors; older files are read, the newest version is written.
_COVERED = {
    1: ("config", "numbers"),
    2: ("config", "numbers", "journal"),
    3: ("config", "numbers", "journal", "start", "facts"),
}


def copy_state(state: dict[str, Any]) -> dict[str, Any]:
    """A deep copy on the CPU, safe to write from another thread while training goes on."""
    return {k: copy_state(v) if isinstance(v, dict) else v.detach().cpu().clone() if isinstance(v, Tensor) else v
            for k, v in state.items()}  # fmt: skip


def is_finite(state: dict[str, Any]) -> bool:
    """Whether no tensor of the state holds a NaN or an infinity."""
    return all(bool(t.isfinite().all()) for _, t in _flat(state) if isinstance(t, Tensor) and t.is_floating_point())


class Saved(NamedTuple):
    """What a checkpoint file holds: a Trainer's state, the settings then (as from serial.to_dict), how many entries of the
    journal had been written by then (None: not recorded); the settings at step 0 and what run.json said (empty in old files), so
    that a run whose other files are damaged can still be found and go on."""

    state: dict[str, Any]
    config: dict[str, Any]
    journal: int | None = 0
    start: dict[str, Any] = {}  # noqa: RUF012 - never written to
    facts: dict[str, Any] = {}  # noqa: RUF012


def dump(saved: Saved) -> bytes:
    """The bytes of a checkpoint file; `saved.state` as from copy_state."""
    tensors = {path: value.contiguous() for path, value in _flat(saved.state) if isinstance(value, Tensor)}
    numbers = {path: value for path, value in _flat(saved.state) if not isinstance(value, Tensor)}
    head = {"version": VERSION, "config": saved.config, "numbers": numbers, "journal": saved.journal,
            "start": saved.start, "facts": saved.facts}  # fmt: skip
    return save(tensors, metadata={"gan-playground": json.dumps(head | {"crc": _crc(tensors, head)})})


def write(path: Path, saved: Saved) -> None:
    """Write a checkpoint in one step."""
    atomic.write_bytes(path, dump(saved))


def read(path: Path) -> Saved:
    """What a checkpoint file holds. Raises CheckpointError when it is missing, cut short, changed, or of a later version."""
    try:
        with safe_open(path, framework="pt") as file:
            head = json.loads((file.metadata() or {})["gan-playground"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        if head["version"] not in _COVERED:
            raise CheckpointError(N_("{path} was written by another version of GAN Playground ({version}). Open it there."),
                                  path=named(path), version=head["version"])  # fmt: skip
        if head["crc"] != _crc(tensors, head):
            raise ValueError("checksum")
        state = _nested(head["numbers"] | tensors)
        parts = head["config"], head.get("start", {}), head.get("facts", {})
        if not all(isinstance(part, dict) for part in parts):
            raise ValueError("no settings")
    except FileNotFoundError:
        raise CheckpointError(
            N_("There is no checkpoint at {path}: this run was never saved."), path=named(path)
        ) from None
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(N_("{path} is not a whole checkpoint ({reason}). Take an earlier copy, or start the run again."),
                              path=named(path), reason=reason_of(error)) from None  # fmt: skip
    config, start, facts = parts
    return Saved(state, config, head.get("journal"), start, facts)


def _flat(state: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in state.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}/")
        else:
            yield prefix + key, value


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Raises ValueError."""
    state: dict[str, Any] = {"g_optimizer": {}, "d_optimizer": {}}  # plain SGD keeps nothing: its branch is empty
    for path, value in flat.items():
        *branches, leaf = path.split("/")
        node = state
        for branch in branches:
            node = node.setdefault(branch, {})
            if not isinstance(node, dict):
                raise ValueError("paths that cross")
        node[leaf] = value
    return state


def _crc(tensors: dict[str, Tensor], head: dict[str, Any]) -> int:
    """Of everything in the file: the parts of the header; names, types, shapes and values of the tensors."""
    parts = [head[name] for name in _COVERED[head["version"]]]
    crc = zlib.crc32(json.dumps(parts, sort_keys=True).encode())
    for name in sorted(tensors):
        crc = zlib.crc32(f"{name} {tensors[name].dtype} {list(tensors[name].shape)}".encode(), crc)
        crc = zlib.crc32(tensors[name].detach().contiguous().reshape(-1).view(torch.uint8).numpy().data, crc)
    return crc
