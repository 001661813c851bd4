"""The border of redaction: no text of a verdict passes it as it was."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, get_type_hints

import msgspec
from msgspec.structs import asdict

from release_sentinel.config.model import Waiver
from release_sentinel.measures import Measure
from release_sentinel.redacted import redact
from release_sentinel.redaction import Redactor
from release_sentinel.timeline import Phase, Step
from release_sentinel.verdict import (
    Disabled,
    GateResult,
    Missing,
    PolicyFile,
    Provenance,
    Release,
    Rounds,
    UsedPack,
    Verdict,
)
from release_sentinel.vocabulary import SAFE, Stage, Status
from tests.reports.samples import STARTED

SECRET = "correct-horse-battery-staple"


def filled(record: Any, **more: Any) -> Any:
    """Return a record that says the secret in each field that is a text."""
    return record(
        **{name: SECRET for name, kind in get_type_hints(record, localns={"Waiver": Waiver}).items() if kind is str}
        | more
    )


def whole() -> Verdict:
    """Return a verdict with the secret wherever it can be."""
    step = filled(Step, began=0.5, seconds=0.1)
    phase = Phase(0.5, 1.5, 2, failed=(SECRET,))
    measure, waiver = filled(Measure, value=1.0), filled(Waiver, expires=date(2024, 6, 30))
    gate = filled(
        GateResult,
        stage=Stage.POLICY,
        status=Status.CRIT,
        waiver=waiver,
        measures=(measure,),
        details=(SECRET,),
        steps=(step,),
    )
    rounds = filled(
        Rounds, count=1, wait=1, hold=1, interval=1, healthy_after=None, held=0, failures={SECRET: 1}, phases=(phase,)
    )
    return Verdict(
        SAFE,
        0,
        filled(Release),
        (gate,),
        (SECRET,),
        STARTED,
        STARTED + timedelta(seconds=1),
        missing=(filled(Missing),),
        disabled=(filled(Disabled, stage=Stage.POLICY),),
        warnings=(SECRET,),
        provenance=filled(Provenance, policies=(filled(PolicyFile),), packs=(filled(UsedPack),)),
        rounds=rounds,
        undelivered=SECRET,
        steps=(step,),
    )


def texts(value: Any, place: str = "verdict") -> Iterator[tuple[str, str]]:
    """Yield every text with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key, f"{place} key")
            yield from texts(item, f"{place}.{key}")
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item, place)
    elif isinstance(value, msgspec.Struct):
        for name, held in asdict(value).items():
            yield from texts(held, f"{place}.{name}")


def test_every_text_of_a_verdict_is_scrubbed() -> None:
    """However deep it is: the name of a measure, the key of a table."""
    before = [place for place, text in texts(whole()) if text == SECRET]
    after = [place for place, text in texts(redact(whole(), Redactor(SECRET))) if SECRET in text]
    assert (len(before) > 30, after) == (True, [])


def test_the_verdict_under_test_has_every_field() -> None:
    """A field that is added to a record has to be filled above."""
    empty = [
        f"{type(record).__name__}.{name}"
        for record in structs(whole())
        for name, held in asdict(record).items()
        if held in ("", (), {})
    ]
    assert empty == []


def structs(value: Any) -> Iterator[msgspec.Struct]:
    """Yield every record that a value holds."""
    if isinstance(value, msgspec.Struct):
        yield value
        for held in asdict(value).values():
            yield from structs(held)
    elif isinstance(value, tuple):
        for item in value:
            yield from structs(item)


def test_a_word_of_our_own_stays() -> None:
    """A secret that is a verdict's name does not change the verdict."""
    assert redact(whole(), Redactor(SAFE)).name == SAFE
