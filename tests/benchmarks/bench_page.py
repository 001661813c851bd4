"""What it costs to write the page of a large run: it is part of every run that asks for it."""

import subprocess
import sys
import time

from release_sentinel.reports.html import html
from tests.benchmarks import Row
from tests.reports.html_samples import PAGES

NAME = "page"
TIMES = 20
MOST = 0.05  # seconds of CPU for 100 gates, the modules loaded
SIZE = 150 * 1024  # bytes
_IMPORT = """
import release_sentinel.plugin.conclusion, time
began = time.process_time()
import release_sentinel.reports.html
print(time.process_time() - began)
"""


def measure() -> list[Row]:
    """Compare time, size and imports with what they may be."""
    page = PAGES["hundred"]
    size = len(html(page).encode())
    began = time.process_time()
    for _ in range(TIMES):
        html(page)
    each = (time.process_time() - began) / TIMES
    done = subprocess.run([sys.executable, "-c", _IMPORT], check=True, capture_output=True, text=True)
    loaded = float(done.stdout)
    gates, note = f"{len(page.gates)} gates", f"{1000 * each:.0f} ms, import {1000 * loaded:.1f} ms"
    return [
        Row(f"to write {gates} / {1000 * MOST:.0f} ms", (loaded + each) / MOST, 1.0, note),
        Row(f"{gates} / {SIZE // 1024} KiB", size / SIZE, 1.0, f"{size / 1024:.0f} KiB"),
    ]
