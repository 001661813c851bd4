"""What is sent to GitHub, and what is understood of its answers, by GitHub's own OpenAPI description.

The description is the file `generated/api.github.com.json` of the npm package @octokit/openapi, which is too large to
be kept here: name it in GITHUB_OPENAPI.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from release_sentinel.observe import Unseen
from release_sentinel.observe.forge import Client, Evidence
from release_sentinel.observe.forge.records import Own, by_name
from tests.observe.forge.fake import RUN, SHA, Answer, FakeGitHub, api_of

DESCRIPTION = os.environ.get("GITHUB_OPENAPI", "")
pytestmark = pytest.mark.skipif(not DESCRIPTION, reason="GITHUB_OPENAPI does not name GitHub's OpenAPI description")


class Described(FakeGitHub):
    """GitHub as its description says; with `examples` it answers with those, and otherwise from the state."""

    def __init__(self, description: Mapping[str, Any], *, examples: bool) -> None:
        super().__init__()
        self._all, self._examples = description, examples
        self.seen: set[str] = set()

    def _meant(self, part: Any) -> Any:
        while isinstance(part, dict) and "$ref" in part:
            found: Any = self._all
            for key in part["$ref"].split("/")[1:]:
                found = found[key]
            part = found
        return part

    def answer(self, path: str) -> Answer:
        """Answer what the description allows to ask."""
        parts = urlsplit(path)
        name, operation = next(
            (name, methods["get"])
            for name, methods in self._all["paths"].items()
            if "get" in methods and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", name), parts.path)
        )
        self.seen.add(name)
        known = {one["name"]: one for one in map(self._meant, operation["parameters"]) if one["in"] == "query"}
        for key, (value,) in parse_qs(parts.query).items():
            allowed = self._meant(known[key]["schema"]).get("enum")
            assert allowed is None or value in allowed, (name, key, value)
        if not self._examples:
            return super().answer(path)
        said = operation["responses"]["200"]["content"]["application/json"]["examples"]
        return 200, self._meant(next(iter(said.values())))["value"], {}


@pytest.fixture(scope="module")
def description() -> Any:
    """The description."""
    return json.loads(Path(DESCRIPTION).read_text(encoding="utf-8"))


def ask(fake: Described) -> list[Any]:
    """Ask for all that the gates ask."""
    evidence = Evidence(Client(api_of(fake)), Own(RUN, runner="runner 1"))
    return [
        evidence.checks(SHA, "main", required=True, names=(by_name("*"),)),
        evidence.review(SHA, "main", 1),
        evidence.blockers(("bug",)),
    ]


def test_what_is_asked_is_described(description: Any) -> None:
    """Every path, parameter and word of it."""
    fake = Described(description, examples=False)
    fake.run()
    fake.own("gate (1)")
    fake.own("gate (2)")
    fake.review()
    assert not [answer for answer in ask(fake) if isinstance(answer, Unseen)]
    assert len(fake.seen) == 11, sorted(map(unquote, fake.seen))


def test_what_is_answered_is_understood(description: Any) -> None:
    """GitHub's own examples are read, whatever they mean."""
    assert not [answer for answer in ask(Described(description, examples=True)) if isinstance(answer, Unseen)]
