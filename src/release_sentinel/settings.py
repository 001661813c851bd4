"""Everything that a process knows before it does anything: the policy, where its values came from, every secret."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct, field
from msgspec.structs import replace

from release_sentinel.arguments import values_of
from release_sentinel.config.addresses import addresses, secrets_of
from release_sentinel.config.file import find
from release_sentinel.config.inferred import learn_git, learn_named
from release_sentinel.config.load import Loaded, load
from release_sentinel.config.model import Policy
from release_sentinel.config.packs import unread
from release_sentinel.config.secrets import learn, learn_text
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import GATES
from release_sentinel.identity import identity
from release_sentinel.invocation import Invocation
from release_sentinel.observe.git.settings import settings as git_settings
from release_sentinel.packs.asked import AskedPacks
from release_sentinel.redaction import Redactor

if TYPE_CHECKING:
    from release_sentinel.config.kinds import TagMode


class Settings(Struct, frozen=True):
    """The policy of one process; the defaults where it is not valid, and `problems` says why."""

    loaded: Loaded
    redactor: Redactor
    receivers: tuple[str, ...] = ()  # addresses that the verdict is sent to
    problems: tuple[str, ...] = ()
    identity: Mapping[str, str] = MappingProxyType({})  # the words that are never masked, and what each is
    packs: AskedPacks = field(default_factory=AskedPacks)  # those of the policy, where they are to be loaded

    @property
    def policy(self) -> Policy:
        """The validated settings."""
        return self.loaded.policy


def settle(
    environ: Mapping[str, str],
    repository: Path,
    *,
    file: Path | None = None,
    directory: Path | None = None,
    env: str = "",
    version: str = "",
    options: Mapping[str, tuple[str, Any]] = MappingProxyType({}),
    redactor: Redactor | None = None,
    packs: AskedPacks | None = None,
) -> Settings:
    """Load the policy for `env` once, and learn every secret that environment, policy and Git's settings hold.

    `options` of the command line, by the keys that they set, are held against the locks of the policy. Without `packs`
    no gate pack is loaded, and their tables are not read.
    """
    problems: tuple[str, ...] = ()
    try:
        read = partial(
            load,
            environ,
            repository=repository,
            file=file,
            directory=directory,
            env=env,
            gates=GATES,
            packs=packs or unread,
            options=options,
        )
        loaded = packs.guarded(read) if packs else read()
        text = loaded.text
    except InvalidPolicyError as error:
        loaded, problems = Loaded(Policy()), error.problems
        text = error.text or (_text_of(repository) if file else "")  # another word may have taken the file's place
    redactor = redactor or Redactor()
    words = identity(loaded.policy, version, repository, environ)
    redactor.protect(words)
    _learn_all(redactor, loaded.policy, text, environ)
    learn_git(redactor, git_settings(repository, environ))
    receivers = loaded.policy.notify.urls or addresses(environ)
    return Settings(loaded, redactor, receivers, problems, words, packs or AskedPacks())


def _learn_all(redactor: Redactor, policy: Policy, text: str, environ: Mapping[str, str]) -> None:
    """Learn what a policy, the `text` of its files and the environment say of secrets."""
    for one in (Policy(), policy):  # a file that names other secrets does not make the usual ones public
        learn(redactor, one, environ)
    learn_text(redactor, text, environ)
    learn_named(redactor, environ, policy.redact)


def _text_of(repository: Path) -> str:
    """Return the text of a repository's own policy, whether or not it is valid."""
    try:
        return find(repository).text
    except InvalidPolicyError as error:
        return error.text


def settings_of(
    invocation: Invocation,
    environ: Mapping[str, str],
    redactor: Redactor | None = None,
    packs: AskedPacks | None = None,
) -> Settings:
    """Load what a gate run is asked to be judged by; options of the command line override the policy.

    A policy that has gate packs is loaded once without `packs`: then `redactor` knows its secrets before any code of
    theirs runs.
    """
    settings = settle(
        environ,
        invocation.repository,
        file=invocation.policy,
        directory=invocation.directory,
        env=invocation.env,
        version=invocation.version,
        options=invocation.settings,
        redactor=redactor,
        packs=packs,
    )
    receivers = tuple(dict.fromkeys((*invocation.notify, *settings.receivers)))
    for address in (*receivers, *values_of(invocation.words, "--gate-notify")):  # also what is not an address
        for secret in secrets_of(address):
            settings.redactor.infer(secret)
    loaded = settings.loaded
    if invocation.tag_mode:
        rules = replace(loaded.policy.git, tag_mode=cast("TagMode", invocation.tag_mode))
        loaded = replace(loaded, policy=replace(loaded.policy, git=rules))
    return replace(settings, loaded=loaded, receivers=receivers)
