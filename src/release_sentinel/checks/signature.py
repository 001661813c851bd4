"""Is the release signed by a trusted signer?"""

from collections.abc import Callable, Sequence

from release_sentinel.checks.result import CRIT, NO_REPOSITORY, OK, UNKNOWN, CheckResult
from release_sentinel.observe import Unseen
from release_sentinel.observe.git import Repository, Signature
from release_sentinel.observe.git import SignatureState as State

_STATES = {
    State.NONE: "carries no signature",
    State.LIGHTWEIGHT: "is a lightweight tag, which cannot carry a signature",
    State.BAD: "carries an invalid signature",
    State.EXPIRED: "carries a signature that has expired, or whose key has expired",
    State.REVOKED: "carries a signature by a revoked key",
    State.UNKNOWN_KEY: "carries a signature by a key that is not known here",
    State.UNVERIFIABLE: "could not be verified here",
}
_REMEDIES = {
    State.UNKNOWN_KEY: "import the signer's public key, or name it in gpg.ssh.allowedSignersFile",
    State.UNVERIFIABLE: "install gpg, or set gpg.ssh.allowedSignersFile, in the CI image",
}


def check_signature(
    repository: Repository | Unseen,
    observe: Callable[[], Signature | Unseen],
    *,
    tag: str = "",
    signers: Sequence[str] = (),
) -> CheckResult:
    """The commit, or on a tag build the tag, carries a good signature, by one of the policy's signers if it names any.

    Why: anyone who may push can write any name into a commit; a signature proves who it was.
    Unknown: the signer's key is not known here, or no program here can verify signatures.
    Remedy: sign it (`git commit -S`, `git tag -s`); name who may sign in `RS_SIGNERS`.
    """
    if isinstance(repository, Unseen):
        return CheckResult(UNKNOWN, repository.why, NO_REPOSITORY)
    what = f"tag {tag}" if tag else f"commit {repository.commit[:12]}"
    seen = observe()
    if isinstance(seen, Unseen):
        return CheckResult(UNKNOWN, seen.why, seen.remedy)
    if seen.state is not State.GOOD:
        undetermined = seen.state in _REMEDIES
        words = f": {seen.words}" if undetermined and seen.words else ""
        remedy = _REMEDIES.get(seen.state, f"sign it: git {'tag -s' if tag else 'commit -S'}")
        return CheckResult(UNKNOWN if undetermined else CRIT, f"{what} {_STATES[seen.state]}{words}", remedy)
    names = {name.casefold() for name in seen.signers}
    if signers and not names & {signer.replace(" ", "").casefold() for signer in signers}:
        return CheckResult(
            CRIT,
            f"{what} is signed by {', '.join(seen.signers)}, expected {' or '.join(signers)}",
            "have one of them sign it, or name the signer in RS_SIGNERS",
        )
    return CheckResult(OK, f"{what} is signed by {', '.join(seen.signers) or 'a trusted key'}")
