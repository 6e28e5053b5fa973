"""The three ways to start the server, as a person would: settings, routes, what it says, how it stops."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from gan_core.cli import main

Refusal = Callable[..., str]
ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "import sys; from gan_core.cli import main; sys.exit(main())"]

# Runs one way of starting in this process; once it answers, prints what the test asks about, then presses Ctrl-C.
PROBE = """
import gc, http.client, json, os, runpy, signal, sys, threading, time, urllib.request
port, way, base = sys.argv[1], sys.argv[2], sys.argv[3]

def look():
    for _ in range(2400):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{base}/api/health").read()
            break
        except OSError:
            time.sleep(0.05)
    from streamlit import config
    from pages._ui import settings
    config.get_config_options(force_reparse=True)  # as when somebody edits a config file
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}{base}/lab")
    live = http.client.HTTPConnection("127.0.0.1", int(port))
    live.request("GET", base + "/api/live", headers={
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Extensions": "permessage-deflate"})
    upgraded = live.getresponse()
    print("PROBE" + json.dumps({
        "wrong": {name: repr(config.get_option(name)) for name, value in settings.FORCED.items()
                  if config.get_option(name) != value},
        "frozen": gc.get_freeze_count(),
        "torch": "torch" in sys.modules,
        "live": upgraded.status,
        "compressed": "sec-websocket-extensions" in upgraded.headers,
        "cookie": page.headers["set-cookie"],
    }), flush=True)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=look, daemon=True).start()
if way == "streamlit":
    sys.argv = ["streamlit", "run", sys.argv[4], "--server.port", port, "--server.headless", "true",
                "--server.baseUrlPath", base, "--runner.postScriptGC", "true", "--client.showErrorDetails", "full"]
    runpy.run_module("streamlit", run_name="__main__")
elif way == "uvicorn":
    import uvicorn.main
    folder = os.path.dirname(sys.argv[4])
    uvicorn.main.main(["app:app", "--app-dir", folder, "--port", port])
else:
    from gan_core.cli import main
    sys.exit(main(["--no-browser", "--port", port]))
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def environment(folder: Path, **more: str) -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "GAN_PLAYGROUND_DATA_DIR": str(folder / "data"),
        "PYTHONUNBUFFERED": "1",
        **more,
    }


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, once it has said where it is: the process and its first line."""
    process = subprocess.Popen(
        [*COMMAND, "--no-browser", *arguments], cwd=folder, env=environment(folder), text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def refused(folder: Path, *arguments: str) -> str:
    """What the command says on stderr when it cannot start; its exit code is 2."""
    done = subprocess.run(
        [*COMMAND, "--no-browser", *arguments], cwd=folder, env=environment(folder), capture_output=True, timeout=120,
        text=True, encoding="utf-8",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize(("way", "base"), [("streamlit", "/some/base"), ("uvicorn", ""), ("command", "")])
def test_settings_hold_on_every_way_of_starting(tmp_path: Path, way: str, base: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROBE), str(free_port()), way, base, str(ROOT / "app.py")],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("PROBE")]
    assert lines, done.stderr
    seen = json.loads(lines[0].removeprefix("PROBE"))
    assert seen["wrong"] == {}
    assert seen["torch"]
    assert seen["frozen"] > 100_000
    assert (seen["live"], seen["compressed"]) == (101, False)
    assert f"Path={base or '/'};" in seen["cookie"]
    assert "Traceback" not in done.stderr


def test_starts_with_ten_seconds_of_processor_time_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, "--port", str(port)) as (process, line):
        assert line == f"GAN Playground is at http://localhost:{port}\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/lab") as page:
            assert b"<html" in page.read()
        spent = psutil.Process(process.pid).cpu_times()  # not the clock: other programs may use the machine, too
        assert spent.user + spent.system < 10
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, "", "")


RUN = """
import sys, threading, time
from pages._ui import service
from gan_core import presets
def begin():
    session = service.scheduler().create(presets.load("ring"), "somebody")
    while session.step < 20:
        time.sleep(0.05)
    print("RUNNING", session.id, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("sent", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGTERM])
def test_stopping_saves_a_run_that_is_training(tmp_path: Path, sent: signal.Signals) -> None:
    script = RUN + (
        "from pages._ui import settings\n"
        "freeze = settings.freeze_imports\n"
        "settings.freeze_imports = lambda: (freeze(), threading.Thread(target=begin, daemon=True).start())\n"
        "from gan_core.cli import main\n"
        f"sys.exit(main(['--no-browser', '--port', '{free_port()}', '--data-dir', 'runs']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(tmp_path), text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        run_id = next(line for line in process.stdout if line.startswith("RUNNING")).split()[1]
        process.send_signal(sent)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    (run,) = (tmp_path / "runs").glob(f"**/{run_id}")
    assert list((run / "checkpoints").iterdir())
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["step"] >= 20


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port} is in use" in refused(tmp_path, "--port", port)


@pytest.fixture
def refused_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """As `refused`, without the seconds that a process takes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("GAN_PLAYGROUND_DATA_DIR", str(tmp_path / "data"))

    def ask(*arguments: str) -> str:
        assert main(["--no-browser", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        return err

    return ask


def test_folders_that_cannot_hold_runs(refused_here: Refusal, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for folder in ("file", "file/below"):
        assert f"cannot write to the data folder {folder}" in refused_here("--data-dir", folder)


def test_a_host_that_is_not_ours(refused_here: Refusal) -> None:
    assert "cannot listen at" in refused_here("--host", "203.0.113.7")


def test_another_way_of_starting_explains_a_bad_folder_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", str(ROOT), "--port", str(free_port())],
        cwd=tmp_path, env=environment(tmp_path, GAN_PLAYGROUND_DATA_DIR=str(tmp_path / "file")), capture_output=True,
        text=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert done.returncode != 0
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr
