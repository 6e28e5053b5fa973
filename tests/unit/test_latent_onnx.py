"""Generators of other programs: the pictures and gradients of an ONNX file are those of the network it was made from, and no file does harm."""

from __future__ import annotations

import base64
import json
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import _explored
import _onnx
import numpy as np
import pytest
import torch
from _onnx import DIM, SIDE, constant, node, of_network, value
from PIL import Image
from torch import Tensor

from gan_core.errors import ConfigError, PlaygroundError, RunError
from gan_core.latent import models, onnx_models, onnx_worker
from gan_core.latent.asking import ASKS, Answer, CalledOffError, asked_for
from gan_core.latent.explorer import Explorer, Room
from gan_core.latent.models import Models
from gan_core.latent.onnx_models import Answers, likely_range
from gan_core.latent.onnx_worker import Model, RefusedError

A, B, C = ({"seed": seed} for seed in range(3))


def answered(where: Room, ask: str, asked: dict[str, Any]) -> Answer:
    return asked_for(ask).answer(where, asked, lambda share, so_far=None: None)


def wanted(latents: Tensor) -> Tensor:
    return _onnx.network()(latents).view(-1, 1, SIDE, SIDE)


def brought(root: Path, data: bytes, **said: Any) -> Room:
    there = Models(root)
    model = there.add(data, "mine.onnx", "me", Answers(**said))
    return Explorer(there.folder(model.id)).room(0)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    return brought(tmp_path_factory.mktemp("models"), of_network())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Room:
    return brought(tmp_path_factory.mktemp("models"), _onnx.told())


# ── the same generator ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_pictures_are_those_of_the_network(room: Room) -> None:
    explored = room.explored
    latents = explored.many(70, 0)
    torch.testing.assert_close(explored.draw(latents), wanted(latents), atol=1e-5, rtol=0)
    torch.testing.assert_close(explored.draw(latents, 0.5), wanted(latents * 0.5), atol=1e-5, rtol=0)
    assert explored.draw(latents[:0]).shape == (0, 1, SIDE, SIDE)
    facts = _explored.answer(room, "about").facts
    assert (facts["dim"], facts["shape"], facts["classes"], facts["kind"]) == (DIM, [1, SIDE, SIDE], [], "images")
    assert not any(facts[name] for name in ("judged", "encodes", "styles", "known", "open", "saves"))


def test_gradients_by_differences_are_those_of_autograd(room: Room) -> None:
    z = room.explored.many(2, 1)
    weights = _explored.randn(2, 1, SIDE, SIDE, seed=4)
    found, expected = z.clone().requires_grad_(), z.clone().requires_grad_()
    (room.explored.forward(found) * weights).sum().backward()
    (wanted(expected) * weights).sum().backward()
    torch.testing.assert_close(found.grad, expected.grad, atol=1e-3, rtol=1e-3)


def test_gradients_of_half_precision_are_nearly_those(tmp_path: Path) -> None:
    where = brought(tmp_path, of_network(kind=_onnx.HALF))
    z = where.explored.many(1, 1)
    found, expected = z.clone().requires_grad_(), z.clone().requires_grad_()
    where.explored.forward(found).square().sum().backward()
    wanted(expected).square().sum().backward()
    assert float((found.grad - expected.grad).norm() / expected.grad.norm()) < 0.03  # type: ignore[operator, union-attr]


def test_a_class_is_asked_for(told: Room) -> None:
    explored = told.explored
    assert explored.class_names == ["0", "1", "2", "3", "4"]
    table = torch.from_numpy(np.random.default_rng(1).normal(size=(5, DIM)).astype(np.float32))
    inputs = explored.asked(explored.many(3, 0), 4)
    torch.testing.assert_close(explored.draw(inputs), wanted(inputs[:, :DIM] + table[4]), atol=1e-5, rtol=0)
    assert explored.classes_of(inputs).tolist() == [4, 4, 4]  # type: ignore[union-attr]
    found = inputs.clone().requires_grad_()
    explored.forward(found).sum().backward()
    assert not found.grad[:, DIM:].any()  # type: ignore[index]


