"""How the cost of a policy grows: with its length, and over what reading its TOML costs."""

import timeit
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

from release_sentinel.config.load import load
from tests.benchmarks import Row

NAME = "policy"
SIZE = 1000  # dependencies


def measure() -> list[Row]:
    """Load a policy of `SIZE` dependencies and three environments, and compare."""
    whole, tenth = _seconds(SIZE), _seconds(SIZE // 10)
    toml = min(timeit.repeat(lambda: tomllib.loads(_text(SIZE)), number=1, repeat=3))
    return [
        Row(f"{SIZE:,} dependencies vs reading their TOML", whole / toml, 4, f"{whole:.3f} s"),
        Row(f"{SIZE:,} dependencies vs ten policies of a tenth", whole / tenth / 10, 1.5),
    ]


def _text(size: int) -> str:
    tables = [
        f'[[dependencies]]\nname = "service-{number}"\nurl = "https://service-{number}.example/health"\n'
        'timeout = 2\ntries = 2\nheaders = { Authorization = "Bearer ${TOKEN}" }\n'
        for number in range(size)
    ]
    return "\n".join([*tables, "[env.dev]", "[env.stage]", "[env.prod]", "deadline = 60\n"])


def _seconds(size: int) -> float:
    """Return the shortest of three loads; a variable beside the file makes one more document."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "release-sentinel.toml")
        file.write_text(_text(size), encoding="utf-8")
        return min(timeit.repeat(lambda: load({"RS_DISK_CRIT": "90"}, file=file, env="prod"), number=1, repeat=3))
