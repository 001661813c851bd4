"""The forge that hosts a project: where its API is, and what it answers."""

from release_sentinel.observe.forge.api import Api
from release_sentinel.observe.forge.place import GITEA, GITHUB, GITLAB, Forge, Place, find_place

__all__ = ["GITEA", "GITHUB", "GITLAB", "Api", "Forge", "Place", "find_place"]
