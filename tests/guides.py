"""What tests read in README and guides, and the tables in them: `python -m tests.guides` writes these again."""

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any, get_args, get_origin

from msgspec import NODEFAULT

import release_sentinel
from release_sentinel import gates, options
from release_sentinel.config.model import PLACEHOLDERS, Policy
from release_sentinel.config.read import allowed, bare, is_record, keys
from release_sentinel.config.variables import VARIABLES, Variable
from release_sentinel.observe import ci
from tests.observe import ci_cases

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FOLDER = Path(release_sentinel.__file__).parent / "guides"
GUIDES = {path.stem: path for path in sorted(FOLDER.glob("*.md"))}
PAGES = [README, *GUIDES.values()]

# Asked for by `required`, and no field of the policy.
_TOKEN = "| `RS_DEPLOY_TOKEN` | (required) | the secret that deploys; asked for, never shown |"
_REQUIRED = {"RS_REQUIRED_PROCESS", "RS_API_URL"}


def text(path: Path) -> str:
    """Return a page."""
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    """Return a page's code blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text(path), re.MULTILINE | re.DOTALL)


def options_table() -> str:
    """Return the gate's own options as a Markdown table, without those that ask for a report."""
    return options.table(reports=False)


def reports_table() -> str:
    """Return the options that ask for a report as a Markdown table."""
    return options.table(reports=True)


def variables_table() -> str:
    """Return the variables that set the policy as a Markdown table."""
    rows = [*map(_variable, VARIABLES[:2]), _TOKEN, *map(_variable, VARIABLES[2:])]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def _variable(variable: Variable) -> str:
    value = _shown(reduce(getattr, variable.path.split("."), Policy()))
    return f"| `{variable.name}` | {'(required)' if variable.name in _REQUIRED else value} | {variable.meaning} |"


def _shown(value: Any) -> str:
    if value in {"", (), None, math.inf, -math.inf}:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    words = map(str, value) if isinstance(value, tuple) else [f"{value:g}" if isinstance(value, float) else str(value)]
    return f"`{','.join(words)}`"


def keys_table() -> str:
    """Return every key of the policy as a Markdown table."""
    return "\n".join(["| key | default | may be |", "|---|---|---|", *_keys(Policy, "")])


def _keys(record: Any, prefix: str) -> Iterator[str]:
    for name, (field, kind) in keys(record).items():
        base, _ = bare(kind)
        listed = get_origin(base) is tuple and is_record(get_args(base)[0])
        if listed or is_record(kind):
            yield from _keys(get_args(base)[0] if listed else kind, f"{prefix}{name}{'[]' if listed else ''}.")
            continue
        default = "(required)" if field.required else ""
        if field.default is PLACEHOLDERS:
            default = f"{len(PLACEHOLDERS)} patterns"
        elif field.default is not NODEFAULT:
            default = _shown(field.default)
        yield f"| `{prefix}{name}` | {default} | {allowed(kind)} |"


_COLUMNS = {"commit": ("commit",), "branch or tag": ("branch", "tag"), "pull request": ("pull_request",)}
_COLUMNS |= {"merged into": ("target",), "fork": ("fork",)}


def systems_table() -> str:
    """Return what is read from which variable of each CI system: that which changes without the variable."""
    rows = [f"| system | recognised by | {' | '.join(_COLUMNS)} |", "|---" * (len(_COLUMNS) + 2) + "|"]
    for provider in sorted(ci.PROVIDERS, key=str.lower):
        marks = [*ci_cases.SYSTEMS[provider].marks.items()]
        marks += [mark for system, others in ci_cases.MARKS if system == provider for mark in others.items()]
        shown = [f"{name}={value}" if value == "woodpecker" else name for name, value in marks]
        cells = [sorted(_variables(provider, fields)) for fields in _COLUMNS.values()]
        rows.append(" | ".join([f"| {provider}", *map(_quoted, [dict.fromkeys(shown), *cells])]) + " |")
    return "\n".join(rows)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _variables(provider: str, fields: Iterable[str]) -> set[str]:
    """Return the variables of the cases of a system that change one of these fields, if taken away."""
    return {
        name
        for system, variables in ci_cases.ALL
        if system == provider
        for everything in (ci_cases.environ(provider, variables), ci_cases.SYSTEMS[provider].marks | variables)
        for name in everything
        if _differs(everything, name, fields)
    }


def _differs(everything: Mapping[str, str], taken: str, fields: Iterable[str]) -> bool:
    whole, less = ci.build(everything), ci.build({name: everything[name] for name in everything if name != taken})
    if whole is None or less is None or whole.provider != less.provider:
        return False
    if fields == ("fork",):
        return whole.pull_request 
    return any(getattr(whole, field) != getattr(less, field) for field in fields)


TABLES: Mapping[str, Callable[[], str]] = {
    "ci systems": systems_table,
    "gates": gates.table,
    "options": options_table,
    "reports": reports_table,
    "variables": variables_table,
    "policy keys": keys_table,
}
_TABLE = re.compile(r"(?<=<!-- table: )([a-z ]+)( -->\n\n)(.*?)(?=\n\n|\n\Z)", re.DOTALL)


def tables(page: str) -> list[tuple[str, str]]:
    """Return the generated tables of a page: the name that stands above each, and its text."""
    return [(name, table) for name, _, table in _TABLE.findall(page)]


def renewed(page: str) -> str:
    """Return a page with its tables as the code has them now."""
    return _TABLE.sub(lambda found: f"{found[1]}{found[2]}{TABLES[found[1]]()}", page)


def main() -> int:
    """Write the tables of all pages again."""
    for path in PAGES:
        path.write_text(renewed(text(path)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
