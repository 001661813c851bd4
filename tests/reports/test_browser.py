"""Pages in a real browser: axe finds nothing, nothing is wider than the window, and nothing leaves the page.

Opt-in, because a browser takes seconds: `REAL_CHROMIUM=required` demands Chromium (Debian: chromium), and axe-core and
playwright-core (npm) in the folder `REAL_NODE_MODULES`.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.reports.files import write
from release_sentinel.reports.html import html
from tests.history.kept import long_history
from tests.reports.html_samples import PAGES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
NODE = os.environ.get("REAL_NODE") or shutil.which("node") or ""
MODULES = Path(os.environ.get("REAL_NODE_MODULES", "/nowhere"))
WANTED = os.environ.get("REAL_CHROMIUM") == "required"

# What each check of the browser has to find.
FAULTY = """<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<style>p{color:red}</style></head><body><h1>x</h1><img src="https://release-sentinel.invalid/x.png"><script>1</script>
<p>a</p><pre>WIDE</pre><details><summary tabindex="-1">x</summary>y</details><p>TALL</p></body></html>"""
FAULTS = (
    "axe html-has-lang",
    "axe image-alt",
    "console: ",
    "not reached by keyboard",
    "printed on 2",
    "request: https://release-sentinel.invalid/x.png",
    "wider than 360",
)


def test_pages_hold_in_a_browser(tmp_path: Path) -> None:
    """Light and dark, 360 and 1,600 pixels, by keyboard, on paper; and a page of faults shows that faults are found."""
    if not WANTED:
        pytest.skip("REAL_CHROMIUM is not `required`")
    assert CHROMIUM, "Chromium is not installed (Debian: chromium)"
    assert NODE, "Node.js is not installed, and REAL_NODE does not name it"
    missing = [name for name in ("axe-core", "playwright-core") if not (MODULES / "node_modules" / name).is_dir()]
    assert not missing, f"{' and '.join(missing)} (npm) are not in REAL_NODE_MODULES, {MODULES}"
    views: dict[str, Any] = {"views": [(360, "dark"), (1600, "light")]}
    jobs: dict[str, dict[str, Any]] = {
        **dict.fromkeys(("incomplete", "hostile", "sample empty"), views),
        "warned": {**views, "sheets": 1},
        "blocked": {**views, "sheets": 1},
        "rounds": {"views": [*views["views"], (360, "light"), (1600, "dark")], "keyboard": True, "sheets": 2},
        "hundred": {"views": [(360, "light")]},
        "history": {**views, "sheets": 4},
        "faulty": {"views": [(360, "light")], "keyboard": True, "sheets": 1},
    }
    for name in jobs:
        write(tmp_path / f"{name}.html", html(PAGES[name]) if name in PAGES else FAULTY)
    write(tmp_path / "history.html", long_history(tmp_path / "kept"))
    faulty = tmp_path / "faulty.html"
    faulty.write_text(FAULTY.replace("WIDE", "x" * 200).replace("TALL", "x<br>" * 80), encoding="utf-8")
    told = json.dumps([{"name": name, **job} for name, job in jobs.items()])
    (tmp_path / "jobs.json").write_text(told, encoding="utf-8")
    home = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}  # a browser writes there
    done = subprocess.run(
        [NODE, Path(__file__).with_name("browser.mjs"), tmp_path],
        env={**os.environ, **home, "CHROMIUM": CHROMIUM, "REAL_NODE_MODULES": str(MODULES)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    faults = found.pop("faulty")
    assert [fault for fault in FAULTS if not any(one.startswith(fault) for one in faults)] == []
    assert found == {name: [] for name in jobs if name != "faulty"}
