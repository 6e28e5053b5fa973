"""A sample as a file that stands alone: run without gan_core, and compared bit for bit with what the page shows."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import _tiny
import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import serial
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, ExportError
from gan_core.latent import reading
from gan_core.latent.asking import Answer, asked_for
from gan_core.latent.explorer import Explorer, Room
from gan_core.latent.models import as_file
from gan_core.runs.checkpoint import Saved, copy_state
from gan_core.runs.folder import RunFolder


def explored_room(path: Path, config: RunConfig, steps: int = 2) -> Room:
    """A run that was trained a little, as it is explored."""
    folder = RunFolder(path)
    folder.create(config, {"run": path.name})
    trainer = _tiny.trained(config, steps)
    folder.write_checkpoint(Saved(copy_state(trainer.state_dict()), serial.to_dict(config)))
    return Explorer(folder).room(steps)


def ask(room: Room, what: str, /, **asked: Any) -> Answer:
    from gan_core.latent import tools  # noqa: F401  (registers what can be asked)

    return asked_for(what).answer(room, asked, lambda *_: None)


def written(room: Room, folder: Path, **asked: Any) -> tuple[Path, list[str]]:
    """The script, and what it is called with: the checkpoint, and where its picture goes."""
    answer = ask(room, "as_script", name="Some place", **asked)
    script = folder / answer.facts["name"]
    script.write_bytes(answer.arrays["file"].tobytes())
    return script, [str(room.explorer.folder.path / answer.facts["checkpoint"]), str(folder / "drawn.png")]


def drawn_by_script(room: Room, folder: Path, **asked: Any) -> tuple[str, Path]:
    """What the script says, and the picture that it writes."""
    script, arguments = written(room, folder, **asked)
    text = script.read_text(encoding="utf-8")
    assert "gan_core" not in text
    said, before, threads = io.StringIO(), sys.argv, torch.get_num_threads()
    sys.argv = [str(script), *arguments]
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(text, str(script), "exec", dont_inherit=True), {"__name__": "__main__"})
    finally:
        sys.argv = before
        torch.set_num_threads(threads)
    return said.getvalue(), Path(arguments[1])


def shown(room: Room, at: str, **look: Any) -> np.ndarray[Any, Any]:
    """(H, W) or (H, W, 3): as the page draws its current place."""
    samples = ask(room, "draw", places=[{"at": at}], **look).arrays["samples"][0]
    return samples if samples.ndim == 1 else samples.transpose(1, 2, 0).squeeze()


KINDS = {
    "mlp": {"generator__network": "mlp"},
    "dcgan": {},
    "dcgan.batch": {"generator__norm": "batch", "generator__upsampling": "bilinear", "generator__attention": True},
    "dcgan.spectral": {"generator__spectral_norm": True},
    "r3gan": {"generator__network": "r3gan", "data__image_size": 16, "generator__width": 8},
    "style": {"generator__network": "style", "data__image_size": 16, "latent__dim": 6},
    "told.input": {"generator__conditioning": "concat", "discriminator__conditioning": "concat"},
    "told.norm": {"generator__conditioning": "norm", "discriminator__conditioning": "projection", "generator__norm": "batch"},
    "vae": {"method": "vae", "penalty": "none"},
    "bigan": {"method": "bigan", "loss": "non_saturating", "penalty": "none"},
    "infogan": {"latent__categories": 3, "latent__continuous": 1, "loss": "hinge", "penalty": "none"},
}  # fmt: skip


def test_it_runs_where_the_app_is_not(tmp_path: Path) -> None:
    room = explored_room(tmp_path / "run", _tiny.pictures())
    at = reading.as_base64(room.explored.seed(3))
    script, arguments = written(room, tmp_path, at=at)
    blocked = f"import sys; sys.modules['gan_core'] = None; sys.argv = {[str(script), *arguments]!r}; exec(open({str(script)!r}).read())"
    done = subprocess.run(
        [sys.executable, "-I", "-c", blocked], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.asarray(Image.open(arguments[1])), shown(room, at))


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_script_draws_the_same_picture(kind: str, tmp_path: Path) -> None:
    room = explored_room(tmp_path / "run", _tiny.pictures(**KINDS[kind]))
    at = reading.as_base64(room.explored.seed(3))
    for look in ({}, {"psi": 0.37}):
        _, picture = drawn_by_script(room, tmp_path, at=at, look=look)
        assert np.array_equal(np.asarray(Image.open(picture)), shown(room, at, **look))
    png = ask(room, "as_png", name="x", at=at, look={"psi": 0.37}).arrays["file"].tobytes()
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png))), np.asarray(Image.open(picture)))


def test_styles_of_each_layer_are_drawn_the_same(tmp_path: Path) -> None:
    room = explored_room(tmp_path / "run", _tiny.pictures(**KINDS["style"]))
    styles = room.explored.styles(room.explored.many(2, 0))
    mixed = torch.cat([styles[0, :2], styles[1, 2:]])
    at = reading.as_base64(mixed)
    for look in ({}, {"psi": -0.5}):
        _, picture = drawn_by_script(room, tmp_path, at=at, look=look)
        assert np.array_equal(np.asarray(Image.open(picture)), shown(room, at, **look))


@pytest.mark.parametrize("kind", ["mlp", "dcgan", "r3gan", "style"])
def test_channels_are_switched_the_same(kind: str, tmp_path: Path) -> None:
    room = explored_room(tmp_path / "run", _tiny.pictures(**KINDS[kind]))
    at = reading.as_base64(room.explored.seed(5))
    last = len(room.explored.unit_layers) - 1
    off = [[last, 0, 0.0], [last, 2, 4.0], [0, 1, -1.5]]
    _, picture = drawn_by_script(room, tmp_path, at=at, look={"off": off})
    assert np.array_equal(np.asarray(Image.open(picture)), shown(room, at, off=off))
    assert not np.array_equal(shown(room, at), shown(room, at, off=off))


def test_the_noise_of_layers_is_drawn_the_same(tmp_path: Path) -> None:
    room = explored_room(tmp_path / "run", _tiny.pictures(**KINDS["style"]))
    with torch.no_grad():  # as much noise as can be seen after two steps: in the generator, and in its checkpoint
        for conv in room.explored.g.convs:  # type: ignore[union-attr]
            conv.noise.strength.fill_(0.7)  # type: ignore[union-attr]
    (file,) = (tmp_path / "run" / "checkpoints").glob("*")
    file.write_bytes(as_file(room.explored))
    at, plain = reading.as_base64(room.explored.seed(5)), [shown(room, reading.as_base64(room.explored.seed(5)))]
    for noise in ([[0, 7]], [[2, 7], [1, None]], [[k, k] for k in range(5)], [[k, None] for k in range(5)]):
        for more in ({}, {"psi": 0.4, "off": [[0, 1, 3.0]]}):
            look = {"noise": noise, **more}
            _, picture = drawn_by_script(room, tmp_path, at=at, look=look)
            assert np.array_equal(np.asarray(Image.open(picture)), shown(room, at, **look))
            assert not any(np.array_equal(shown(room, at, **look), other) for other in plain)
            plain.append(shown(room, at, **look))


@pytest.mark.parametrize("data", ["ring", "spiral"])
def test_a_point_is_the_same_number(data: str, tmp_path: Path) -> None:
    room = explored_room(tmp_path / "run", _tiny.points(data__name=data))
    at = reading.as_base64(room.explored.seed(3))
    said, _ = drawn_by_script(room, tmp_path, at=at)
    assert [float(number) for number in said.split()] == shown(room, at).tolist()


def test_what_a_script_cannot_repeat_is_refused(tmp_path: Path) -> None:
    room = explored_room(tmp_path / "run", _tiny.pictures())
    at = reading.as_base64(room.explored.seed(3))
    with pytest.raises(ExportError, match=r"cannot repeat \(mirror\)"):
        ask(room, "as_script", name="x", at=at, look={"mirror": True})
    with pytest.raises(ConfigError, match="no channel"):
        ask(room, "as_script", name="x", at=at, look={"off": [[0, 999, 0.0]]})
    for file in (tmp_path / "run" / "checkpoints").glob("*"):
        file.unlink()
    with pytest.raises(ExportError, match="not kept any more"):
        ask(room, "as_script", name="x", at=at)


def test_a_name_cannot_write_code(tmp_path: Path) -> None:
    room = explored_room(tmp_path / "run", _tiny.pictures())
    at = reading.as_base64(room.explored.seed(3))
    answer = ask(room, "as_script", name='"""\nraise SystemExit(3) {x} \\', at=at)
    text = answer.arrays["file"].tobytes().decode()
    compile(text, "x", "exec")
    assert text.startswith("\"\"\"''' raise SystemExit(3) {x}")
