"""A temporary folder and its processes leave nothing behind, however this process ends."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

KILLED = """
import os, subprocess, sys
from release_sentinel.observe.temporary import folder
with folder() as place:
    (place.path / "file").touch()
    how = dict(start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children = [
        subprocess.Popen(["sleep", "600"], **how) for _ in range(4)
    ]
    for child in children:
        place.begun(child.pid)
    for child in children[1:3]:
        place.ended(child.pid)
    print(place.path, *(child.pid for child in children), sep="\\n", flush=True)
    os.kill(os.getpid(), int(sys.argv[1]))
    os._exit(1)
"""


@pytest.mark.parametrize("number", [0, 9, 15])
def test_a_killed_process_leaves_nothing(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it ends; a group that was taken back is left alone."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", KILLED, str(number)], check=False, capture_output=True, text=True)
    path, *numbers = done.stdout.rstrip("\n").split("\n")
    end = time.monotonic() + 10
    while (Path(path).exists() or len(_running(numbers)) > 2) and time.monotonic() < end:
        time.sleep(0.005)
    left = _running(numbers)
    for one in left:
        psutil.Process(int(one)).kill()
    assert Path(path).parent == tmp_path
    assert not Path(path).exists()
    assert left == numbers[1:3]


def _running(numbers: list[str]) -> list[str]:
    """Return those processes that run, by their numbers."""
    there = {str(one.pid): one.info["status"] for one in psutil.process_iter(["status"])}
    return [number for number in numbers if there.get(number, psutil.STATUS_ZOMBIE) != psutil.STATUS_ZOMBIE]
