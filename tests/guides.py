"""What tests read in README and guides, and the tables in them: `python -m tests.guides` writes these again."""

import inspect
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import reduce
from pathlib import Path
from typing import Any, get_args, get_origin

from msgspec import NODEFAULT

import release_sentinel
from release_sentinel import gates, options, public
from release_sentinel.colours import RULES
from release_sentinel.config.marks import Stricter
from release_sentinel.config.model import PLACEHOLDERS, LayerRules, Policy
from release_sentinel.config.read import allowed, bare, is_record, keys
from release_sentinel.config.variables import BASE, VARIABLES, Variable
from release_sentinel.observe import ci
from release_sentinel.redaction import MASK
from release_sentinel.redaction.forms import FORMS
from release_sentinel.reports import metrics
from tests.observe import ci_cases
from tests.public import member
from tests.templates import table

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
FOLDER = Path(release_sentinel.__file__).parent / "guides"
GUIDES = {path.stem: path for path in sorted(FOLDER.glob("*.md"))}
PAGES = [README, *GUIDES.values()]

# Asked for by `required`, and no field of the policy.
_TOKEN = "| `RS_DEPLOY_TOKEN` | (required) | the secret that deploys; asked for, never shown |"
_BASE = f"| `{BASE}` |  | a policy file below all others: `package:file` or an absolute path; a blank is an error |"
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
    rows = [*map(_variable, VARIABLES[:2]), _TOKEN, *map(_variable, VARIABLES[2:]), _BASE]
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


def colours_table() -> str:
    """Return the variables that decide on colours as a Markdown table."""
    rows = [f"| `{rule.variable}` | {rule.meaning} |" for rule in RULES]
    return "\n".join(["| variable | meaning |", "|---|---|", *rows])


def keys_table() -> str:
    """Return every key of the policy as a Markdown table."""
    rows = [*_keys(LayerRules, ""), *_keys(Policy, "")]
    return "\n".join(["| key | default | may be | stricter |", "|---|---|---|---|", *rows])


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
        yield f"| `{prefix}{name}` | {default} | {allowed(kind)} | {_stricter(kind)} |"


def _stricter(kind: Any) -> str:
    """Return in which direction a key is stricter."""
    mark = next((mark for mark in bare(kind)[1] if isinstance(mark, Stricter)), None)
    if mark is None:
        return ""
    words = {"superset": "more entries", "subset": "fewer entries"}.get(mark.way, mark.way)
    if mark.has_usual:
        return f"{words}; with its gate in `enable`, none are the usual ones"
    return f"{words}; {'0' if mark.way == 'lower' else 'none'} bounds nothing" if mark.has_free else words


def forms_table() -> str:
    """Return the forms of credentials as a Markdown table, each with what is shown of its example."""
    rows = [
        f"| {title} | {_code(re.sub('«.*?»', MASK, example))} | {_code(other)} |"
        for title, example, other in (row for form in FORMS for row in form.rows)
    ]
    return "\n".join(["| form | masked | not masked |", "|---|---|---|", *rows])


def _code(example: str) -> str:
    return f"`{example}`".replace("\n", "⏎")


_INTO_MAIN = ci_cases.PULL_REQUESTS
_REQUESTS = (*_INTO_MAIN, *ci_cases.PULL_REQUESTS_INTO_UNKNOWN)
_NAMED = (*ci_cases.BRANCH_BUILDS, *ci_cases.TAG_BUILDS)
# The columns of the table of CI systems, with what each tells of a build, and the builds that show it.
_COLUMNS: Mapping[str, tuple[Callable[[Mapping[str, str]], object], Iterable[ci_cases.Case]]] = {
    "commit": (lambda environ: _built(environ).commit, (*_NAMED, *_REQUESTS, *ci_cases.COMMITS)),
    "branch or tag": (lambda environ: (_built(environ).branch, _built(environ).tag), _NAMED),
    "pull request": (lambda environ: _built(environ).pull_request, _REQUESTS),
    "merged into": (lambda environ: not _built(environ).pull_request or _built(environ).target == "main", _INTO_MAIN),
    "fork": (ci.from_fork, (*ci_cases.FORKS, *ci_cases.NO_FORKS)),
}


