"""Tells a remote that fails for a moment, which is asked again, from one that refuses."""

import random
import re
import signal
import time
from collections.abc import Callable

from msgspec.structs import replace

from release_sentinel.observe import Unseen, ci
from release_sentinel.observe.git.process import URL, GitOutput, Hung

AGAIN = "run the gate again in a moment: this may be transient"
_TRIES = 4  # of a remote that fails in a way that may pass
_PAUSE = 0.5  # seconds before the second; doubled each time
_LONGEST = 20_000  # characters of what Git says that are looked at
_STATUS = r"(?:408|425|429|5\d\d)\b"
# In the words of Git, curl, the libraries of TLS, ssh, the C library, and of servers that are overloaded.
_TRANSIENT = re.compile(
    rf"returned error: {_STATUS}|response {_STATUS}|HTTP code {_STATUS} from proxy|RPC failed|early EOF"
    r"|unexpected disconnect|unexpected(?: end of file|ly closed)|hung up (?:unexpectedly|upon initial contact)"
    r"|expected flush after ref listing|Empty reply|transfer closed|outstanding read data|(?:Recv|Send) failure"
    r"|HTTP/?2? (?:framing|stream)|not closed cleanly|too slow|not valid: is this a git|bytes remaining to read"
    r"|SSL_ERROR_SYSCALL|gnutls_handshake|GnuTLS (?:recv|send) error|unexpected eof while reading"
    r"|schannel: (?:failed to receive handshake|server closed abruptly)|TLS connection was non-properly terminated"
    r"|could(?:n't| not) (?:resolve|connect)|unable to (?:look up|connect)|failed to connect|name or service not known"
    r"|failure in name resolution|nodename nor servname|time(?:d )?[ -]?out|not responding"
    r"|connection (?:was |has been )?(?:reset|refused|closed|aborted|broken)|connection (?:to|abort)\b"
    r"|(?:network|host|protocol|address family)(?: is)? (?:unreachable|down|dropped)|no route to host|broken pipe"
    r"|kex_exchange_identification|ssh_exchange_identification|banner exchange|not allowed at this time"
    r"|temporar(?:y|ily)|try(?:ing)? again|overloaded|too (?:busy|many (?:requests|connections))|rate limit"
    r"|died of signal|internal (?:server error|api unreachable)|bad gateway|service unavailable",
    re.IGNORECASE,
)
# What another try would not change, whatever follows from it: a server that refuses a key closes the connection.
_FINAL = re.compile(
    r"(?:returned error:|response|HTTP(?: code =)?) (?:3\d\d|4(?!08|25|29)\d\d)\b|authentication failed|access denied"
    r"|permission denied|could not read (?:username|password)|too many authentication failures|host key"
    r"|repository .*not found|does not appear to be a git repository|certificate\b(?!\.\w)",
    re.IGNORECASE,
)
# A login that is missing or may not read; forges call a private repository not found.
_NO_LOGIN = re.compile(
    r"returned error: 40[13]\b|authentication failed|access denied|permission denied \(|could not read (?:user|pass)"
    r"|(?:repository|project) .*not found|terminal prompts disabled|invalid credentials",
    re.IGNORECASE,
)
# All that Git says where a connection ends without another word.
_NO_WORD = re.compile(
    r"(?:fatal: Could not read from remote repository\.\s*"
    r"Please make sure you have the correct access rights\s*and the repository exists\.)?\s*"
)
_BROKEN_PIPE = -getattr(signal, "SIGPIPE", 13)  # the code of a Git that wrote to a connection that was closed


def patiently(call: Callable[[float], GitOutput | Unseen], timeout: float) -> GitOutput | Unseen:
    """Ask a remote until it answers, or gives an answer that a retry would not change, for `timeout` seconds at most.

    `call` is given the seconds that it may take.
    """
    end, tries = time.monotonic() + timeout, 1
    answer = call(timeout)
    while isinstance(answer, GitOutput) and is_transient(answer) and tries < _TRIES:
        pause = random.uniform(0.5, 1) * _PAUSE * 2 ** (tries - 1)  # noqa: S311 - jitter, not a key
        if time.monotonic() + pause >= end:
            break
        time.sleep(pause)
        again = call(max(end - time.monotonic(), 0.01))
        if isinstance(again, Unseen):  # the time is up: what was said before says more
            break
        answer, tries = again, tries + 1
    return replace(answer, tries=tries) if isinstance(answer, GitOutput) else answer


def is_transient(answer: GitOutput | Unseen) -> bool:
    """Tell whether a remote failed in a way that may pass by itself: overload, a broken connection, no answer."""
    if isinstance(answer, Unseen):
        return isinstance(answer, Hung)
    words = URL.sub("", answer.err[-_LONGEST:])  # a repository may be called anything
    if not answer.code or _FINAL.search(words):
        return False
    return bool(_TRANSIENT.search(words) or (answer.code in {128, _BROKEN_PIPE} and _NO_WORD.fullmatch(words)))


def _lacks_login(answer: GitOutput) -> bool:
    words = re.sub("'[^'\n]*'", "", URL.sub("", answer.err[-_LONGEST:]))  # a repository may be called anything
    return _NO_LOGIN.search(words) is not None


def no_answer(asked: str, answer: GitOutput | Unseen, remedy: str) -> Unseen:
    """Return that what was `asked` of a remote has no answer, in Git's words; `remedy` helps where a retry does not."""
    if isinstance(answer, Unseen) and not isinstance(answer, Hung):
        return Unseen(f"{asked}: {answer.why}", answer.remedy)
    tries = f", {answer.tries} times" if isinstance(answer, GitOutput) and answer.tries > 1 else ""
    words = answer.words if isinstance(answer, GitOutput) else answer.why
    if isinstance(answer, GitOutput) and _lacks_login(answer):
        remedy = ci.login() or remedy
    return Unseen(f"{asked}{tries}: {words}", f"{AGAIN}; or {remedy}" if is_transient(answer) else remedy)
