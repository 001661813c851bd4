"""Each process reads the policy file once, validates it once and collects the secrets once, whatever it does."""

import json
from pathlib import Path

import pytest

from release_sentinel.reports.files import verdict_json
from tests.conftest import CLI, PYTEST, RELEASE, Sentinel, run
from tests.reports.samples import WHOLE

# Imported by every Python process of a test, before anything of ours: it counts from outside.
COUNTER = """
import atexit, json, os, sys
counts = dict.fromkeys(("opened", "loaded", "secrets"), 0)
folder = os.environ["COUNTS"]

def audit(event, args):
    if event == "open" and str(args[0]).endswith("release-sentinel.toml"):
        counts["opened"] += 1

def profile(frame, event, _arg):
    if event == "call":
        name, file = frame.f_code.co_name, frame.f_code.co_filename
        if name == "load" and file.endswith(os.path.join("config", "load.py")):
            counts["loaded"] += 1
        if name == "settle" and file.endswith("settings.py"):
            counts["secrets"] += 1

sys.addaudithook(audit)
sys.setprofile(profile)

@atexit.register
def write():
    sys.setprofile(None)
    if "release_sentinel.settings" in sys.modules:
        with open(os.path.join(folder, f"{os.getpid()}.json"), "w") as file:
            json.dump(counts, file)
"""
POLICY = """
environments = ["dev", "stage", "prod"]
[env.dev.disk]
crit = 99
[env.stage]
[env.prod]
deadline = 200
"""
WAYS = {
    "release-sentinel": ((*CLI, *RELEASE), 2),
    "pytest": ((*PYTEST, *RELEASE), 1),
    "policy": ((*CLI, "policy", "--env", "prod"), 1),
    "tag": ((*CLI, "tag", "--verdict", "verdict.json", *RELEASE), 1),
    "kubernetes job": ((*CLI, "kubernetes", "job", *RELEASE, "--image", "gate:1"), 1),
}


@pytest.mark.sweep
@pytest.mark.parametrize("policy", ["", POLICY], ids=["an empty file", "three environments"])
@pytest.mark.parametrize("way", WAYS)
def test_a_process_loads_its_settings_once(sentinel: Sentinel, tmp_path: Path, way: str, policy: str) -> None:
    """The file is opened once, the policy loaded once, and the secrets are collected once, in each process."""
    command, processes = WAYS[way]
    sentinel.repo.commit("release-sentinel.toml", policy)
    sentinel.repo.write("verdict.json", verdict_json(WHOLE))
    counts = tmp_path / "counts"
    counts.mkdir()
    (tmp_path / "sitecustomize.py").write_text(COUNTER, encoding="utf-8")
    real_start = {"PYTHONPATH": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    env = {**sentinel.settings, **real_start, "COUNTS": str(counts)}
    run(*command, cwd=sentinel.repo.path, env=env)
    seen = [json.loads(file.read_text(encoding="utf-8")) for file in counts.iterdir()]
    assert seen == [{"opened": 1, "loaded": 1, "secrets": 1}] * processes
