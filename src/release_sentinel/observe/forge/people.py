"""Who wrote the commits of a request: accounts where the forge knows them, names and addresses otherwise."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from release_sentinel.observe.forge.place import FORGES, GITLAB, Forge

_CO_AUTHOR = re.compile(r"(?im)^[ \t]*co-authored-by:[ \t]*([^<\r\n]*)(?:<([^>\r\n]*))?")
_NO_REPLY = r"(?:(\d+)[{sign}])?([^@]+)@(?:users\.)?noreply\.(.+)"  # an account's own hidden address
_HIDDEN = {forge.kind: re.compile(_NO_REPLY.format(sign="-" if forge is GITLAB else "+")) for forge in FORGES}
_PROGRAM = re.compile(r"no-?reply@.+")  # a program, such as the forge itself
_BOT = re.compile(r"(?:project|group)_\d+_bot(?:_|\d|$)|service_account_|.*\[bot\]$")
_GONE = "ghost"  # one name for all deleted accounts


class Account(Struct, frozen=True):
    """An account. Ids are compared before names: an account may be renamed, and another may take its name."""

    login: str  # lower case
    id: int = 0  # 0: not known

    def is_same(self, other: "Account") -> bool:
        """Return whether both are one account."""
        return self.id == other.id if self.id and other.id else self.login == other.login


class Writer(Struct, frozen=True):
    """An author, committer or co-author, as the commit names them, with the account if it is known."""

    name: str
    mail: str  # lower case
    account: Account | None = None


def account_of(user: Mapping[str, Any] | None, key: str = "login") -> Account | None:
    """Return the account of a user; None if it is deleted."""
    login, number = str((user or {}).get(key) or "").lower(), int((user or {}).get("id") or 0)
    return None if not login or login == _GONE or number == -1 else Account(login, max(number, 0))


def is_person(user: Mapping[str, Any] | None, key: str = "login") -> bool:
    """Return whether a user is neither deleted nor a program."""
    seen = user or {}
    number, kind = int(seen.get("id") or 0), seen.get("type") or "User"
    login = str(seen.get(key) or "").lower()
    return number >= 0 and kind == "User" and account_of(user, key) is not None and not _BOT.match(login)


def writers(forge: Forge, name: str, mail: str, committer: tuple[str, str], message: str) -> list[Writer]:
    """Return the author of a commit, its committer and its co-authors, with the accounts that their addresses name.

    The forge itself is left out: it is the committer where a person commits on its web pages.
    """
    found = [Writer(name, mail.lower(), _hidden(forge, mail))]
    for other, address in (committer, *_CO_AUTHOR.findall(message)):
        if (other or address) and not _PROGRAM.fullmatch(address.lower()):
            found.append(Writer(other.strip(), address.strip().lower(), _hidden(forge, address)))
    return list(dict.fromkeys(found))


def with_accounts(forge: Forge, commit: Mapping[str, Any]) -> list[Writer]:
    """Return who wrote a commit on GitHub or Gitea; their answers name the accounts of author and committer."""
    said = commit["commit"]
    author, committer = said.get("author") or {}, said.get("committer") or {}
    pair = (str(committer.get("name") or ""), str(committer.get("email") or ""))
    mail = str(author.get("email") or commit.get("sha"))
    found = writers(forge, str(author.get("name") or ""), mail, pair, str(said.get("message") or ""))
    for user, address in ((commit.get("author"), mail), (commit.get("committer"), pair[1])):
        account = account_of(user)
        if account:
            found.append(Writer("", address.lower(), account))
    return found


def told_apart(found: Iterable[Writer]) -> tuple[list[Account], list[Writer]]:
    """Return the accounts of writers, and the writers without one; an address with an account belongs to it."""
    found = list(found)
    known = {one.mail for one in found if one.account} - {""}
    accounts = [one.account for one in found if one.account]
    unknown = {one.mail or one.name: one for one in found if one.account is None and one.mail not in known}
    return list(dict.fromkeys(accounts)), list(unknown.values())


def _hidden(forge: Forge, mail: str) -> Account | None:
    """Return the account that a hidden address of this forge names; None for any other address."""
    match = _HIDDEN[forge.kind].fullmatch(mail.strip().lower())
    if match is None or any(match[3] in other.hosts for other in FORGES if other is not forge):
        return None
    return Account(match[2], int(match[1] or 0))
