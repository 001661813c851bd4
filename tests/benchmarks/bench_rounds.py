"""What it costs to evaluate the critical stage again and again: a hold of hours must not be felt."""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import Row
from tests.benchmarks.bench_run import _PEAK_OF, _repository, _server

NAME = "rounds"
DEPENDENCIES = 20
INTERVAL = 5.0  # seconds, of the hold that the share is about
SHARE = 0.02  # of one core
_SHORT, _LONG = ("0.01", "15")  # seconds of two holds, with rounds as fast as they come


def measure() -> list[Row]:
    """Compare a long hold with a short one: the difference is what its rounds cost, and what they leave behind."""
    with tempfile.TemporaryDirectory() as folder, _server(0) as url:
        top = _repository(Path(folder)) / "shop"
        policy = "".join(f'[[dependencies]]\nname = "d{number}"\nurl = "{url}"\n' for number in range(DEPENDENCIES))
        (Path(folder) / "policy.toml").write_text(policy, encoding="utf-8")
        short, long = (_hold(top, Path(folder), url, seconds) for seconds in (_SHORT, _LONG))
    rounds = long[0] - short[0]
    each = (long[1] - short[1]) / rounds
    what = f"a round with {DEPENDENCIES} dependencies every {INTERVAL:g} s / {SHARE:.0%} of one core"
    return [
        Row(what, each / (INTERVAL * SHARE), 1.0, f"{1000 * each:.0f} ms, {rounds} rounds"),
        Row(f"memory after {rounds} rounds / after {short[0]}", long[2] / short[2], 1.1, f"{long[2] / 1024:.0f} MiB"),
    ]


def _hold(top: Path, folder: Path, url: str, seconds: str) -> tuple[int, float, int]:
    """Return the rounds of a hold, the seconds of CPU that it took, and its peak memory in KiB."""
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("RS_", "GIT_", "PYTEST_"))},
        **dict.fromkeys(("RS_DISK_WARN", "RS_DISK_CRIT", "RS_MEMORY_WARN", "RS_MEMORY_CRIT"), "100"),
        "RS_REQUIRED_PROCESS": Path(sys.executable).name,
        "RS_API_URL": url,
        "RS_DEPLOY_TOKEN": "token-of-no-value",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    verdict = folder / "verdict.json"
    words = [sys.executable, "-m", "pytest", "-p", "release_sentinel.plugin", "-q", "--env=prod"]
    words += [str(Path(__file__).parents[2] / "gate_tests"), "--release-version=v1.0.0", f"--gate-hold={seconds}"]
    words += ["--gate-interval=0.01", f"--gate-policy={folder / 'policy.toml'}", f"--gate-verdict={verdict}"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = (sys.executable, "-I", "-S", "-c", _PEAK_OF, *words)
    peak = int(subprocess.run(program, cwd=top, env=environ, check=True, capture_output=True).stdout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    count = json.loads(verdict.read_text(encoding="utf-8"))["rounds"]["count"]
    return count, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak
