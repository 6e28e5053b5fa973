"""A plain wheel carries the whole app and starts from any folder."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without fetching anything but the build backend."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, encoding="utf-8", timeout=200)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("gan_playground-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with only the wheel in it; torch and the like come from the environment of the tests."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    bin_folder = folder / ("Scripts" if os.name == "nt" else "bin")
    target = [sys.executable, "-m", "pip", "--quiet", "--python", str(folder), "install", "--no-deps", str(wheel)]
    subprocess.run(target, check=True, timeout=120)
    packages = next(folder.glob("**/site-packages"))
    others = [path for path in sys.path if path.endswith("site-packages")]
    # As a path, not as a site folder: its own .pth files, such as that of an editable install, are not read then.
    (packages / "others.pth").write_text("\n".join(others), encoding="utf-8")
    return bin_folder


def test_the_app_lies_inside_one_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("app.py", "pages/__init__.py", "pages/_shell.py", "pages/_ui/favicon.svg", "pages/_ui/server.py"):
        assert f"gan_playground/{name}" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"gan_core", "gan_playground"}
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_it_starts_from_any_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()  # another project's pages are none of ours
    (tmp_path / "pages" / "__init__.py").write_text("raise ImportError('the wrong pages')", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [installed / "gan-playground", "--no-browser", "--port", str(port), "--data-dir", str(tmp_path / "data")],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
    )  # fmt: skip
    try:
        assert _answers(f"http://127.0.0.1:{port}/api/health", process) == b'{"status":"ok"}'
        assert b"<html" in _answers(f"http://127.0.0.1:{port}/lab", process)
    finally:
        process.terminate()
        out, _ = process.communicate(timeout=60)
    assert out == f"GAN Playground is at http://localhost:{port}\n"
    assert process.returncode == (1 if os.name == "nt" else 0)


def _answers(url: str, process: "subprocess.Popen[str]") -> bytes:
    for _ in range(2400):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bytes(answer.read())
        except OSError:  # refused, or accepted but not answered while it starts
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")