def systems_table() -> str:
    """Return the variables of each CI system: those whose absence changes what a column tells."""
    rows = [f"| system | recognised by | {' | '.join(_COLUMNS)} |", f"|{'---|' * (len(_COLUMNS) + 2)}"]
    for provider in sorted(ci.PROVIDERS, key=str.lower):
        cells = [_quoted(_marks(provider)), *(_quoted(_read(provider, *column)) for column in _COLUMNS.values())]
        rows.append(f"| {provider} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _built(environ: Mapping[str, str]) -> ci.Build:
    return ci.build(environ) or ci.Build("")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _marks(provider: str) -> Iterator[str]:
    """Yield each alternative: one variable, or several that all have to be set."""
    alternatives = [
        ci_cases.SYSTEMS[provider].marks,
        *(marks for system, marks in ci_cases.MARKS if system == provider),
    ]
    for marks in alternatives:
        yield " ".join(f"{name}={value}" if value == "woodpecker" else name for name, value in marks.items())


def _read(provider: str, tell: Callable[[Mapping[str, str]], object], builds: Iterable[ci_cases.Case]) -> Iterable[str]:
    marks, commit = ci_cases.SYSTEMS[provider]
    found = set()
    for variables in [variables for system, variables in builds if system == provider]:
        for whole in ({**marks, **variables}, ci_cases.environ(provider, variables)):
            less = {name: {other: whole[other] for other in whole if other != name} for name in whole}
            found |= {name for name in whole if name not in marks and tell(less[name]) != tell(whole)}
    return sorted(found, key=lambda name: (name != commit, name.lower()))


def calls_table() -> str:
    """Return what can be made or called of the public names, with what each takes, as a Markdown table."""
    rows = []
    for module, names in public.PUBLIC.items():
        for name in names:
            found = member(module, name)
            not_made = isinstance(found, type) and issubclass(found, Enum | BaseException)
            if callable(found) and not not_made and (module, name) not in _OF_FIXTURES:
                rows.append(f"| `{name}({_taken(found)})` | `{module}` | {_first_words(found)} |")
    return "\n".join(["| call | module | what it is |", "|---|---|---|", *dict.fromkeys(rows)])


_OF_FIXTURES = {
    ("release_sentinel.plugin.gate", "Gate"),
    ("release_sentinel.config.model", "Policy"),
    ("release_sentinel.verdict", "Release"),
    ("release_sentinel.observe.git", "Repository"),
}


def _taken(call: Any) -> str:
    """Return the parameters of a call with their defaults; for `**changes`, the fields of what it returns."""
    shown = []
    for one in inspect.signature(call).parameters.values():
        if one.kind is one.VAR_KEYWORD and one.name == "changes":
            returned = inspect.signature(call, eval_str=True).return_annotation
            shown += [f"{field}=…" for field in returned.__struct_fields__ if field != "name"]
        elif one.default is one.empty:
            shown.append(str(one).partition(":")[0])
        else:
            plain = isinstance(one.default, str | int | float | tuple | bool | None) and type(one.default).__repr__
            shown.append(f"{one.name}={one.default!r}" if plain else f"{one.name}=…")
    return ", ".join(shown)


def _first_words(call: Any) -> str:
    """Return the first sentence of a docstring."""
    return (inspect.getdoc(call) or "").partition("\n")[0].replace("|", "\\|")


TABLES: Mapping[str, Callable[[], str]] = {
    "templates": table.text,
    "ci systems": systems_table,
    "forms": forms_table,
    "gates": gates.table,
    "options": options_table,
    "reports": reports_table,
    "metrics": metrics.table,
    "variables": variables_table,
    "colours": colours_table,
    "policy keys": keys_table,
    "public names": public.table,
    "public calls": calls_table,
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
