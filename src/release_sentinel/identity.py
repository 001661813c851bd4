"""The words by which every report says what it is about: they are never masked, and no secret may equal one."""

import re
from collections.abc import Mapping
from pathlib import Path

from release_sentinel.config.model import Policy
from release_sentinel.gates import BUILT_IN
from release_sentinel.observe import ci
from release_sentinel.observe.git.folder import head
from release_sentinel.options import OPTIONS
from release_sentinel.versions import tag_names
from release_sentinel.vocabulary import UNFINISHED, UNSEEN, WORDS

_VERSION = re.compile(r"[0-9]+(\.[0-9]+)+([-+][0-9A-Za-z.+-]*)?")
SHORT = 12  # digits of a commit, as people are shown it


def identity(policy: Policy, version: str, repository: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return each such word with what it is: `{"prod": "the name of an environment", …}`.

    A version counts if it looks like one: what else was given for it is refused, and may be a secret by mistake.
    """
    commit, branch = head(repository)
    build = ci.build(environ)
    words = dict.fromkeys((*WORDS, UNFINISHED, UNSEEN), "a word of every report")
    words |= dict.fromkeys((option.flag for option in OPTIONS), "an option")
    words |= dict.fromkeys(policy.required_gates, "the id of a gate")
    words |= {name: "the id of a gate" for gate in BUILT_IN for name in (gate.id, *gate.items(policy))}
    words |= dict.fromkeys(policy.packs, "the name of a gate pack")
    words |= dict.fromkeys(policy.environments, "the name of an environment")
    for name in (branch, build.branch if build else ""):
        words[name] = "the name of the branch"
    for whole in (commit, build.commit if build else ""):
        words |= dict.fromkeys((whole, whole[:SHORT]), "the id of the commit")
    if _VERSION.fullmatch(version.removeprefix(policy.version.prefix)):
        words |= dict.fromkeys(tag_names(version, policy.version.prefix), "the version")
    words.pop("", None)
    return words
