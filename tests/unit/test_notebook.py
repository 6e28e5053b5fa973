"""Runs in a notebook: in a real kernel, and without one."""

from __future__ import annotations

import base64
import io
import math
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import _tiny
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

from gan_core import cell, presets, serial, sharing
from gan_core import config as settings
from gan_core.config import RunConfig
from gan_core.errors import ConfigError, PlaygroundError, RunError
from gan_core.notebook import Run
from gan_core.runs import frames, headless
from gan_core.runs.folder import RunFolder
from gan_core.runs.session import TrainingSession
from gan_core.sharing import Share

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with Run(config=_tiny.points(), out=tmp_path / "run") as made:
        yield made


def state(folder: Path) -> dict[str, Any]:
    return RunFolder(folder).read_checkpoint().state


# ── the same run ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "config", [_tiny.points(engine="eager"), _tiny.pictures(engine="eager")], ids=["points", "pictures"]
)
def test_it_is_the_command_lines_run_in_every_bit(config: RunConfig, tmp_path: Path) -> None:
    headless.train(headless.start(config, tmp_path / "cli", tmp_path), steps=12)
    with Run(config=config, out=tmp_path / "notebook") as run:
        run.train(steps=5)
        run.train(steps=7)
    _tiny.assert_same(state(tmp_path / "notebook"), state(tmp_path / "cli"))


def test_changes_are_those_of_the_browser(tmp_path: Path) -> None:
    config = _tiny.points(engine="eager")
    with Run(config=config, out=tmp_path / "notebook") as run:
        run.train(steps=5)
        assert run.change(g_optimizer__lr=0.01).g_optimizer.lr == 0.01
        run.train(steps=5)
        assert settings.get(run.config, "g_optimizer.lr") == 0.01
        journal = RunFolder(run.folder).journal()
    session = TrainingSession("run", "", config, finish_at_horizon=False)
    session.prepare()
    session.turn(60.0, until_step=5)
    session.change({"g_optimizer.lr": 0.01})
    session.turn(60.0, until_step=10)
    assert session.trainer is not None
    _tiny.assert_same(state(tmp_path / "notebook"), session.trainer.state_dict())
    assert [(e["step"], e["changes"]) for e in journal if "changes" in e] == [(5, {"g_optimizer.lr": [0.001, 0.01]})]


def test_it_goes_on_with_the_run_in_a_folder(run: Run) -> None:
    run.train(steps=4)
    with pytest.raises(RunError, match=r"another process|in use"):
        Run(folder=run.folder).train(steps=1)
    run.close()
    with Run(folder=run.folder) as again:
        assert again.step == 4
        again.train(steps=2)
        assert again.step == 6
    assert state(run.folder)["step"] == 6
    with pytest.raises(RunError, match=r"Run\(folder="):
        run.train(steps=1)


# ── where a run comes from ───────────────────────────────────────────────────────────────────────────────────────────────


def test_where_a_run_comes_from(tmp_path: Path) -> None:
    config = settings.replace(presets.load("moons"), {"seed": 5})
    (tmp_path / "config.toml").write_text(serial.to_toml(config), encoding="utf-8")
    link = f"http://localhost:8501/lab?c={sharing.to_query(config, Share())['c']}"
    made = [Run("moons", seed=5, data_dir=tmp_path), Run(link=link, data_dir=tmp_path), Run(config=config, data_dir=tmp_path),
            Run(file=tmp_path / "config.toml", data_dir=tmp_path), Run("moons", data_dir=tmp_path, **{"seed": "5"})]  # fmt: skip
    for run in made:
        assert run.config == config
        assert run.folder.parent == (tmp_path / "runs").resolve()
        assert run.folder.name.startswith("moons-")


def test_a_link_keeps_what_it_locks(tmp_path: Path) -> None:
    query = sharing.to_query(_tiny.points(), Share(frozenset({"loss", "g_optimizer.lr"})))
    link = "?" + "&".join(f"{name}={value}" for name, value in query.items())
    with pytest.raises(ConfigError, match="keeps it as it is"):
        Run(link=link, loss="hinge", data_dir=tmp_path)
    with Run(link=link, out=tmp_path / "run") as run, pytest.raises(ConfigError, match="keeps it as it is"):
        run.change(g_optimizer__lr=0.5)
    with Run(folder=tmp_path / "run") as again, pytest.raises(ConfigError, match="keeps it as it is"):
        again.change(g_optimizer__lr=0.5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"preset": "rinn"}, "ring"),
        ({"preset": "ring", "file": "x"}, "name one"),
        ({"preset": "ring", "los": "hinge"}, "loss"),
        ({"preset": "ring", "loss": "x"}, "hinge"),
        ({"file": "nowhere.toml"}, "cannot be read"),
        ({"link": "http://localhost/lab?c=%21"}, "not one that this version"),
        ({"folder": "nowhere"}, "run.json"),
        ({"folder": "nowhere", "seed": 1}, "new run"),
    ],
)
def test_what_cannot_be_is_said(
    words: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlaygroundError, match=said):
        Run(**words, data_dir=tmp_path)


def test_training_needs_an_end_and_more_than_nothing(run: Run) -> None:
    with pytest.raises(ConfigError, match="steps=… or seconds=…"):
        Run(config=_tiny.points(horizon=0), out=run.folder.parent / "endless").train()
    for words in ({"steps": 0}, {"steps": -1}, {"seconds": 0.0}):
        with pytest.raises(ConfigError, match="more than 0"):
            run.train(**words)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="more than 0"):
        run.sample(0)
    with pytest.raises(ConfigError, match="new run"):
        run.change(batch_size=8, data__name="moons")


# ── what it has learned ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_it_has_learned(run: Run, tmp_path: Path) -> None:
    assert run.sample(3).shape == (3, 2)  # before the first step, too
    run.train(steps=3)
    run.train(steps=3)
    curves = run.curves()
    assert {3, 6} <= set(curves["step"].tolist())
    assert all(values.shape == curves["step"].shape for values in curves.values())
    own = RunFolder(run.folder).curves.load(frames.CURVE_NAMES, 6)
    np.testing.assert_array_equal(curves["d_loss"], own.rows().mean[:, own.names.index("d_loss")])
    assert (run.step, run.status, run.message) == (6, "paused", "")
    found = run.evaluate()
    assert found == headless.evaluate(run.folder)["metrics"]
    assert {"quality", "swd"} <= set(run.metrics)
    assert run.picture(200).size == (200, 200)
    few, many = run.sample(5, seed=3), run.sample(40, seed=3)
    np.testing.assert_array_equal(few, many[:5])
    assert run.save() == run.folder == (tmp_path / "run").resolve()


