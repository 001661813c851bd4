"""How the cost of a policy grows: with its length, and over what reading its TOML costs."""

import timeit
import tomllib
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from release_sentinel.config.load import load
from release_sentinel.errors import InvalidPolicyError
from tests.benchmarks import Row

NAME = "policy"
SIZE = 1000  # dependencies
LINES = 250_000  # of comments: 1 MB
PARTS = 20_000  # of a key, which is refused


def measure() -> list[Row]:
    """Load a policy of `SIZE` dependencies and three environments, and compare."""
    whole, tenth = _seconds(_text(SIZE)), _seconds(_text(SIZE // 10))
    lines, few = _seconds("# x\n" * LINES), _seconds("# x\n" * (LINES // 10))
    parts, some = _seconds(_key(PARTS)), _seconds(_key(PARTS // 10))
    toml = min(timeit.repeat(lambda: tomllib.loads(_text(SIZE)), number=1, repeat=3))
    return [
        Row(f"{SIZE:,} dependencies vs reading their TOML", whole / toml, 4, f"{whole:.3f} s"),
        Row(f"{SIZE:,} dependencies vs ten policies of a tenth", whole / tenth / 10, 1.5),
        Row(f"{LINES:,} lines of comments vs ten policies of a tenth", lines / few / 10, 1.5, f"{lines:.3f} s"),
        Row(f"a key of {PARTS:,} parts vs ten of a tenth", parts / some / 10, 1.5, f"{parts:.3f} s"),
    ]


def _text(size: int) -> str:
    tables = [
        f'[[dependencies]]\nname = "service-{number}"\nurl = "https://service-{number}.example/health"\n'
        'timeout = 2\ntries = 2\nheaders = { Authorization = "Bearer ${TOKEN}" }\n'
        for number in range(size)
    ]
    return "\n".join([*tables, "[env.dev]", "[env.stage]", "[env.prod]", "deadline = 60\n"])


def _key(parts: int) -> str:
    return f"{'.'.join('a' * parts)} = 1\n"


def _seconds(text: str) -> float:
    """Return the shortest of three loads; a variable beside the file makes one more document."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "release-sentinel.toml")
        file.write_text(text, encoding="utf-8")

        def attempt() -> None:
            with suppress(InvalidPolicyError):
                load({"RS_DISK_CRIT": "90"}, file=file, env="prod")

        return min(timeit.repeat(attempt, number=1, repeat=3))
