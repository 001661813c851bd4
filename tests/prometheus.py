"""Real programs of Prometheus' family, for tests: each tells in its log where it listens."""

import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-node-exporter": "prometheus-node-exporter",
}


def require(*programs: str) -> None:
    """Skip where one of these programs is absent; in CI, fail."""
    for program in programs:
        if not shutil.which(program):
            absent = f"{program} is not installed (Debian: apt-get install {PACKAGES[program]})"
            pytest.fail(absent) if os.environ.get("REAL_PROMETHEUS") == "required" else pytest.skip(absent)


def promtool(*words: str, folder: Path, text: str = "") -> "subprocess.CompletedProcess[str]":
    """Run promtool in a folder."""
    require("promtool")
    command = ["promtool", *words]
    return subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, check=False)


@contextmanager
def serving(folder: Path, program: str, *options: str, ready: str) -> Iterator[str]:
    """Start a server in a folder; yield the address that it has chosen, once it answers at the path `ready`."""
    log = folder / f"{program}.log"
    command = [program, *options, "--web.listen-address=127.0.0.1:0"]
    with log.open("wb") as file, subprocess.Popen(command, cwd=folder, stdout=file, stderr=file) as process:
        try:
            yield _address(process, log, ready)
        finally:
            process.kill()


def _address(process: "subprocess.Popen[bytes]", log: Path, ready: str) -> str:
    while process.poll() is None:
        if address := re.search(r'msg="Listening on" address=(\S+)\n', log.read_text(encoding="utf-8")):
            with suppress(OSError), urllib.request.urlopen(f"http://{address[1]}{ready}"):
                return f"http://{address[1]}"
        time.sleep(0.02)
    raise AssertionError(log.read_text(encoding="utf-8"))
