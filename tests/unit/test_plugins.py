"""Code of one's own: the documented examples become choices like any other; what is wrong is named by file and line, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import _tiny
import pytest
import torch

from gan_core import cli, plugins, registry, serial
from gan_core import config as settings
from gan_core import data as data_sets
from gan_core.config import DataConfig, RunConfig
from gan_core.engine import orders
from gan_core.errors import ConfigError, EngineError, ExportError, PluginError
from gan_core.export.subject import _load as subject_of
from gan_core.losses import wasserstein
from gan_core.runs import breaking
from gan_core.runs.session import TrainingSession
from gan_core.trainer import Trainer

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "plugins"
SMALL = {"threads": 1, "device": "cpu", "batch_size": 16}


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    for file in list(plugins._loaded):
        plugins._forget(file)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return path


# ── the documented examples ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_loss_is_a_choice_like_any_other() -> None:
    with pytest.raises(ConfigError):
        settings.replace(RunConfig(), {"loss": "margin"})
    (entry,) = plugins.load(EXAMPLES / "my_loss.py")
    assert plugins.load(EXAMPLES / "my_loss.py") == [entry]  # once is enough
    config = settings.replace(RunConfig(), SMALL | {"loss": "margin"})
    assert serial.from_link(serial.to_link(config)) == (config, [])
    assert serial.from_toml(serial.to_toml(config)) == config
    assert "margin" in settings.field("loss").spec.codes
    assert plugins.used(config) == [str(EXAMPLES / "my_loss.py")]
    real, fake = torch.randn(8), torch.randn(8)
    d_loss, g_loss = entry.value(real, fake)  # type: ignore[operator]
    assert g_loss == -wasserstein(real, fake)[0]
    assert d_loss == max(0, 1 - g_loss)
    trainer = Trainer(config)
    for _ in range(3):
        trainer.step()
    with pytest.raises(EngineError, match="plugin"):
        orders.check(orders.Part.of(trainer, 1))
    with pytest.raises(ExportError, match=r"my_loss\.py"):
        subject_of(config)


def test_a_penalty_a_network_and_a_data_set() -> None:
    for name in ("my_penalty", "my_network", "my_data"):
        plugins.load(EXAMPLES / f"{name}.py")
    config = settings.replace(RunConfig(), SMALL | {
        "data.name": "heart", "penalty": "log_slope", "generator.network": "waves", "discriminator.network": "waves",
    })  # fmt: skip
    assert len(plugins.used(config)) == 3
    trainer = Trainer(config)
    for _ in range(3):
        trainer.step()
    assert torch.isfinite(trainer.sample(trainer.preview.latents)).all()
    assert registry.penalty["log_slope"].value(torch.tensor([0.0, 1.0])).tolist() == pytest.approx([0, 0.6931472])
    drawn = data_sets.load(DataConfig(name="heart")).draw(500, torch.Generator().manual_seed(0))  # type: ignore[union-attr]
    assert drawn[:, 1].max() < 0.85  # 12/17 at the highest, and noise
    assert drawn[:, 1].min() == pytest.approx(-1, abs=0.1)


def test_the_command_line_trains_with_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugin = ["--plugin", str(EXAMPLES / "my_loss.py")]
    run = tmp_path / "run"
    words = ["train", "--preset", "ring", "--set", "loss=margin", "--steps", "5", "--out", str(run), *plugin]
    assert cli.main(words) == 0
    plugins._forget(str(EXAMPLES / "my_loss.py"))
    assert cli.main(["sample", str(run), "--n", "4", "--out", str(tmp_path / "x.npz"), *plugin]) == 0
    plugins._forget(str(EXAMPLES / "my_loss.py"))
    capsys.readouterr()
    assert cli.main(["sample", str(run), "--n", "4", "--out", str(tmp_path / "y.npz")]) == 2
    assert "loss cannot be 'margin'" in capsys.readouterr().err
    assert cli.main(["train", "--preset", "ring", "--plugin", str(tmp_path / "none.py")]) == 2
    assert "Give the path of a Python file" in capsys.readouterr().err


# ── what is wrong ────────────────────────────────────────────────────────────────────────────────────────────────────────

LOSS = """from gan_core.registry import loss
@loss("mine", title="Mine", help="Mine.", needs_real=False, targets=False, output="critic")
def mine(real, fake, smooth=0.0):
    {body}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = (\n", r"mine\.py.*SyntaxError.*line 1"),
        ("import os\n\n1 / 0\n", r"mine\.py.*ZeroDivisionError.*line 3"),
        ("import nothing_of_that_name\n", r"ModuleNotFoundError.*line 1"),
        ("raise SystemExit(3)\n", r"SystemExit.*line 1"),
        ("x = 1\n", "registers nothing"),
        ("from gan_core.registry import loss\nloss('mine', title='M', help='m', targets=False)(print)\n", "without needs_real, output"),
        ("from gan_core.registry import loss\nloss('hinge', title='M', help='m')(print)\n", "registered twice.*line 2"),
        (LOSS.format(body="return real.mean()"), r"two finite numbers.*it gives tensor\("),
        (LOSS.format(body="return real.nothing(), fake"), r"mine\.py, line 4: AttributeError"),
        (LOSS.format(body="return real, fake"), "two finite numbers"),
        (LOSS.format(body="return fake.mean(), -fake.mean(), real.mean()"), "two finite numbers"),
        (LOSS.format(body="return None"), "it gives None"),
        (LOSS.format(body="return real.mean() / 0, fake.mean() / 0"), "two finite numbers"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_stays(tmp_path: Path, text: str, said: str) -> None:
    before = [list(kind) for kind in registry.ALL]
    with pytest.raises(PluginError, match=said):
        plugins.load(written(tmp_path, text))
    assert [list(kind) for kind in registry.ALL] == before
    assert not plugins._loaded


def test_a_run_that_it_breaks_says_where_and_keeps_its_state(tmp_path: Path) -> None:
    body = "if float(real.mean()) != float(fake.mean()) and len(real) == 16:\n        raise ValueError('too large')\n    return fake.mean(), -fake.mean()"
    plugins.load(written(tmp_path, LOSS.format(body=body)))
    config = settings.replace(_tiny.points(batch_size=16), {"loss": "mine"})
    session = TrainingSession("run", "", config)
    session.prepare()
    session.turn(1.0, until_step=3)
    message = session.latest.message
    assert message.template == breaking.OF_PLUGIN
    assert (message.params["file"], message.params["line"]) == ("mine.py", 5)
    assert "too large" in str(message.params["error"])
    session.close()
