"""Files that are no run, or want to be more than one: each is refused in a sentence, and nothing of it stays."""

from __future__ import annotations

import json
import pickle
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import _parcel
import _picset
import _tiny
import numpy as np
import pytest
import torch
from safetensors.torch import save

from gan_core.data import table
from gan_core.errors import PlaygroundError
from gan_core.parcels import packing, unpacking
from gan_core.parcels.packing import NOTE, pack
from gan_core.parcels.unpacking import take_in
from gan_core.pictures import archives
from gan_core.pictures.store import PictureSets
from gan_core.runs import checkpoint
from gan_core.runs.checkpoint import Saved
from gan_core.runs.store import Store

RING, DIGITS, RUNS = "ring-20260131-142530-1f0c2a", "digits-20260131-142530-1f0c2a", "ring-20260201-142530-1f0c2a"
OWNER = "fedcba9876543210"
STATE = "checkpoints/000000000006.safetensors"
Parts = dict[str, bytes]


class Payload:
    """Whoever unpickles it finds a file beside the tests' folder."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return open, (str(self.trace), "w")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("parcel")
    store = Store(root / "here")
    pack(_parcel.furnished(store, RING, _tiny.points()), root / "whole.zip", store.root)
    return root / "whole.zip"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, dict[str, bytes]]:
    store = Store(tmp_path_factory.mktemp("server") / "there")
    _parcel.trained(store, RUNS, _tiny.points(), (2,))
    return store, _parcel.files(store.root)


@pytest.fixture
def there(server: tuple[Store, dict[str, bytes]]) -> Iterator[Store]:
    """A server with a run on it, which nothing that is refused may touch."""
    store, before = server
    yield store
    assert _parcel.files(store.root) == before
    assert sorted(path.name for path in (store.root / "runs").iterdir()) == [RUNS]


def parts_of(path: Path) -> Parts:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Parts, path: Path, packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def refused(path: Path, store: Store) -> PlaygroundError:
    with pytest.raises(PlaygroundError) as caught:
        take_in(path, "theirs.zip", store, OWNER)
    said = str(caught.value)
    assert said[-1] in ".!"
    assert str(store.root) not in said
    assert len(said) < 600
    return caught.value


def in_json(name: str, /, **changes: Any) -> Callable[[Parts], Parts]:
    """Some values of a JSON file are others."""
    return lambda parts: parts | {name: json.dumps(json.loads(parts[name]) | changes).encode()}


def instead(name: str, data: bytes | str) -> Callable[[Parts], Parts]:
    return lambda parts: parts | {name: data.encode() if isinstance(data, str) else data}


def behind(name: str, data: bytes | str) -> Callable[[Parts], Parts]:
    return lambda parts: parts | {name: parts.get(name, b"") + (data.encode() if isinstance(data, str) else data)}


def in_state(change: Callable[[Saved], Saved]) -> Callable[[Parts], Parts]:
    """The newest checkpoint is another one, whole in itself."""

    def changed(parts: Parts) -> Parts:
        path = Path(_scratch, "state.safetensors")
        path.write_bytes(parts[STATE])
        return parts | {STATE: checkpoint.dump(change(checkpoint.read(path)))}

    return changed


_scratch = ""


@pytest.fixture(autouse=True)
def _a_scratch(tmp_path: Path) -> None:
    global _scratch
    _scratch = str(tmp_path)


def without(name: str) -> Callable[[Parts], Parts]:
    return lambda parts: {other: data for other, data in parts.items() if other != name}


def _deep(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def _raw(tensors: dict[str, torch.Tensor], head: Any) -> bytes:
    """A checkpoint file whose checksum is right, whatever is in it."""
    return save(tensors, metadata={"gan-playground": json.dumps(head | {"crc": checkpoint._crc(tensors, head)})})


_HEAD = {"version": 3, "config": {}, "numbers": {"step": 6, "images": 96}, "journal": 0, "start": {}, "facts": {}}
_DIAGNOSIS = {"step": 1, "findings": [{"code": "early", "since": 1, "template": "{x}", "params": {"x": 1}}]}
_FAVOURITE = {
    "id": "0123456789ab",
    "name": "x" * 200,
    "at": "AAAA",
    "look": {},
    "step": 6,
    "created": "2026-01-01T00:00:00",
}
_MEASURED = {"step": 6, "time": "2026", "features": "../../../x", "classes": [], "found": {"samples": 1}}

HOSTILE: dict[str, Callable[[Parts], Parts]] = {
    "no note": without(NOTE), "no settings": without("config.toml"), "no facts": without("run.json"),
    "a note of something else": in_json(NOTE, format="a house"), "a later version": in_json(NOTE, version=99), "a version that is a list": in_json(NOTE, version=[1]),
    "a note that is a list": instead(NOTE, "[]"), "a note with NaN": instead(NOTE, '{"format": NaN}'), "a note that is deep": instead(NOTE, _deep(100_000)),
    "a path upwards": instead("../../evil.py", "x"), "an absolute path": instead("/tmp/evil.py", "x"), "a drive": instead("C:/evil.py", "x"),
    "a backslash": instead("checkpoints\\..\\..\\evil", "x"), "another name": instead("evil.py", "x"), "another folder": instead("history/evil/x.webp", "x"),
    "another case": instead("Run.json", "{}"), "a folder of another case": instead("Checkpoints/000000000006.safetensors", "x"),
    "a pickle beside": instead("checkpoints/000000000006.pt", "x"), "a huge text": instead("notes.json", b" " * (2 << 20)),
    "a setting that there is not": behind("config.toml", '\n[evil]\nx = 1\n'), "a loss that is not here": lambda p: p | {"config.toml": p["config.toml"].replace(b'loss = "', b'loss = "my_own_')},
    "a value out of range": lambda p: p | {"config.toml": p["config.toml"].replace(b"batch_size = 16", b"batch_size = -1")},
    "no TOML": instead("config.toml", "\0\0"), "no UTF-8": instead("config.toml", b"\xff\xfe"), "deep TOML": instead("config.toml", "a = " + "[" * 100_000),
    "NaN in the facts": lambda p: p | {"run.json": p["run.json"].replace(b'"step": 6', b'"step": NaN')}, "infinite seconds": in_json("run.json", seconds=1e400),
    "steps below zero": in_json("run.json", step=-1), "steps that are text": in_json("run.json", step="6"), "facts that are deep": instead("run.json", _deep(100_000)),
    "facts that are a list": instead("run.json", "[1]"), "facts that are cut": lambda p: p | {"run.json": p["run.json"][:40]}, "a status of its own": in_json("run.json", status="<b>"),
    "a parent that is a path": in_json("run.json", parent={"run": "../../x", "step": 1}), "a hash that is none": in_json("run.json", data_hash="x"),
    "metrics that are a list": in_json("run.json", metrics=[1]), "an enormous number": instead("run.json", '{"step": ' + "9" * 5000 + "}"),
    "a journal that is cut": lambda p: p | {"journal.jsonl": p["journal.jsonl"][:-9]}, "a journal of something else": behind("journal.jsonl", "[]\n"),
    "a change of what there is not": behind("journal.jsonl", '{"step": 6, "do": "change", "changes": {"__class__": [1, 2]}}\n'),
    "a change to what cannot be": behind("journal.jsonl", '{"step": 6, "do": "change", "changes": {"g_optimizer.lr": [1, "x"]}}\n'),
    "a journal with NaN": behind("journal.jsonl", '{"step": 6, "do": "x", "time": NaN}\n'), "a journal entry at no step": behind("journal.jsonl", '{"step": -4, "do": "x"}\n'),
    "curves that are text": instead("metrics.csv", "hello\n"), "curves with a formula": behind("metrics.csv", "=cmd|' /C calc'!A0,1\n"), "curves that are cut": lambda p: p | {"metrics.csv": p["metrics.csv"][:-3]},
    "a diagnosis with NaN": instead("diagnosis.jsonl", '{"step": NaN}\n'), "a diagnosis of something else": instead("diagnosis.jsonl", "[]\n"),
    "a long name": in_json("notes.json", name="x" * 5000), "a name that is a number": in_json("notes.json", name=7), "many tags": in_json("notes.json", tags=[str(i) for i in range(999)]),
    "long notes": in_json("notes.json", notes="x" * 50_000), "deep notes": instead("notes.json", _deep(100_000)),
    "favourites of a later version": in_json("favourites.json", version=9), "a favourite that is none": in_json("favourites.json", favourites=[_FAVOURITE]),
    "favourites that are deep": instead("favourites.json", _deep(100_000)), "directions of something else": instead("latent.json", "{}"),
    "a measurement that is none": instead("measures/000000000006-classifier-1.json", "{}"), "a measurement that names a file": instead("measures/000000000006-classifier-1.json", json.dumps(_MEASURED)),
    "a still that is none": instead("still.webp", b"<svg onload=alert(1)>"), "a still that is cut": lambda p: p | {"still.webp": p["still.webp"][:60]},
    "a picture of the past that is none": instead("history/000000000006.webp", b"RIFF____WEBP"),
    "a checkpoint that is cut": lambda p: p | {STATE: p[STATE][:-9]}, "a checkpoint that was changed": lambda p: p | {STATE: p[STATE][:-9] + b"x" * 9},
    "an empty checkpoint": instead(STATE, b""), "a header that is longer than the file": instead(STATE, struct.pack("<Q", 2**60) + b"{}"),
    "a header that is deep": instead(STATE, struct.pack("<Q", 300_000) + b'{"a":' * 60_000), "a bomb of a header": instead(STATE, struct.pack("<Q", 100) + b" " * 100),
    "a checkpoint of another step": lambda p: p | {"checkpoints/000000000009.safetensors": p[STATE]},
    "a checkpoint without players": instead(STATE, _raw({}, _HEAD)), "a player that is a number": in_state(lambda s: s._replace(state=s.state | {"ema": 3})),
    "paths that cross": instead(STATE, _raw({"a": torch.zeros(1), "a/b": torch.zeros(1)}, _HEAD)), "settings that are a list": instead(STATE, _raw({}, _HEAD | {"config": [1]})),
    "a step that is text": in_state(lambda s: s._replace(state=s.state | {"step": "6"})), "settings of its own in a checkpoint": in_state(lambda s: s._replace(config=s.config | {"evil": 1})),
    "larger networks than its settings": in_state(lambda s: s._replace(state=s.state | {"ema": {k: torch.zeros(9, 9) for k in s.state["ema"]}})),
    "weights that are missing": in_state(lambda s: s._replace(state=s.state | {"ema": {}})), "weights that are no numbers": in_state(lambda s: s._replace(state=s.state | {"ema": {k: v * torch.nan for k, v in s.state["ema"].items()}})),
    "other settings than the run's": in_state(lambda s: s._replace(config=s.config | {"generator": s.config["generator"] | {"hidden": [64, 64]}})),
    "no weights at all": lambda p: {name: data for name, data in p.items() if not name.endswith(".safetensors")},
    "pictures that it does not learn": instead("pictures/set.json", "{}"), "an array that is pickled": instead("pictures/pictures.npy", b"\x93NUMPY\x01\x00"),
    "an archive in it": instead("checkpoints/000000000007.safetensors", b"PK\3\4")
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(HOSTILE))
def test_it_is_refused(code: str, whole: Path, there: Store, tmp_path: Path) -> None:
    refused(packed(HOSTILE[code](parts_of(whole)), tmp_path / "x.zip"), there)


def test_a_pickle_is_never_opened(whole: Path, there: Store, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    for data in (pickle.dumps(Payload(trace)), b"\x80\x04" + pickle.dumps(Payload(trace))[2:]):
        for name in (STATE, "run.json", "favourites.json", "still.webp"):
            refused(packed(parts_of(whole) | {name: data}, tmp_path / "x.zip"), there)
    assert not trace.exists()


def test_links_devices_and_what_is_locked(whole: Path, there: Store, tmp_path: Path) -> None:
    for form, flags in ((stat.S_IFLNK, 0), (stat.S_IFCHR, 0), (stat.S_IFREG, 1)):
        path = packed(parts_of(whole), tmp_path / "x.zip")
        with zipfile.ZipFile(path, "a") as archive:
            info = zipfile.ZipInfo("still.webp.link" if not flags else "latent.json.x")
            info.create_system, info.external_attr = 3, (form | 0o777) << 16
            archive.writestr(info, "/etc/passwd")
            if flags:
                archive.filelist[-1].flag_bits |= 1
        refused(path, there)


def test_a_name_twice(whole: Path, there: Store, tmp_path: Path) -> None:
    path = packed(parts_of(whole), tmp_path / "x.zip")
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("run.json", "{}")
    assert refused(path, there).template == unpacking.TWICE


def test_bombs(whole: Path, there: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_SMALL", 1 << 20)
    monkeypatch.setattr(unpacking, "_RATIO", 10)
    path = packed(parts_of(whole) | {"metrics.csv": b"0" * (8 << 20)}, tmp_path / "x.zip")
    assert refused(path, there).template == unpacking.BOMB
    path = packed({"notes.json": b"0"}, tmp_path / "y.zip", zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())  # one that says less than it unpacks to
    data[:] = data.replace(struct.pack("<LL", 1, 1), struct.pack("<LL", 1, 2))
    path.write_bytes(data)
    refused(path, there)


def test_very_many_entries_are_not_even_listed(there: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed({f"history/{i:012}.webp": b"" for i in range(unpacking.MOST_FILES + 1)}, tmp_path / "x.zip")

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("listed")

    monkeypatch.setattr(archives.zipfile, "ZipFile", never)
    assert refused(path, there).template == unpacking.NOT_A_RUN


def test_what_is_no_zip(there: Store, whole: Path, tmp_path: Path) -> None:
    for data in (b"", b"PK", b"x" * 5000, whole.read_bytes()[:-30], whole.read_bytes() + b"x", b"PK\5\6" + bytes(18)):
        (tmp_path / "x.zip").write_bytes(data)
        refused(tmp_path / "x.zip", there)


def test_any_byte_that_is_changed_is_noticed_or_harmless(whole: Path, tmp_path: Path) -> None:
    rng, data = np.random.default_rng(0), whole.read_bytes()
    store = Store(tmp_path / "fuzzed")
    for place in rng.integers(0, len(data), 25):
        changed = bytearray(data)
        changed[place] ^= 1 << int(rng.integers(8))
        (tmp_path / "x.zip").write_bytes(changed)
        try:
            made = take_in(tmp_path / "x.zip", "x.zip", store, OWNER)
        except PlaygroundError:
            continue
        assert store.folder(made).read_checkpoint().state["step"] == 6


def test_code_in_names_and_notes_stays_text(whole: Path, tmp_path: Path) -> None:
    store, text = Store(tmp_path / "s"), "<script>alert(1)</script> {x.__class__} $(rm -rf /)"
    parts = in_json("notes.json", name=text, notes=text + "\x00\x1b[2J", tags=[text[:20]])(parts_of(whole))
    made = take_in(packed(parts, tmp_path / "x.zip"), "x.zip", store, OWNER)
    said = store.about(made)
    assert (said.name, said.notes, said.tags) == (text, text + "[2J", (text[:20].strip(),))


def test_sentences_of_others_are_not_filled_in(whole: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    lines = [
        _DIAGNOSIS,
        _DIAGNOSIS | {"findings": [{"code": "early", "since": 1, "template": "{x:>9999999999}", "params": {"x": 1}}]},
    ]
    parts = parts_of(whole) | {"diagnosis.jsonl": "".join(json.dumps(line) + "\n" for line in lines).encode()}
    said = json.loads(parts["run.json"]) | {
        "message": {"template": "{x:>9999999999}", "params": {"x": 1}},
        "owner": "me",
        "together": [RING],
    }
    parts["run.json"] = json.dumps(said).encode()
    made = store.folder(take_in(packed(parts, tmp_path / "x.zip"), "x.zip", store, OWNER))
    assert made.cases.at(10) == ()
    assert made.facts()["owner"] == OWNER
    assert not {"message", "together"} & made.facts().keys()


def test_a_plugin_that_is_not_here_is_named(whole: Path, there: Store, tmp_path: Path) -> None:
    parts = HOSTILE["a loss that is not here"](in_json(NOTE, plugins=["my_loss.py", "<b>"])(parts_of(whole)))
    caught = refused(packed(parts, tmp_path / "x.zip"), there)
    assert caught.template == unpacking.NEEDS_PLUGIN
    assert "my_loss.py" in str(caught)


def test_a_table_or_pictures_that_are_others(there: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Store(tmp_path / "here")
    name = table.keep(np.random.default_rng(0).normal(size=(50, 2)), ("x", "y"), here.root)
    pack(_parcel.trained(here, RING, _tiny.points(data__name="table", data__table=name)), tmp_path / "t.zip", here.root)
    monkeypatch.setattr(table, "_roots", [])
    monkeypatch.setattr(table, "_beside", table._beside.__class__())
    other = parts_of(tmp_path / "t.zip")
    other["table.safetensors"] = table._packed(np.random.default_rng(1).normal(size=(50, 2)), ("x", "y"))
    refused(packed(other, tmp_path / "x.zip"), there)
    del other["table.safetensors"]
    refused(packed(other, tmp_path / "x.zip"), there)

    made = _picset.make(here.root, size=16, classes=4)
    PictureSets(here.root)._own(made.name, "me", "Bars", "2026-01-01T00:00:00+00:00", (), ())
    config = _tiny.pictures(data__name="pictures", data__pictures=made.name, data__image_size=16)
    pack(_parcel.trained(here, DIGITS, config), tmp_path / "p.zip", here.root)
    right = parts_of(tmp_path / "p.zip")
    pixels, labels = bytearray(right["pictures/pictures.npy"]), bytearray(right["pictures/labels.npy"])
    pixels[-1] ^= 1
    labels[-8] ^= 1
    classes = json.loads(right["pictures/set.json"]) | {"classes": ["a", "b", "c", "<b>"]}
    pickled = (
        b"\x93NUMPY\x01\x00v\x00"
        + b"{'descr': '|O', 'fortran_order': False, 'shape': (120, 1, 16, 16), }".ljust(117)
        + b"\n"
    )
    for part, data in (("pictures.npy", bytes(pixels)), ("labels.npy", bytes(labels)), ("set.json", json.dumps(classes).encode()),
                       ("pictures.npy", pickled + pickle.dumps(Payload(tmp_path / "trace"))), ("set.json", _deep(100_000).encode())):  # fmt: skip
        caught = refused(packed(right | {f"pictures/{part}": data}, tmp_path / "x.zip"), there)
        assert caught.template == unpacking.WRONG_PICTURES
    assert not (tmp_path / "trace").exists()


def test_nothing_stays_where_the_disk_refuses(whole: Path, there: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "settle", full)
    with pytest.raises(PlaygroundError) as caught:
        take_in(whole, "x.zip", there, OWNER)
    assert caught.value.template == unpacking.NO_DISK
    assert str(there.root) not in str(caught.value)
    assert whole.stat().st_size < packing.LARGEST
