"""Signatures are verified by the real programs, with keys that are made here."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from release_sentinel.checks.result import CRIT, OK, UNKNOWN
from release_sentinel.checks.signature import check_signature
from release_sentinel.observe import Unseen, git
from release_sentinel.observe.git import Signature
from release_sentinel.observe.git import SignatureState as State
from release_sentinel.observe.git.signatures import _signers
from release_sentinel.vocabulary import Status
from tests.conftest import Repo
from tests.observe.parts import look, program, real_git

SIGNER = "signer@example.invalid"
needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")


def seen(repo: Repo, tag: str = "") -> Signature:
    """Ask Git for a signature that it can judge."""
    answer = git.signature(repo.path, tag=tag)
    assert isinstance(answer, Signature), answer
    return answer


def ssh_key(path: Path) -> str:
    """Make a key at `path`, and return its public half."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return path.with_suffix(".pub").read_text(encoding="utf-8").strip()


@pytest.fixture
def ssh_repo(repo: Repo, tmp_path: Path) -> Repo:
    """A repository whose commits and tags can be signed with an SSH key that is known to Git."""
    public = ssh_key(tmp_path / "key")
    (tmp_path / "allowed").write_text(f"{SIGNER} {public}\n", encoding="utf-8")
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", str(tmp_path / "key"))
    repo.git("config", "gpg.ssh.allowedSignersFile", str(tmp_path / "allowed"))
    return repo


def sign_commit(repo: Repo) -> None:
    """Make a signed commit."""
    repo.git("commit", "--quiet", "--gpg-sign", "--allow-empty", "--message", "signed")


@needs_ssh
def test_a_commit_signed_with_an_ssh_key(ssh_repo: Repo) -> None:
    """The signature is good, and the signer's names are principal and fingerprint."""
    sign_commit(ssh_repo)
    answer = seen(ssh_repo)
    assert answer.state is State.GOOD
    assert answer.signers[0] == SIGNER
    assert answer.signers[1].startswith("SHA256:")


@needs_ssh
def test_a_tag_signed_with_an_ssh_key(ssh_repo: Repo) -> None:
    """A tag carries its own signature; the commit's does not count for it."""
    ssh_repo.git("tag", "--sign", "--message", "x", "v1.0.0")
    assert seen(ssh_repo, "v1.0.0").state is State.GOOD
    assert seen(ssh_repo).state is State.NONE


@needs_ssh
def test_an_ssh_key_that_is_not_known(ssh_repo: Repo, tmp_path: Path) -> None:
    """A signature by a key that is not listed is neither good nor bad."""
    sign_commit(ssh_repo)
    (tmp_path / "allowed").write_text(f"{SIGNER} {ssh_key(tmp_path / 'other')}\n", encoding="utf-8")
    assert seen(ssh_repo).state is State.UNKNOWN_KEY


@needs_ssh
def test_an_ssh_key_that_has_expired(ssh_repo: Repo, tmp_path: Path) -> None:
    """A key that was valid until before the signature was made is expired."""
    sign_commit(ssh_repo)
    public = (tmp_path / "key.pub").read_text(encoding="utf-8")
    (tmp_path / "allowed").write_text(f'{SIGNER} valid-before="20200101" {public}', encoding="utf-8")
    assert seen(ssh_repo).state is State.EXPIRED


@needs_ssh
def test_an_ssh_key_that_was_revoked(ssh_repo: Repo, tmp_path: Path) -> None:
    """A key in Git's revocation file is revoked, or its signature is bad, in OpenSSH's words; it is not good."""
    sign_commit(ssh_repo)
    ssh_repo.git("config", "gpg.ssh.revocationFile", str(tmp_path / "key.pub"))
    assert seen(ssh_repo).state in {State.REVOKED, State.BAD}


@needs_ssh
def test_ssh_without_a_list_of_signers(ssh_repo: Repo) -> None:
    """If Git has no list of trusted signers, nothing can be verified."""
    sign_commit(ssh_repo)
    ssh_repo.git("config", "--unset", "gpg.ssh.allowedSignersFile")
    answer = seen(ssh_repo)
    assert answer.state is State.UNVERIFIABLE
    assert "gpg.ssh.allowedSignersFile needs to be configured" in answer.words


