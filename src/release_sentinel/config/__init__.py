"""The settings of one run: what is allowed, what is required, and the limits that the checks judge by."""

import os
from typing import Literal, overload

from release_sentinel.errors import MissingSettingError


@overload
def get_env(name: str, *, required: Literal[True], default: str | None = None) -> str: ...
@overload
def get_env(name: str, *, required: bool = False, default: str) -> str: ...
@overload
def get_env(name: str, *, required: bool = False, default: None = None) -> str | None: ...
def get_env(name: str, *, required: bool = False, default: str | None = None) -> str | None:
    """Return the environment variable `name`, or `default`.

    Raises `MissingSettingError`, a `RuntimeError`, when it is `required` and there is neither.
    """
    value = os.environ.get(name, default)
    if required and value is None:
        raise MissingSettingError(name)
    return value
