"""Is everything that the release needs configured, before any of it is used?"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from release_sentinel.arguments import find_top
from release_sentinel.checks.result import CRIT, OK, UNKNOWN, WARN, CheckResult
from release_sentinel.config.load import load_policy
from release_sentinel.config.model import NEEDED_BY, PLACEHOLDERS
from release_sentinel.config.read import looks_random
from release_sentinel.config.targets import is_url
from release_sentinel.config.variables import in_policy
from release_sentinel.errors import MissingSettingError, PolicyError
from release_sentinel.observe import settings
from release_sentinel.observe.patterns import EndlessPatternError, Matcher, Question
from release_sentinel.observe.settings import Mounted
from release_sentinel.redaction import Secret, without_credentials

logger = logging.getLogger(__name__)

_REMEDY = "set them in the CI job's environment, secrets from its secret store"
_NO_FILES: Mapping[str, Mounted] = MappingProxyType({})
_NO_WORDS: Mapping[str, str] = MappingProxyType({})
_NO_URLS: Mapping[str, str] = MappingProxyType({})


def check_configuration(
    values: Mapping[str, str | Secret | None],
    *,
    placeholders: Sequence[str] = PLACEHOLDERS,
    files: Mapping[str, Mounted] = _NO_FILES,
    public_words: Mapping[str, str] = _NO_WORDS,
    withheld: str = "",
    excusable: Collection[str] = (),
    urls: Mapping[str, str] = _NO_URLS,
) -> CheckResult:
    """Required settings and secrets are present, not blank, not placeholders; no secret is a trivial word; URLs parse.

    Why: a half-configured pipeline fails in the middle of the deployment, or deploys to the wrong place.
    Unknown: a pattern of `required.placeholders` takes too long to match.
    Remedy: set the named variables in the CI job's environment, secrets from its secret store.

    `files` are the values that come from a file which `NAME_FILE` names; one that cannot be read fails, and one with a
    secret that any user may read warns. `public_words` are what every report shows, each with what it is: a secret that
    equals one cannot be kept. `withheld` says why CI may hold secrets back from this build; in a preview, the
    `excusable` ones are a warning then. `urls` are those of the policy, by their keys; blank ones are not judged.
    """
    held_back = _held_back(values, excusable) if withheld else []
    values = {name: value for name, value in values.items() if name not in held_back}
    missing = [name for name, value in values.items() if value is None and not (name in files and files[name].problem)]
    try:
        stand_ins = _placeholders(values, placeholders)
    except EndlessPatternError as endless:
        return CheckResult(UNKNOWN, f"required.placeholders: {endless.seen.why}", endless.seen.remedy)
    words = [str(MissingSettingError(*missing))] if missing else []
    words += [file.problem for file in files.values() if file.problem]
    for name, value in values.items():
        words += _problems(name, value, is_placeholder=name in stand_ins)
    words += _public(values, public_words)
    # One that a variable sets is judged by the variable's name.
    words += _url_problems({key: url for key, url in urls.items() if url not in values.values()})
    if words:
        return CheckResult(CRIT, "; ".join([*words, withheld] if withheld else words), _remedy(missing))
    if held_back:
        why = f"not set: {', '.join(held_back)}; {withheld}"
        return CheckResult(WARN, why, "a preview: they count after the merge")
    return _all_set(values, files)


def _all_set(values: Mapping[str, str | Secret | None], files: Mapping[str, Mounted]) -> CheckResult:
    exposed = [file.file for name, file in files.items() if file.exposed and isinstance(values.get(name), Secret)]
    if exposed:
        return CheckResult(
            WARN,
            f"{', '.join(values)} are set, but any user of this machine may read {', '.join(exposed)}",
            f"chmod o= {' '.join(exposed)}, or mount secrets with mode 0400",
        )
    return CheckResult(OK, f"{', '.join(values)} are set" if values else "nothing is required")


def _remedy(missing: Collection[str]) -> str:
    """Return what to do; a release without a process or a service switches the gate off."""
    spare = [f"`{NEEDED_BY[name]}`" for name in missing if name in NEEDED_BY]
    return f"{_REMEDY}; or switch {' and '.join(spare)} off under [disable] in the policy" if spare else _REMEDY


def _held_back(values: Mapping[str, str | Secret | None], excusable: Collection[str]) -> list[str]:
    """Return the excusable ones that CI does not hand out: it leaves the variable out, or blank."""
    return [name for name in excusable if not (_text(value) if (value := values[name]) is not None else "").strip()]


def _placeholders(values: Mapping[str, str | Secret | None], placeholders: Sequence[str]) -> set[str]:
    """Return the names whose values are placeholders; raises `EndlessPatternError`."""
    texts = {name: _text(value).strip() for name, value in values.items() if value is not None}
    questions = [
        (name, Question(pattern, text, whole=True, folded=True))
        for name, text in texts.items()
        for pattern in placeholders
        if text
    ]
    ours = [(name, question) for name, question in questions if question.pattern in PLACEHOLDERS]
    theirs = [(name, question) for name, question in questions if question.pattern not in PLACEHOLDERS]
    found = {name for name, question in ours if question.answer()}
    answers = Matcher().answers([question for _, question in theirs])
    found |= {name for (name, _), matches in zip(theirs, answers, strict=True) if matches}
    return found | {name for name, text in texts.items() if text.lower() == name.lower()}


def _text(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _problems(name: str, value: str | Secret | None, *, is_placeholder: bool) -> Iterator[str]:
    """Yield what is wrong with a value, without the value of a secret."""
    if value is None:
        return
    secret = isinstance(value, Secret)
    text = _text(value)
    if not text.strip():
        yield f"{name} is blank"
    elif is_placeholder:
        yield f"{name} is a placeholder" + ("" if secret else f" ({text!r})")
    elif name.endswith("_URL"):
        yield from _url_problem(name, text, secret=secret)


def _url_problem(name: str, text: str, *, secret: bool = False) -> Iterator[str]:
    """Yield what is wrong with a URL."""
    if not is_url(text.strip()):
        # What cannot be parsed cannot be stripped of credentials either.
        hidden = secret or set("@?") & set(text) or looks_random(text.strip())
        yield f"{name} is not a URL such as https://example.com" + ("" if hidden else f" ({text!r})")


def _url_problems(urls: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the URLs of the policy."""
    for key, url in urls.items():
        if url.strip():
            yield from _url_problem(key, url)


