"""Containers without a container: a stand-in for docker, podman and kubectl that runs its shell on this machine."""

import os
import shutil
import subprocess
from pathlib import Path

from release_sentinel.observe import Unseen
from release_sentinel.observe.hosts import Answer, Question, Reach, Reached, Way, ask, settings_folder

BUSYBOX = shutil.which("busybox")


def stub(folder: Path, body: str, *names: str) -> dict[str, str]:
    """Return an environment in which `docker` (or the programs `names`) is a script; `$@` are its words."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or ("docker",):
        (folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder)}


def reach(environ: dict[str, str], question: Question, where: Reach | None = None, **more: object) -> Reached:
    """Ask a host once, or as often as `tries` says."""
    with settings_folder() as folder:
        way = Way(where or Reach("docker", "shop"), folder, environ)
        return ask(way, question, **{"tries": 1, "deadline": 20.0, **more})  # type: ignore[arg-type]  # of any type


def answer(reached: Reached) -> Answer:
    """Return an answer that is there."""
    assert isinstance(reached.seen, Answer), reached
    return reached.seen


def why(reached: Reached) -> str:
    """Return why there is none, and what to do."""
    assert isinstance(reached.seen, Unseen), reached
    return f"{reached.seen.why} ({reached.seen.remedy})"


def applets(folder: Path) -> str:
    """Return a PATH that has nothing but busybox."""
    folder.mkdir()
    subprocess.run([str(BUSYBOX), "--install", "-s", str(folder)], check=True)
    return str(folder)


def printed(text: str, *words: str, env: dict[str, str] | None = None) -> str:
    """Return what a shell prints for a script, whose input stays open as long as it runs."""
    with subprocess.Popen(
        words or ("sh", "-s"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(text.encode())
        process.stdin.flush()
        return process.stdout.read().decode(errors="surrogateescape")
