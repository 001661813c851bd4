"""Where a project is hosted follows from what is said, from the forge's own CI, or from the remote, in this order."""

import pytest

from release_sentinel.observe import Unseen
from release_sentinel.observe.forge import Place, find_place, page_of

GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_API_URL": "https://api.github.com", "GITHUB_REPOSITORY": "acme/shop"}
GITEA = {**GITHUB, "GITEA_ACTIONS": "true", "GITHUB_API_URL": "https://git.example.com/api/v1"}
FORGEJO = {**GITEA, "FORGEJO_ACTIONS": "true"}
GITLAB = {"GITLAB_CI": "true", "CI_API_V4_URL": "https://gl.example.com/api/v4", "CI_PROJECT_PATH": "acme/web/shop"}
BY_HAND = {"GITHUB_REPOSITORY": "acme/shop"}  # as some set it in other systems


def found(environ: dict[str, str], remote: str = "", **said: str) -> tuple[str, str, str]:
    """Return kind, API and repository."""
    place = find_place(environ, remote, **said)
    assert isinstance(place, Place), place
    return place.forge.kind, place.api, place.repository


@pytest.mark.parametrize(
    ("environ", "remote", "expected"),
    [
        (GITHUB, "", ("github", "https://api.github.com", "acme/shop")),
        (GITEA, "", ("gitea", "https://git.example.com/api/v1", "acme/shop")),
        (FORGEJO, "", ("gitea", "https://git.example.com/api/v1", "acme/shop")),
        (GITLAB, "", ("gitlab", "https://gl.example.com/api/v4", "acme/web/shop")),
        (BY_HAND, "", ("github", "https://api.github.com", "acme/shop")),
        ({}, "https://github.com/acme/shop.git", ("github", "https://api.github.com", "acme/shop")),
        ({}, "git@github.com:acme/shop.git", ("github", "https://api.github.com", "acme/shop")),
        ({}, "ssh://git@gitlab.com:22/acme/web/shop", ("gitlab", "https://gitlab.com/api/v4", "acme/web/shop")),
        ({}, "https://codeberg.org/acme/shop", ("gitea", "https://codeberg.org/api/v1", "acme/shop")),
        ({}, "https://gitea.com/acme/shop/", ("gitea", "https://gitea.com/api/v1", "acme/shop")),
        (BY_HAND, "https://codeberg.org/acme/shop", ("gitea", "https://codeberg.org/api/v1", "acme/shop")),
        (GITLAB, "https://github.com/acme/shop", ("gitlab", "https://gl.example.com/api/v4", "acme/web/shop")),
    ],
)
def test_what_follows_from_ci_and_remote(environ: dict[str, str], remote: str, expected: tuple[str, str, str]) -> None:
    """CI counts before the remote; a variable set by hand after it."""
    assert found(environ, remote) == expected


@pytest.mark.parametrize(
    ("kind", "remote", "api"),
    [
        ("github", "https://git.acme.com/acme/shop", "https://git.acme.com/api/v3"),
        ("gitlab", "git@git.acme.com:acme/shop.git", "https://git.acme.com/api/v4"),
        ("gitea", "https://git.acme.com:8443/acme/shop", "https://git.acme.com:8443/api/v1"),
        ("gitea", "http://127.0.0.1:3000/acme/shop", "http://127.0.0.1:3000/api/v1"),
    ],
)
def test_a_server_of_one_s_own(kind: str, remote: str, api: str) -> None:
    """Its API is beside the repository, once the kind is said."""
    assert found({}, remote, kind=kind) == (kind, api, "acme/shop")


def test_what_is_said_counts_first() -> None:
    """Whatever CI and remote say."""
    said = {"kind": "gitea", "url": "https://codeberg.org/api/v1/", "repository": "acme/mirror"}
    assert found(GITHUB, "https://github.com/acme/shop", **said) == (
        "gitea",
        "https://codeberg.org/api/v1",
        "acme/mirror",
    )


