"""On the runners of CI systems nothing but the credentials is masked."""

import re
from pathlib import Path

import pytest

import release_sentinel
from release_sentinel.gates import IDS
from release_sentinel.redaction import MASK, Redactor
from tests.redaction.environments import CREDENTIALS, RUNNERS, SHA

JOB = "gl-j0b-77ff"  # what GitLab and Jenkins put into the URL of the clone
IN_PLACE = {  # plain passwords, which are masked in their places alone
    "DATABASE_URL": "postgres://dev:***@db/dev",
    "REDIS_URL": "redis://:***@redis:6379/0",
    "SMTP_URL": "smtp://mailer:***@smtp.acme.example:587",
}


def learnt(environ: dict[str, str]) -> Redactor:
    """Return a redactor that knows what the values of an environment carry."""
    redactor = Redactor()
    for value in environ.values():
        redactor.add_url(value)
    return redactor


@pytest.mark.parametrize("environ", RUNNERS.values(), ids=RUNNERS)
def test_the_environment_is_shown_without_its_credentials(environ: dict[str, str]) -> None:
    """Each value reads as before, but for what is secret in it."""
    redactor = learnt(environ)
    shown = {name: redactor.scrub(value) for name, value in environ.items()}
    expected = {
        name: IN_PLACE.get(name) or re.sub("|".join(map(re.escape, [*CREDENTIALS, JOB])), MASK, value)
        for name, value in environ.items()
    }

    assert len(environ) > 70
    assert shown == expected


@pytest.mark.parametrize("environ", RUNNERS.values(), ids=RUNNERS)
def test_ordinary_output_is_shown_as_it_is(environ: dict[str, str]) -> None:
    """The guides, the source of the gates, and the words that identify a release."""
    redactor = learnt(environ)
    folder = Path(release_sentinel.__file__).parent
    files = [*folder.glob("guides/*.md"), *folder.glob("checks/*.py"), *folder.glob("templates/*")]
    texts = [file.read_text(encoding="utf-8") for file in files if file.is_file()]
    words = f"dev stage prod main refs/heads/main v1.0.0 1.0.0 {SHA} {' '.join(IDS)} changeme shop acme app mailer ci"

    assert len(texts) > 20
    assert redactor.scrub(words) == words
    assert [text for text in texts if redactor.scrub(text) != text] == []