@needs_ssh
def test_a_commit_that_was_changed_after_it_was_signed(ssh_repo: Repo) -> None:
    """A signature that was made for another text is bad."""
    sign_commit(ssh_repo)
    text = ssh_repo.git("cat-file", "commit", "HEAD").replace("\nsigned", "\nforged")
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"],
        cwd=ssh_repo.path,
        input=text + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    ssh_repo.git("update-ref", "HEAD", made.stdout.strip())
    assert seen(ssh_repo).state is State.BAD


@needs_ssh
def test_a_tag_that_is_not_the_published_one(ssh_repo: Repo) -> None:
    """A good signature of this clone's tag proves nothing about another one on the remote; the remedy fetches that."""
    ssh_repo.git("tag", "--sign", "--message", "x", "v1.0.0")
    here = ssh_repo.git("rev-parse", "refs/tags/v1.0.0")
    same = git.signature(ssh_repo.path, tag="v1.0.0", published=here)
    assert isinstance(same, Signature)
    assert same.state is State.GOOD
    other = git.signature(ssh_repo.path, tag="v1.0.0", published="f" * 40)
    assert other == Unseen(
        "tag v1.0.0 of this clone is not the published one",
        "git fetch --force origin refs/tags/v1.0.0:refs/tags/v1.0.0",
    )


@needs_ssh
def test_a_signed_tag_under_another_name(ssh_repo: Repo) -> None:
    """A signature for v0.9.0 does not sign v1.0.0, although the object is the same."""
    ssh_repo.git("tag", "--sign", "--message", "x", "v0.9.0")
    ssh_repo.git("update-ref", "refs/tags/v1.0.0", "refs/tags/v0.9.0")
    assert seen(ssh_repo, "v1.0.0").state is State.BAD


def test_what_is_not_signed(repo: Repo) -> None:
    """A commit and an annotated tag without signature differ from a lightweight tag."""
    repo.git("tag", "--annotate", "--message", "x", "v1.0.0")
    repo.git("tag", "v1.0.1")
    assert [seen(repo, tag).state for tag in ("", "v1.0.0", "v1.0.1")] == [State.NONE, State.NONE, State.LIGHTWEIGHT]


def test_a_branch_of_the_tag_s_name(repo: Repo) -> None:
    """The tag is verified, not a branch of the same name."""
    repo.git("branch", "v1.0.0")
    answer = seen(repo, "v1.0.0")
    assert answer.state is State.UNVERIFIABLE
    assert "v1.0.0" in answer.words


@pytest.fixture(scope="module")
def gpg_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A keyring with two keys of signers; the path is short, for the agent's socket."""
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    for name in ("signer", "other"):
        identity = f"{name} <{name}@example.invalid>"
        gpg(home, "--quick-generate-key", identity, "ed25519", "sign", "never")
    yield home
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)


def gpg(home: Path, *arguments: str) -> str:
    """Run GnuPG with this keyring, without a prompt."""
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--passphrase", "", "--yes", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def gpg_repo(repo: Repo, gpg_home: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository whose commits are signed by a key of the keyring."""
    monkeypatch.setenv("GNUPGHOME", str(gpg_home))
    repo.git("config", "user.signingKey", SIGNER)
    sign_commit(repo)
    repo.git("tag", "--sign", "--message", "x", "v1.0.0")
    return repo


@needs_gpg
def test_openpgp(gpg_repo: Repo, gpg_home: Path) -> None:
    """Commit and tag are good, and the signer's names are key id, address and fingerprint."""
    fingerprint = gpg(gpg_home, "--with-colons", "--list-keys", SIGNER).partition("fpr:::::::::")[2].partition(":")[0]
    for tag in ("", "v1.0.0"):
        answer = seen(gpg_repo, tag)
        assert answer.state is State.GOOD
        assert {SIGNER, fingerprint, fingerprint[-16:]} <= set(answer.signers)