def test_the_token_of_one_forge_is_not_for_another() -> None:
    """Of GitHub's, outside of Gitea's own CI, which calls its token so; and of GitLab's job."""
    place = find_place(GITHUB, "https://git.acme.com/acme/shop", kind="gitea")
    assert isinstance(place, Place)
    assert place.tokens == ("GITEA_TOKEN", "FORGEJO_TOKEN")
    in_ci = find_place(GITEA)
    assert isinstance(in_ci, Place)
    assert in_ci.tokens == ("GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_TOKEN")
    elsewhere = find_place({"CI_JOB_TOKEN": "x"}, "https://gitlab.com/acme/shop")
    assert isinstance(elsewhere, Place)
    assert elsewhere.tokens == ("GITLAB_TOKEN",)


@pytest.mark.parametrize(
    ("environ", "remote", "said", "words"),
    [
        ({}, "https://git.acme.com/acme/shop", {}, "which forge hosts the project is unknown"),
        ({}, "", {}, "without a remote and outside its CI"),
        ({}, "", {"kind": "gitea"}, "the address of Gitea's API is unknown"),
        ({}, "", {"kind": "github"}, "the repository's name on GitHub is unknown"),
        (
            {**GITHUB, "GITHUB_API_URL": "http://api.example.com"},
            "",
            {},
            "in GITHUB_API_URL has to begin with https://",
        ),
        ({**GITHUB, "GITHUB_API_URL": "file:///etc/passwd"}, "", {}, "in GITHUB_API_URL has to begin with https://"),
        ({**GITHUB, "GITHUB_API_URL": "https://u:p@api.example.com"}, "", {}, "in GITHUB_API_URL has to begin"),
        ({**GITHUB, "GITHUB_API_URL": "https://[::1"}, "", {}, "in GITHUB_API_URL has to begin with https://"),
        (
            {},
            "http://git.acme.com/acme/shop",
            {"kind": "gitlab"},
            "the address of GitLab's API has to begin with https",
        ),
        (GITHUB, "https://github.com/acme/other", {}, "the remote is the repository acme/other, and GITHUB_REPOSITORY"),
    ],
)
def test_what_cannot_be_known_is_told(environ: dict[str, str], remote: str, said: dict[str, str], words: str) -> None:
    """Nothing is asked, and the token is sent nowhere."""
    place = find_place(environ, remote, **said)
    assert isinstance(place, Unseen)
    assert words in place.why
    assert "[forge]" in place.remedy


@pytest.mark.parametrize(
    "remote", ["https://github.com/Acme/Shop.git", "https://mirror.example.com/x/y", "/srv/shop.git", ""]
)
def test_another_name_elsewhere_is_no_other_repository(remote: str) -> None:
    """Case does not count, nor does a mirror on another server."""
    assert found(GITHUB, remote)[2] == "acme/shop"


@pytest.mark.parametrize(
    ("environ", "remote", "expected"),
    [
        ({}, "https://github.com/acme/shop.git", "https://github.com/acme/shop/commit/abc"),
        ({}, "git@codeberg.org:acme/shop.git", "https://codeberg.org/acme/shop/commit/abc"),
        ({}, "ssh://git@gitlab.com:22/acme/web/shop", "https://gitlab.com/acme/web/shop/-/commit/abc"),
        (GITLAB, "https://gl.example.com:8443/acme/shop", "https://gl.example.com:8443/acme/shop/-/commit/abc"),
        (GITLAB, "https://github.com/acme/shop", "https://github.com/acme/shop/commit/abc"),
        (GITHUB, "https://ci:token@ghe.example.com/acme/s p", "https://ghe.example.com/acme/s%20p/commit/abc"),
        ({}, "https://git.example.com/acme/shop", ""),
        (GITHUB, "/srv/git/shop.git", ""),
        (GITHUB, "file:///srv/git/shop.git", ""),
        (GITHUB, "", ""),
    ],
)
def test_the_page_of_a_commit(environ: dict[str, str], remote: str, expected: str) -> None:
    """It is on the server of the remote, without a credential; where no forge is known there is none."""
    assert page_of(environ, remote, "abc") == expected
