"""The forge that hosts a project: where its API is, what it answers, and what it knows about a commit."""

from release_sentinel.observe.forge.api import Api
from release_sentinel.observe.forge.client import Client
from release_sentinel.observe.forge.evidence import Evidence
from release_sentinel.observe.forge.place import GITEA, GITHUB, GITLAB, Forge, Place, find_place, for_reading, page_of
from release_sentinel.observe.forge.records import own_job

__all__ = [
    "GITEA",
    "GITHUB",
    "GITLAB",
    "Api",
    "Client",
    "Evidence",
    "Forge",
    "Place",
    "find_place",
    "for_reading",
    "own_job",
    "page_of",
]