def test_a_projection_finds_a_latent_again(room: Room) -> None:
    target = room.explored.draw(room.explored.seed(77)[None])
    pixels = ((target + 1) * 127.5).round().to(torch.uint8)
    octets = base64.b64encode(pixels.numpy().tobytes()).decode()
    found = _explored.answer(room, "project", target=octets, steps=150)
    assert found.facts["psnr"] > 25
    assert found.facts["start"] == "sample"


def test_a_search_can_be_called_off_within_a_step(room: Room) -> None:
    heard = 0

    def tell(share: float, so_far: Any = None) -> None:
        nonlocal heard
        heard += 1
        if heard == 15:  # in the first step
            raise CalledOffError

    octets = base64.b64encode(bytes(SIDE * SIDE)).decode()
    with pytest.raises(CalledOffError):
        asked_for("project").answer(room, {"target": octets, "steps": 300}, tell)
    assert heard == 15


# ── what is found out ────────────────────────────────────────────────────────────────────────────────────────────────────


def planned(data: bytes, **said: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return Model(data).planned(said)


def rgb(layout: str) -> bytes:
    shape = (-1, 3, SIDE, SIDE) if layout == "NCHW" else (-1, SIDE, SIDE, 3)
    return of_network(_onnx.network(DIM, 3 * SIDE * SIDE), shape)


FORMS: dict[str, tuple[bytes, dict[str, Any]]] = {
    "plain": (of_network(), {"latent": "z", "dim": DIM, "layout": "NCHW", "shape": [1, SIDE, SIDE], "batch": 0, "label": "", "classes": 0}),
    "latents are pictures of one pixel": (of_network(latent=("N", DIM, 1, 1)), {"dim": DIM, "batch": 0}),
    "half precision": (of_network(kind=_onnx.HALF), {"dim": DIM, "shape": [1, SIDE, SIDE]}),
    "one at a time": (of_network(latent=(1, DIM), shape=(1, 1, SIDE, SIDE)), {"batch": 1}),
    "three at a time": (of_network(latent=(3, DIM)), {"batch": 3}),
    "any number, and then one": (of_network(shape=(1, 1, SIDE, SIDE)), {"batch": 1}),
    "the size is left open": (of_network(latent=("N", "D")), {"dim": DIM}),
    "colours first": (rgb("NCHW"), {"layout": "NCHW", "shape": [3, SIDE, SIDE]}),
    "colours last": (rgb("NHWC"), {"layout": "NHWC", "shape": [3, SIDE, SIDE]}),
    "no channels": (of_network(shape=(-1, SIDE, SIDE)), {"layout": "NHW", "shape": [1, SIDE, SIDE]}),
    "a class number": (_onnx.told(), {"label": "label", "form": "index", "classes": 5}),
    "a class as one of many": (_onnx.told(kind="onehot"), {"label": "label", "form": "onehot", "classes": 5}),
    "larger than is shown": (of_network(more=[node("Resize", ["y", "", "scales"], ["out"])], out="out", constants=[constant("scales", np.array([1, 1, 64, 50], np.float32))]), {"shape": [1, 256, 256]}),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_what_a_file_takes_and_gives_is_found_out(form: str) -> None:
    data, expected = FORMS[form]
    plan, facts = planned(data)
    assert {name: plan[name] for name in expected} == expected
    assert facts["needs"] == []
    drawn = Model(data).draw(plan, onnx_worker._noise(5, plan["dim"], plan["classes"]))
    assert drawn.shape == (5, *plan["shape"])


@pytest.mark.parametrize("form", ["latents are pictures of one pixel", "one at a time", "three at a time", "half precision", "any number, and then one"])  # fmt: skip
def test_however_it_is_fed_the_pictures_are_the_same(form: str) -> None:
    data, _ = FORMS[form]
    rows = onnx_worker._noise(5, DIM, 0)
    found = torch.from_numpy(Model(data).draw(planned(data)[0], rows))
    torch.testing.assert_close(found, wanted(torch.from_numpy(rows)), atol=5e-3 if form == "half precision" else 1e-5, rtol=0)  # fmt: skip


def test_large_pictures_are_means_of_areas() -> None:
    x = np.random.default_rng(0).normal(size=(1, 3, 512, 1024)).astype(np.float32)
    expected = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(x), (256, 256))
    torch.testing.assert_close(torch.from_numpy(onnx_worker._smaller(x)), expected, atol=1e-6, rtol=0)


def test_of_two_inputs_the_noise_is_guessed_and_can_be_chosen() -> None:
    data = _onnx.told(kind="onehot")
    assert planned(data)[1]["latents"] == ["z", "label"]
    plan, facts = planned(data, latent="label")
    assert (plan["latent"], plan["label"], plan["dim"], plan["classes"]) == ("label", "z", 5, DIM)
    assert "low" in facts


def test_what_cannot_be_found_out_has_to_be_said(tmp_path: Path) -> None:
    unknown = of_network(
        more=[node("Cast", ["label"], ["f"], to=_onnx.FLOAT), node("Reshape", ["f", "column"], ["m"]), node("Mul", ["m", "tiny"], ["t"]), node("Add", ["y", "t"], ["out"])],
        out="out", extra=[value("label", _onnx.INT64, ["N"])], constants=[constant("tiny", np.float32(0.01)), constant("column", np.array([-1, 1, 1, 1]))],
    )  # fmt: skip
    plan, facts = planned(unknown)
    assert facts["needs"] == ["classes"]
    assert planned(unknown, classes=3)[0]["classes"] == 3
    odd = of_network(_onnx.network(37), latent=("N", "D"))
    plan, facts = planned(odd)
    assert (plan["dim"], facts["needs"]) == (0, ["dim"])
    assert planned(odd, dim=37)[1]["needs"] == []
    with pytest.raises(RefusedError, match="size"):
        planned(odd, dim=36)
    there = Models(tmp_path)
    with pytest.raises(ConfigError, match="how many numbers its noise has"):
        there.add(odd, "odd.onnx", "me")
    assert there.look_into(odd, "odd.onnx", Answers()).plan is None
    found = there.look_into(odd, "odd.onnx", Answers(dim=37, distribution="uniform", values="unit"))
    assert found.plan is not None
    assert (found.plan.dim, found.plan.distribution, found.plan.values, found.free) == (37, "uniform", "unit", True)
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize(("low", "high", "code"), [(-0.98, 0.97, "signed"), (-1.1, 1.3, "signed"), (0.0, 1.0, "unit"), (-0.02, 0.9, "unit"), (0, 255, "bytes"), (2, 199, "bytes")])  # fmt: skip
def test_the_range_of_values_is_guessed(low: float, high: float, code: str) -> None:
    assert likely_range(low, high) == code


@pytest.mark.parametrize("values", ["unit", "bytes"])
def test_values_of_another_range_become_the_same_pictures(values: str, tmp_path: Path) -> None:
    low, high = onnx_models.RANGES[values]
    more = [node("Mul", ["y", "scale"], ["s"]), node("Add", ["s", "middle"], ["out"])]
    numbers = [constant("scale", np.float32((high - low) / 2)), constant("middle", np.float32((high + low) / 2))]
    where = brought(tmp_path, of_network(more=more, out="out", constants=numbers), distribution="sphere")
    latents = where.explored.many(4, 0)
    torch.testing.assert_close(latents.norm(dim=1), torch.full((4,), DIM**0.5))
    torch.testing.assert_close(where.explored.draw(latents), wanted(latents), atol=1e-5, rtol=0)


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────────

INF = constant("inf", np.float32("inf"))
REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "damaged"),
    "text": (b"\x08hello", "damaged"),
    "cut": (of_network()[:-40], "damaged"),
    "weights elsewhere": (_onnx.elsewhere("weights.bin"), "external"),
    "weights above": (_onnx.elsewhere("../../etc/passwd"), "external"),
    "a later opset": (of_network(opset=99), "version"),
    "a later format": (of_network(ir=99), "version"),
    "an operator of its own": (of_network(more=[node("Foo", ["y"], ["out"], domain="my.ops")], out="out", domains=["my.ops"]), "operator"),
    "no such operator": (of_network(more=[node("Foo", ["y"], ["out"])], out="out"), "operator"),
    "no latent": (_onnx.packed([node("Identity", ["x"], ["y"])], [value("x", _onnx.FLOAT, ["N", 1, 8, 8])], [value("y", _onnx.FLOAT, [None] * 4)], []), "no_latent"),
    "one more input": (of_network(more=[node("Add", ["y", "psi"], ["out"])], out="out", extra=[value("psi", _onnx.FLOAT, [])]), "inputs"),
    "no picture": (of_network(shape=(-1, SIDE * SIDE)), "output"),
    "two channels": (of_network(shape=(-1, 2, 4, 8)), "output"),
    "not all numbers": (of_network(more=[node("Add", ["y", "inf"], ["out"])], out="out", constants=[INF]), "finite"),
    "by chance": (of_network(more=[node("RandomNormalLike", ["y"], ["r"]), node("Add", ["y", "r"], ["out"])], out="out"), "chance"),
    "too many at once": (of_network(latent=(500, DIM)), "batch"),
    "too much noise": (of_network(_onnx.network(5000), latent=("N", 5000)), "dim"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_nothing_else_is_taken_for_a_generator(kind: str) -> None:
    data, code = REFUSED[kind]
    with pytest.raises(RefusedError) as found:
        planned(data)
    assert found.value.code == code
    params = {"smallest": 4, "largest": 1024, "size": 4, "name": "mine", **found.value.params}
    assert "{" not in onnx_models._REFUSED[code].format(**params)


@pytest.mark.parametrize(("data", "name", "sentence"), [
    (_onnx.elsewhere("../../secret"), "mine.onnx", "keeps its weights in other files"),
    (_onnx.enormous(), "mine.onnx", "needs more memory"),
    (pickle.dumps({"a": 1}), "mine.onnx", "pickled file"),
    (of_network(shape=(-1, 2, 4, 8)), "a.bin", r"gives no pictures, but y 2 × 2 × 4 × 8"),
], ids=["elsewhere", "enormous", "pickle", "no picture"])  # fmt: skip
def test_a_refused_file_leaves_nothing(data: bytes, name: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(4 * 16 * DIM))  # two folders above where it is kept
    there = Models(tmp_path)
    with pytest.raises(PlaygroundError, match=sentence):
        there.add(data, name, "me")
    assert there.of("me") == []
    folder = tmp_path / "models"
    assert not folder.exists() or list(folder.iterdir()) == []


def test_one_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_models, "SECONDS", 4.0)
    with pytest.raises(RunError, match="longer than 4 seconds"):
        Models(tmp_path).add(_onnx.endless(), "mine.onnx", "me")


