"""The page stands alone, shows what the terminal shows, and a file on it is text."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.history.page import page
from release_sentinel.history.plot import plot
from release_sentinel.history.records import Limits, Series
from tests.history.kept import NOW, history, measured, written
from tests.reports.test_page import HOSTILE, Reader

DISK = ("used", 71.25, "%", 75, 85)


def read(folder: Path, *documents: Any, **options: Any) -> Reader:
    """Return the page of a history, as a browser reads it."""
    return Reader(page(history(folder, *documents, **options)))


def words(reader: Reader) -> str:
    """Return the text of a page."""
    return " ".join(" ".join(reader.texts).split())


def test_it_has_every_part(tmp_path: Path) -> None:
    """Last verdicts, held releases, gates, days, measures with a chart, what was not read."""
    told = read(
        tmp_path,
        written("BLOCKED", ended="26T09:00"),
        measured(DISK, ended="27T08:00"),
        measured(("used", 80, "%", 75, 85), ended="27T09:00", mode="watch", verdict="WATCH SAFE"),
        "{",
    )
    shown = words(told)
    for part in (
        "4 files: 3 verdicts, 1 torn",
        "prod SAFE v1.0.0 0123456789ab 2026-11-27 08:00 1.json",
        "prod WATCH SAFE",
        "prod v1.0.0 SAFE after 23 h BLOCKED 2026-11-26 09:00",
        "prod environment policy 1 1 0 0 0 2",
        "2026-11-23 B BLOCKED 1 S SAFE 1",
        "prod: disk.used WARN 80 %, from 71.25 % to 80 %, warn ≥ 75, crit ≥ 85",
        "3.json torn is not a JSON document",
    ):
        assert part in shown
    assert [tag for tag, _ in told.elements].count("svg") == 1
    anchors = {attributes["href"] for tag, attributes in told.elements if tag == "a"}
    assert {f"#{attributes['id']}" for _, attributes in told.elements if attributes.get("id")} >= anchors


def test_nothing_is_shown_of_what_there_is_none(tmp_path: Path) -> None:
    """One verdict that is SAFE has no gate that failed, no measure, nothing torn."""
    shown = words(read(tmp_path, written()))
    assert not [part for part in ("held", "Measures", "Not read", "Gates") if part in shown]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_a_file_says_stays_text(tmp_path: Path, text: str) -> None:
    """In every place that a text of a file has."""
    plain = read(tmp_path / "plain", *_everywhere("plain"))
    hostile = read(tmp_path / "hostile", *_everywhere(text))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in plain.elements]


def _everywhere(text: str) -> list[Any]:
    failed = written("CRITICAL", ended="26T08:00", env=text, version=text, commit=text)
    failed["gates"][1]["id"] = text
    named = {"env": text, "version": text, "commit": text, "mode": "watch", "verdict": "WATCH SAFE"}
    return [
        failed,
        measured((text, 1, text, 2, 3), ended="27T08:00", **named),
        measured((text, 5, text, 2, 3), ended="27T09:00", **named),
        written(ended=text),
    ]


def test_every_text_is_scrubbed(tmp_path: Path) -> None:
    """Files are redacted when they are written; a secret of this run is masked all the same."""
    told = read(tmp_path, *_everywhere("s3cret"), clean=lambda text: text.replace("s3cret", "***"))
    assert "s3cret" not in str(told.elements) + words(told)
    assert words(told).count("***") >= 10


def test_a_large_history_is_a_small_page(tmp_path: Path) -> None:
    """Rows and charts are bounded, and so are the points of a chart."""
    many = written("CRITICAL")
    many["gates"] = [{**many["gates"][1], "id": f"disk[{number}]"} for number in range(200)]
    named = [(f"m{number}", 1.0, "", None, None) for number in range(150)]
    text = page(history(tmp_path, many, measured(*named), *["{"] * 200))
    assert text.count("<svg") == 100
    assert text.count("more: release-sentinel history --json has all.") == 3
    assert len(text) < 150_000


def test_a_chart_keeps_its_peaks() -> None:
    """Of 1,000 points few are drawn; the highest and the lowest are among them, and gaps stay gaps."""
    values = [None if number == 500 else float(number % 7) for number in range(1000)]
    values[123], values[877] = 99.0, -99.0
    points = tuple((NOW + timedelta(minutes=number), value) for number, value in enumerate(values))
    drawn = plot(Series("prod", "x", "", (Limits(NOW, None, None),), points))
    assert drawn
    lines = re.findall(r'<polyline points="(.*?)"', drawn.html)
    heights = [float(point.split(",")[1]) for line in lines for point in line.split()]
    assert len(lines) == 2
    assert (min(heights), max(heights)) == (0, 100)
    assert 150 <= len(heights) <= 320


@pytest.mark.parametrize(
    "values",
    [[0.0], [1e308, -1e308], [5e-324, 0.0], [-1.0, -1.0], [None], [None, 5.0, None], [1e308] * 3],
    ids=str,
)
@pytest.mark.parametrize("limits", [(None, None), (75, 85), (30, 7), (-1e308, 1e308)], ids=str)
def test_every_number_can_be_drawn(tmp_path: Path, values: list[float | None], limits: tuple[Any, Any]) -> None:
    """Within the frame, whatever it is; without a number there is no chart."""
    documents = [measured(("x", value, "", *limits), ended=f"27T0{hour}:00") for hour, value in enumerate(values)]
    drawn = plot(history(tmp_path, *documents).measures[0])
    assert (drawn is not None) == (values != [None])
    for x, y in re.findall(r"([-\w.]+),([-\w.]+)", drawn.html if drawn else ""):
        assert 0 <= float(x) <= 1000
        assert 0 <= float(y) <= 100
