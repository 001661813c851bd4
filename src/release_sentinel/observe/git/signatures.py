"""The signature of a commit or a tag: made with OpenPGP, X.509 or SSH keys, as Git verifies it."""

import re
from collections.abc import Iterator
from pathlib import Path

from release_sentinel.lines import split
from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import LOCAL_SECONDS, OBJECT, GitOutput, ask, odd, run
from release_sentinel.observe.git.records import Signature
from release_sentinel.observe.git.records import SignatureState as State

# GnuPG's status lines (doc/DETAILS), the worst first: one signature yields several.
_GPG = {
    "BADSIG": State.BAD,
    "REVKEYSIG": State.REVOKED,
    "EXPSIG": State.EXPIRED,
    "EXPKEYSIG": State.EXPIRED,
    "TRUST_NEVER": State.UNKNOWN_KEY,
    "ERRSIG": State.UNKNOWN_KEY,
    "NO_PUBKEY": State.UNKNOWN_KEY,
    "GOODSIG": State.GOOD,
}
# What Git and ssh-keygen print about a signature with an SSH key, the worst first.
_SSH = {
    "Signature verification failed": State.BAD,
    "key has expired": State.EXPIRED,
    "key is not yet valid": State.EXPIRED,
    "No principal matched": State.UNKNOWN_KEY,
    "Could not verify signature": State.BAD,  # all that Git prints for a key in gpg.ssh.revocationFile
    'Good "git" signature for ': State.GOOD,
    "non-tag object": State.LIGHTWEIGHT,
    "no signature found": State.NONE,
}


def signature(top: Path, *, tag: str = "", published: str = "", timeout: float = LOCAL_SECONDS) -> Signature | Unseen:
    """Verify the signature of the tag `tag`, or without a tag that of HEAD's commit.

    `published` is the tag's object on the remote, if that is known: another object here proves nothing about it.
    """
    if tag:
        listed = ask(top, "for-each-ref", "--format=%(objectname) %(tag)", f"refs/tags/{tag}", timeout=timeout)
        if isinstance(listed, Unseen):
            return listed
        row = re.fullmatch(rf"({OBJECT}) ([^ \n]*)\n", listed)
        if listed and not row:
            return odd("for-each-ref", listed)
        here, name = row.groups() if row else ("", "")
        if published and here != published:
            remedy = f"git fetch --force origin refs/tags/{tag}:refs/tags/{tag}"
            return Unseen(f"tag {tag} of this clone is not the published one", remedy)
        if name not in {"", tag}:
            return Signature(State.BAD, words=f"it was made for tag {name}")
        answer = run(top, "verify-tag", "--raw", f"refs/tags/{tag}", timeout=timeout)
    else:
        answer = run(top, "verify-commit", "--raw", "HEAD", timeout=timeout)
    if isinstance(answer, Unseen):
        return answer
    return Signature(_state(answer), tuple(dict.fromkeys(_signers(answer.err))), answer.words)


def _state(answer: GitOutput) -> State:
    keywords = set(re.findall(r"^\[GNUPG:\] (\w+)", answer.err, re.MULTILINE))
    for word, state in _GPG.items():
        if word in keywords:
            return state
    for words, state in _SSH.items():
        if words in answer.err:
            return state
    return State.NONE if answer.code and not answer.err.strip() else State.UNVERIFIABLE


def _signers(words: str) -> Iterator[str]:
    """Yield every name of a signer: fingerprints, key id, e-mail address, SSH principal."""
    for line in split(words):  # a user id may hold other characters that end a line
        match line.split():
            case ["[GNUPG:]", "VALIDSIG", fingerprint, *more]:
                yield from (fingerprint, *more[-1:])  # the last field is the primary key's
            case ["[GNUPG:]", "GOODSIG" | "EXPSIG" | "EXPKEYSIG" | "REVKEYSIG", key, *user]:
                yield key
                yield from re.findall(r"<([^<>]+)>", " ".join(user))
            case ["Good", '"git"', "signature", "for", principal, "with", *_, fingerprint]:
                yield from (principal, fingerprint)