def test_a_process_whose_server_is_gone_ends(tmp_path: Path) -> None:
    (tmp_path / "endless.onnx").write_bytes(_onnx.endless())
    child = subprocess.Popen([sys.executable, "-P", onnx_worker.__file__, str(tmp_path / "endless.onnx")], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)  # fmt: skip
    assert child.stdin is not None
    child.stdin.write(json.dumps({"plan": {}, "known": False, "memory": 4 << 30}).encode() + b"\n")
    child.stdin.flush()
    time.sleep(2)
    assert child.poll() is None
    child.stdin.close()
    assert child.wait(60) == 0


def test_too_large_is_refused_and_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Models(tmp_path)
    monkeypatch.setattr(onnx_models, "at_hand", lambda: False)
    with pytest.raises(ConfigError, match=r"pip install -e '.\[onnx\]'"):
        there.add(of_network(), "mine.onnx", "me")
    monkeypatch.setattr(models, "LARGEST_ONNX_MB", 0)
    with pytest.raises(ConfigError, match="at most 0"):
        there.add(of_network(), "mine.onnx", "me")


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_package_that_does_not_load_is_not_the_files_fault(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"{package}.py").write_text("raise ImportError('a library is missing')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(RunError, match="do not load"):
        Models(tmp_path / "models").add(of_network(), "mine.onnx", "me")
    assert Models(tmp_path / "models").of("me") == []


@pytest.mark.parametrize("said", [{"dim": -1}, {"dim": 5000}, {"classes": 10**6}, {"distribution": "x"}, {"values": "x"}, {"dim": DIM + 1}])  # fmt: skip
def test_wrong_answers_are_refused(said: dict[str, Any], tmp_path: Path) -> None:
    data = of_network(latent=("N", "D")) if said == {"dim": DIM + 1} else of_network()
    with pytest.raises(PlaygroundError):
        Models(tmp_path).add(data, "mine.onnx", "me", Answers(**said))
    assert Models(tmp_path).of("me") == []


# ── a model that is kept ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_ended_process_is_begun_again_and_a_deleted_file_is_said(tmp_path: Path) -> None:
    room = brought(tmp_path, of_network())
    explored = room.explored
    latents = explored.many(2, 0)
    first = explored.draw(latents)
    explored.g._child.end()  # type: ignore[union-attr, operator]
    assert torch.equal(explored.draw(latents), first)
    Models(tmp_path).remove(room.explorer.folder.path.name)
    explored.g._child.end()  # type: ignore[union-attr, operator]
    with pytest.raises(RunError, match="not there any more"):
        explored.draw(latents)
    with pytest.raises(RunError, match="deleted"):
        Explorer(room.explorer.folder).room(0)


def test_a_damaged_note_and_another_step_are_said(tmp_path: Path) -> None:
    room = brought(tmp_path, of_network())
    with pytest.raises(RunError, match="not kept"):
        room.explorer.room(1)
    note = room.explorer.folder.path / "model.json"
    said = json.loads(note.read_text(encoding="utf-8"))
    for plan in (
        None,
        [],
        {},
        {**said["plan"], "dim": 0},
        {**said["plan"], "shape": [3, 9, 9999]},
        {**said["plan"], "values": "x"},
    ):
        note.write_text(json.dumps({**said, "plan": plan}), encoding="utf-8")
        with pytest.raises(ConfigError, match="cannot be read"):
            Explorer(room.explorer.folder).room(0)


def test_the_script_draws_the_same_picture(told: Room, tmp_path: Path) -> None:
    at = _explored.answer(told, "draw", places=[{"seed": 3, "class": 2}], more=True).facts["at"][0]
    script = answered(told, "as_script", {"name": "One", "at": at, "look": {"psi": 0.7}})
    assert script.facts["checkpoint"] == "mine.onnx"
    (tmp_path / "one.py").write_bytes(script.arrays["file"].tobytes())
    file = told.explorer.folder.path / "generator.onnx"
    subprocess.run([sys.executable, "one.py", str(file), "one.png"], cwd=tmp_path, check=True)
    drawn = _explored.answer(told, "draw", places=[{"at": at}], psi=0.7).arrays["samples"][0, 0]
    assert np.abs(np.asarray(Image.open(tmp_path / "one.png")).astype(int) - drawn).max() <= 1


# ── every tool ───────────────────────────────────────────────────────────────────────────────────────────────────────────

_OCTETS = "gICA" * 21 + "gA=="  # 64 bytes of grey
ASKED: dict[str, dict[str, Any]] = {
    "draw": {"places": [A, {"pad": [A, B, C], "corners": [[0, 1], [1, -1], [-1, -1]], "point": [0, 0]}], "more": True},
    "strips": {"place": A, "of": [["axes.z", 0]]}, "measured": {"name": "axes.z", "indices": [0], "samples": 8},
    "name": {"by": "marks", "these": [{"seed": k} for k in range(5)], "others": [{"seed": k} for k in range(5, 10)]}, "find": {"how": "pictures", "count": 3},
    "map": {"how": "pca", "samples": 50}, "way": {"keyframes": [A, B]}, "arithmetic.near": {"place": A, "count": 50},
    "film": {"keyframes": [A, B], "format": "gif", "seconds": 1, "rate": 10, "size": 256}, "project": {"target": _OCTETS, "steps": 2},
    "truncation": {"samples": 50}, "noises": {"place": A}, "nearest": {"place": A}, "units": {"place": A}, "responsible": {"place": A},
    "weak": {"samples": 100}, "save_direction": {"name": "axes.z", "index": 0, "title": "One", "how": "axes"}, "forget_direction": {"name": "saved.x"},
    "keep": {"favourites": [{"name": "One", "at": "AAAA"}]}, "rename": {"id": "x", "name": "Two"}, "forget": {"id": "x"},
}  # fmt: skip
REFUSALS = {"background", "noises", "nearest", "units", "responsible", "weak", "as_model"}  # a sentence each


@pytest.mark.parametrize("name", sorted(ASKS))
def test_every_question_is_answered_or_refused_in_words(name: str, told: Room) -> None:
    at = _explored.answer(told, "draw", places=[A], more=True).facts["at"][0]
    asked = dict(ASKED.get(name, {}))
    if name in ("checked", "keep"):
        asked["favourites"] = [{"name": "One", "at": at}]
    if name in ("as_png", "as_script"):
        asked |= {"name": "One", "at": at}
    if name in REFUSALS | {"rename"}:
        with pytest.raises(PlaygroundError) as error:
            answered(told, name, asked)
        assert "run" not in str(error.value).split()
        return
    found = answered(told, name, asked)
    json.dumps(dict(found.facts), allow_nan=False)
    assert all(np.isfinite(array).all() for array in found.arrays.values())


@pytest.mark.parametrize(("name", "asked"), [
    ("find", {"how": "sefa"}), ("find", {"how": "ganspace"}), ("find", {"how": "pictures", "space": "w"}), ("name", {"by": "class"}), ("name", {"by": "d"}),
    ("name", {"by": "factor", "factor": "x"}), ("project", {"target": _OCTETS, "space": "w"}), ("draw", {"places": [A], "off": [[0, 0, 0]]}),
    ("draw", {"places": [A], "noise": [[0, 1]]}), ("draw", {"places": [{"mix": [A, B], "from": 1}]}), ("way", {"keyframes": [A, B], "space": "w"}),
])  # fmt: skip
def test_what_needs_a_look_inside_is_refused(name: str, asked: dict[str, Any], told: Room) -> None:
    with pytest.raises(ConfigError):
        answered(told, name, asked)


@pytest.mark.parametrize(("name", "asked"), [
    ("find", {"how": "axes"}), ("find", {"how": "chance"}), ("map", {"how": "tsne", "samples": 50}), ("map", {"how": "slice", "through": [A, B, C], "side": 3}),
    ("map", {"how": "slice", "of": A, "by": [["axes.z", 0], ["axes.z", 1]], "side": 3}), ("arithmetic.near", {"place": A, "count": 50, "by": "features"}),
])  # fmt: skip
def test_the_other_ways_work(name: str, asked: dict[str, Any], told: Room) -> None:
    assert answered(told, name, asked).facts


def test_directions_of_pictures_are_where_pictures_vary_most(room: Room) -> None:
    """Of a linear generator with one strong and one weak direction, the first is the strong one."""
    found = _explored.answer(room, "find", how="pictures", count=4)
    vectors = torch.from_numpy(found.arrays["vectors"])
    assert found.facts["samples"] == 2000
    z = room.explored.many(200, 9)
    moved = [(wanted(z + 0.5 * vector) - wanted(z)).flatten(1).norm(dim=1).mean() for vector in vectors]
    chance = [
        (wanted(z + 0.5 * v / v.norm()) - wanted(z)).flatten(1).norm(dim=1).mean() for v in _explored.randn(20, DIM)
    ]
    assert moved[0] > torch.stack(chance).mean()


def test_truncation_without_data_says_so(told: Room) -> None:
    facts = _explored.answer(told, "truncation", samples=50).facts
    assert (facts["real"], facts["reference"], facts["judged"], facts["by"], facts["within"]) == (None, 0, 0, "pixels", True)  # fmt: skip
    assert facts["rows"][0]["diversity"] == pytest.approx(0, abs=1e-6)