def _public(values: Mapping[str, str | Secret | None], words: Mapping[str, str]) -> Iterator[str]:
    """Yield which secrets equal a word that every report shows, without the word."""
    folded = {word.lower(): what for word, what in words.items()}
    for name, value in values.items():
        if isinstance(value, Secret) and (what := folded.get(value.reveal().strip().lower())):
            yield f"{name} is too weak: it equals {what}, which every report shows; expected a value of its own"


def ensure_required_config() -> dict[str, str | Secret]:
    """Return the required settings by the short names `process`, `api_url` and `token`.

    Raises `MissingSettingError` where one is absent, another `PolicyError` where one is unusable; both are
    `RuntimeError`. The token is a `Secret`: `.reveal()` hands it to the call that needs it.
    """
    policy = load_policy(repository=find_top(Path.cwd()))
    values: dict[str, str | Secret | None] = {
        **settings.settings(policy.required.settings, instead=in_policy(policy, policy.required.settings)),
        **settings.secrets(policy.required.secrets),
    }
    files = settings.mounted(values)
    missing = [name for name, value in values.items() if value is None and name not in files]
    if missing:
        raise MissingSettingError(*missing)
    result = check_configuration(values, placeholders=policy.required.placeholders, files=files)
    if not result.status.passes:
        raise PolicyError(result.message, result.remedy)
    logger.info("Config OK: process=%s, api_url=%s", policy.process, without_credentials(policy.api.url))
    return {"process": policy.process, "api_url": policy.api.url, "token": values.get("RS_DEPLOY_TOKEN") or ""}