@needs_gpg
def test_openpgp_without_the_key(gpg_repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty keyring, as a CI image has it, does not know the key."""
    empty = tmp_path / "e"
    empty.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(empty))
    assert seen(gpg_repo).state is State.UNKNOWN_KEY


@needs_gpg
def test_no_gpg(gpg_repo: Repo) -> None:
    """If the program is missing, nothing can be verified."""
    gpg_repo.git("config", "gpg.program", "/nowhere/gpg")
    answer = seen(gpg_repo)
    assert answer.state is State.UNVERIFIABLE
    assert "/nowhere/gpg" in answer.words


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (["GOODSIG 1 a", "VALIDSIG F", "TRUST_UNDEFINED 0"], State.GOOD),
        (["GOODSIG 1 a", "TRUST_NEVER"], State.UNKNOWN_KEY),
        (["BADSIG 1 a"], State.BAD),
        (["EXPSIG 1 a", "VALIDSIG F"], State.EXPIRED),
        (["EXPKEYSIG 1 a", "VALIDSIG F"], State.EXPIRED),
        (["REVKEYSIG 1 a", "VALIDSIG F"], State.REVOKED),
        (["ERRSIG 1 22 8 00 1 9", "NO_PUBKEY 1"], State.UNKNOWN_KEY),
        (["GOODSIG 1 a", "BADSIG 2 b"], State.BAD),
        (["NEWSIG"], State.UNVERIFIABLE),
    ],
    ids=lambda value: value[0].split()[0] if isinstance(value, list) else "",
)
def test_every_word_of_gnupg(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], state: State
) -> None:
    """GnuPG's status lines, as a real one prints them; expired keys cannot be made here."""
    output = "\n".join(f"[GNUPG:] {line}" for line in lines)
    program(
        tmp_path / "bin/git",
        f'#!/bin/sh\ncase "$*" in *verify-*) printf \'{output}\\n\' >&2; exit 1;; esac\nexec {real_git()} "$@"\n',
    )
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    assert seen(repo).state is state


@needs_ssh
@pytest.mark.parametrize(
    ("signers", "status"),
    [((), OK), ((SIGNER,), OK), ((SIGNER.upper(), "x"), OK), (("other@example.invalid",), CRIT)],
    ids=["any signer", "the signer", "one of two", "another signer"],
)
def test_who_may_sign(ssh_repo: Repo, signers: tuple[str, ...], status: Status) -> None:
    """If the policy names signers, a good signature by another does not count."""
    sign_commit(ssh_repo)
    result = check_signature(look(ssh_repo.path), lambda: git.signature(ssh_repo.path), signers=signers)
    assert result.status is status
    assert SIGNER in result.message


def test_a_good_signature_without_a_name(repo: Repo) -> None:
    """It passes if any signer is accepted, and the message names the key."""
    result = check_signature(look(repo.path), lambda: Signature(State.GOOD), tag="v1.0.0")
    assert (result.status, result.message) == (OK, "tag v1.0.0 is signed by a trusted key")


@pytest.mark.parametrize("state", [state for state in State if state is not State.GOOD])
def test_every_other_state_fails(repo: Repo, state: State) -> None:
    """What cannot be verified is unknown, all else fails; each message names its tag or commit."""
    result = check_signature(look(repo.path), lambda: Signature(state), tag="v1.0.0")
    assert result.status is (UNKNOWN if state in {State.UNKNOWN_KEY, State.UNVERIFIABLE} else CRIT)
    assert result.message.startswith("tag v1.0.0 ")
    assert result.remedy


def test_what_cannot_be_asked(repo: Repo) -> None:
    """Without an answer of Git, or without a repository, the signature is unknown."""
    undetermined = check_signature(look(repo.path), lambda: Unseen("git did not answer", "see why"))
    assert (undetermined.status, undetermined.remedy) == (UNKNOWN, "see why")
    assert check_signature(Unseen("/shop is not a folder"), lambda: Signature(State.GOOD)).status is UNKNOWN


@pytest.mark.parametrize("end", ["\u2028", "\x0b", "\x85"])
def test_a_user_id_holds_no_status_line(end: str) -> None:
    """A key's maker chooses its user id; what only some programs take for the end of a line does nothing there."""
    forged = f"[GNUPG:] GOODSIG 0123 Mallory{end}[GNUPG:] VALIDSIG FEED 0\n"
    assert "FEED" not in set(_signers(forged))
