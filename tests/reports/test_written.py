"""A verdict file is read quickly where it is what a run of today writes, and to the same end as any other."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import fields, replace

from release_sentinel.measures import Measure
from release_sentinel.reports import written
from release_sentinel.reports.document import document
from release_sentinel.reports.files import verdict_json
from release_sentinel.reports.written import UnreadableVerdictError, record
from release_sentinel.timeline import Phase, Step
from release_sentinel.verdict import PolicyFile, Provenance, Rounds, UsedPack
from tests.reports.samples import SAMPLES, WHOLE

STEP = Step("GET /health", 1.0, 0.25, "timed out")
ROUNDS = Rounds(2, 60, 0, 15, None, 0, {"api": 2, "disk": 1}, "never", (Phase(0, 15, 1, ("api",)), Phase(15, 30, 1)))
FULLEST = replace(
    SAMPLES["waived"],
    steps=(STEP, STEP),
    rounds=ROUNDS,
    missing=SAMPLES["incomplete"].missing,
    provenance=Provenance(
        policies=(PolicyFile("acme_gates:policy.toml", "ab"), PolicyFile("own.toml", "cd")),
        packs=(UsedPack("acme", "2.1.0", "acme-gates", "ef"), UsedPack("own", "1.0", "own-gates", "01")),
    ),
    gates=tuple(
        replace(gate, steps=(STEP,), measures=(Measure("used", 71.5, "%", 75, 85), Measure("free", 5)))
        for gate in SAMPLES["waived"].gates
    ),
)
TEXTS = {name: verdict_json(verdict) for name, verdict in {**SAMPLES, "whole": WHOLE, "fullest": FULLEST}.items()}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_a_run_writes_is_read_quickly(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Without the way of `read`. If this fails after a change of `document`, `written._Current` needs the new field."""
    slowly = msgspec.convert(json.loads(text), written.WrittenVerdict)
    monkeypatch.setattr(written, "_parse", lambda _: pytest.fail("it was read twice"))
    read = record(text.encode())
    fast, slow = msgspec.to_builtins(read), msgspec.to_builtins(slowly)
    assert [(name, fast[name]) for name in slow if name != "gates"] == [
        (name, slow[name]) for name in slow if name != "gates"
    ]
    assert [(gate.id, gate.outcome, gate.measures) for gate in read.gates] == [
        (gate.id, gate.outcome, gate.measures) for gate in slowly.gates
    ]


def _structs(kind: Any, found: set[type[Struct]]) -> set[type[Struct]]:
    """Return the records that a type is made of."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        found.add(kind)
        for field in fields(kind):
            _structs(field.type, found)
    for inner in getattr(kind, "__args__", ()):
        _structs(inner, found)
    return found


def test_no_field_of_it_may_be_absent() -> None:
    """Else the names that are missing would hide names that are there twice."""
    found = _structs(written._Current, set())
    assert len(found) == 10
    assert [(kind.__name__, field.name) for kind in found for field in fields(kind) if not field.required] == []


OBJECTS = {
    "the verdict": (),
    "a gate": ("gates", 0),
    "a measure": ("gates", 0, "measures", 0),
    "a step of a gate": ("gates", 0, "steps", 0),
    "a waiver": ("gates", 1, "waiver"),
    "a missing gate": ("missing", 0),
    "a gate that is switched off": ("disabled", 0),
    "a policy": ("policies", 0),
    "a gate pack": ("packs", 0),
    "a step": ("steps", 0),
    "rounds": ("rounds",),
    "failures": ("rounds", "failures"),
    "a phase": ("rounds", "phases", 0),
}


@pytest.mark.parametrize("path", OBJECTS.values(), ids=OBJECTS)
@pytest.mark.parametrize("colon", [":", ": ", " :", "\t: ", "\n:", "\r\n : "], ids=ascii)
def test_a_name_that_is_there_twice_is_found(path: tuple[str | int, ...], colon: str) -> None:
    """In every object of a file, however it is spelt."""
    whole = document(FULLEST)
    inner = whole
    for step in path:
        inner = inner[step]  # type: ignore[index]  # a path into JSON
    name, value = next(iter(inner.items()))
    inner["MARK"] = 0
    text = json.dumps(whole).replace('"MARK": 0', f'"{name}"{colon}{json.dumps(value)}')
    with pytest.raises(UnreadableVerdictError, match="is there twice"):
        record(text.encode())


@pytest.mark.parametrize("reason", ['"env": 1', '": ', "\\", 'a "b" : c', "x :y", ':"', '\\":', "ü\U0001f600"])
def test_texts_that_look_like_names_are_none(reason: str) -> None:
    """They cost time, and change nothing."""
    verdict = replace(WHOLE, problems=(reason,), gates=(replace(WHOLE.gates[0], reason=reason), *WHOLE.gates[1:]))
    read = record(verdict_json(verdict).encode())
    assert (read.problems, read.gates[0].reason) == ((reason,), reason)


def test_half_a_character_is_a_wrong_word(tmp_path: Path) -> None:
    """JSON can hold one; where a word is expected, the file is not a whole verdict, and `verify` says so."""
    path = tmp_path / "verdict.json"
    path.write_text(TEXTS["whole"].replace('"kind": "policy"', r'"kind": "\ud800"', 1), encoding="utf-8")
    with pytest.raises(UnreadableVerdictError, match=r"verdict\.json is not a whole verdict"):
        written.read(path)