def test_pictures(tmp_path: Path) -> None:
    with Run(config=_tiny.pictures(), out=tmp_path / "run", tensorboard=True) as run:
        run.train(steps=2)
        assert run.sample(4).shape == (4, 1, 8, 8)
        tiles = run._session.latest.arrays["fake"]
        side = 8 * math.ceil(math.sqrt(len(tiles)))
        enlarged = np.asarray(run.picture(2 * side + 5))
        assert enlarged.shape == (2 * side, 2 * side)
        np.testing.assert_array_equal(enlarged[:16:2, 1:16:2], tiles[0, 0])
        assert max(run.picture(side // 2).size) == side // 2
        assert shown(run._repr_html_()).size == (side * (cell.SIDE // side),) * 2
        assert (run.folder / "tensorboard").is_dir()


# ── interrupted ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def interrupts() -> Iterator[None]:
    """As in a kernel: what starts the tests in the background has SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_the_stop_button_leaves_a_run_that_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGINT, as a kernel gets it, in the middle of the fifth step."""
    run.train(steps=1)
    trainer = run._session.trainer
    assert trainer is not None
    phases, before = trainer.phases, signal.getsignal(signal.SIGINT)

    def stopped(*words: Any) -> Any:
        for i, phase in enumerate(phases(*words)):
            if trainer.step_count == 5 and i == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield phase

    monkeypatch.setattr(trainer, "phases", stopped)
    monkeypatch.setattr(headless, "_TURN", 0.0)  # a turn is one step
    run.train(steps=100)
    assert 6 <= run.step <= 7
    assert signal.getsignal(signal.SIGINT) is before
    assert state(run.folder)["step"] == run.step
    monkeypatch.setattr(trainer, "phases", phases)
    run.train(steps=3)
    _tiny.assert_same(state(run.folder), _tiny.trained(run.config, run.step).state_dict())


@pytest.mark.usefixtures("interrupts")
def test_a_second_interrupt_is_not_held_back() -> None:
    with headless._Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.came
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


# ── what a cell shows ────────────────────────────────────────────────────────────────────────────────────────────────────


def shown(page: str) -> Image.Image:
    found = re.search(r'src="data:image/webp;base64,([^"]+)"', page)
    assert found is not None
    return Image.open(io.BytesIO(base64.b64decode(found[1])))


def test_the_page_of_a_cell(run: Run) -> None:
    run.train(steps=3)
    run.train(steps=3)
    page = cell.page(run._session, "<b>&")
    assert "&lt;b&gt;&amp;" in page
    assert "<b>&" not in page
    assert "<script" not in page
    assert shown(page).size == (cell.SIDE, cell.SIDE)
    lines = re.findall(r'<path d="(M[^"]+L[^"]+)" fill="none" stroke="#', page)
    assert len(lines) == 2
    places = np.array(re.findall(r"([\d.]+) ([\d.]+)", " ".join(lines)), float)
    curves = run.curves()
    both = np.concatenate([curves["d_loss"], curves["g_loss"]])
    x = (curves["step"] - curves["step"][0]) / (curves["step"][-1] - curves["step"][0]) * 300
    y = 120 * (1 - (both - both.min()) / (both.max() - both.min()))
    np.testing.assert_allclose(places, np.stack([np.tile(x, 2), y], 1), atol=0.06)
    assert "d_loss" in page
    assert "g_loss" in page


def test_a_folders_name_is_text(tmp_path: Path) -> None:
    with Run(config=_tiny.points(), out=tmp_path / "<img src=x>&") as run:
        run.train(steps=1)
        assert "<img src=x>" not in run._repr_html_()
        assert "&lt;img src=x&gt;&amp;" in run._repr_html_()
        assert "step 1, paused" in repr(run)


def test_what_is_wrong_with_it_is_said(run: Run) -> None:
    run.train(steps=2)
    assert run._session.trainer is not None
    next(run._session.trainer.g.parameters()).data.fill_(float("nan"))
    run.train(steps=5)
    assert run.status == "failed"
    assert run.message
    assert run.message.split(".")[0] in run._repr_html_()
    assert run.diagnosis


def test_without_a_notebook_it_prints(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not cell.in_notebook()
    run.train(steps=2)
    assert capsys.readouterr().out == ""
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace()))  # type: ignore[arg-type]
    assert not cell.in_notebook()  # IPython in a terminal


# ── in a real kernel ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_documented_example_in_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert BLOCK is not None
    assert len([line for line in BLOCK[1].splitlines() if line.strip()]) <= 10
    monkeypatch.setenv("GAN_PLAYGROUND_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(BLOCK[1]), nbformat.v4.new_code_cell("run")])
    pages: dict[str, list[str]] = {}

    class Client(NotebookClient):  # type: ignore[misc]
        def process_message(self, message: Any, cell: Any, cell_index: int) -> Any:
            content = message["content"]
            if message["msg_type"] in ("display_data", "update_display_data"):
                where = content.get("transient", {}).get("display_id", "")
                pages.setdefault(where, []).append(content["data"].get("text/html", ""))
            return super().process_message(message, cell, cell_index)

    Client(notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert len(pages) == 2  # one for each train()
    for updates in pages.values():
        pictures = {np.asarray(shown(page)).tobytes() for page in updates if "<img" in page}
        assert len(updates) > 2
        assert len(pictures) > 1
    steps = [
        int(found[1]) for updates in pages.values() for page in updates if (found := re.search(r"step (\d+),", page))
    ]
    assert steps == sorted(steps)
    assert steps[-1] == 1000
    outputs = notebook.cells[0].outputs
    last = [o for o in outputs if o.output_type == "display_data"]
    assert [o.data["text/html"] for o in last] == [updates[-1] for updates in pages.values()]
    (result,) = [o for o in outputs if o.output_type == "execute_result"]
    assert Image.open(io.BytesIO(base64.b64decode(result.data["image/png"]))).size == (480, 480)
    assert any("'swd'" in o.get("text", "") for o in outputs)
    (described,) = notebook.cells[1].outputs
    assert "ring-" in described.data["text/html"]
    assert "step 1000" in described.data["text/plain"]
