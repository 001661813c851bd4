"""What gates are judged with, and code of another owner has changed: a pack's for others, or others' for a pack.

All of it runs in the same process. What is changed by mistake or without care is found. Code that wants to hide it can:
a pack is trusted as every other package that is installed.
"""

import builtins
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from enum import EnumType
from functools import cache
from importlib import import_module
from operator import attrgetter, itemgetter
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    GenericAlias,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

_OURS = "release_sentinel"
# What is watched: modules, and packages with all of theirs; of those that help, only the names in the modules. All code
# changes `sys`, `logging` and `warnings`, and pytest much of its own.
_JUDGE = {"git.cmd", "pluggy.*", "psutil.*", "release_sentinel.*", "requests.*", "urllib3.*"}
_OBSERVE = {"datetime", "email.message", "email.parser", "http.client", "json.*", "os", "pathlib.*", "select"}
_OBSERVE |= {"selectors", "shutil", "signal", "socket", "ssl", "subprocess", "threading", "time"}
_RUN_GATES = {"_pytest.assertion.rewrite", "_pytest.fixtures", "_pytest.main", "_pytest.outcomes"}
_RUN_GATES |= {"_pytest.python", "_pytest.reports", "_pytest.runner"}
_HELP = {"ast", "base64", "builtins", "certifi", "codecs", "collections", "configparser", "contextlib", "csv"}
_HELP |= {"email.utils", "fnmatch", "functools", "hashlib", "importlib.metadata", "importlib.util", "io"}
_HELP |= {"ipaddress", "itertools", "marshal", "math", "msgspec", "msgspec.json", "msgspec.structs", "ntpath"}
_HELP |= {"operator", "packaging.specifiers", "packaging.version", "posixpath", "pytest", "random", "re"}
_HELP |= {"secrets", "semver.version", "shlex", "stat", "tempfile", "tomllib", "urllib.parse"}
_HELP |= {"urllib.request", "xml.etree.ElementTree", "xml.parsers.expat", "yaml", "zipfile", "zlib"}
_HELP |= {"zoneinfo"}
_CLASSES = _JUDGE | _OBSERVE | _RUN_GATES
# What is to be changed has to be loaded before, or what it was would not be known.
_LOADED = [name.removesuffix(".*") for name in sorted(_CLASSES - {"git.cmd"})]
# What a call sets, and no name of Python holds.
_SETTINGS = {"what socket.getdefaulttimeout() returns": socket.getdefaulttimeout}
_SET_BY_US = {"http.client._MAXHEADERS"}  # at any time: by the first connection

_BUILT_IN = vars(builtins).keys()
_DESCRIPTORS = (staticmethod, classmethod, property)
# Kinds of values that hold no function of Python.
_SIMPLE = {str, bytes, int, float, bool, tuple, frozenset, type(None), ModuleType, GenericAlias}
_SIMPLE |= {BuiltinFunctionType, WrapperDescriptorType, GetSetDescriptorType, MemberDescriptorType}
_FULL = {dict, list, set}
_NOTHING = object()
_IMMUTABLE_TYPE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: no name of such a class can be bound


class Tampering:
    """Tells what has changed since it was last asked, by whose it is: what all gates are judged with, or a pack."""

    def __init__(self) -> None:
        for name in _LOADED:
            import_module(name)
        self._shared = Watch(_OURS, modules=_CLASSES | _HELP, classes=_CLASSES, bodies=_JUDGE)
        self._shared.add_settings(_SETTINGS)
        self._packs: dict[str, Watch] = {}

    def add(self, pack: str, package: str) -> None:
        """Watch a pack, which is loaded and as it was installed."""
        own, ours = f"{package}.*", f"{_OURS}.*"
        self._packs[pack] = Watch(package, modules={own}, classes={own, ours}, bodies={own, ours})

    def by_pack(self, pack: str, *, goes_on: bool = False) -> list[str]:
        """Return a sentence for each change to what is not its own, where only the code of that pack has run.

        Where that `goes_on`, what it changes of all others is told with what follows: to look at that takes time.
        """
        names = [] if goes_on else self._shared.changed()
        names += [name for owner, name in self._of_packs() if owner != pack]
        words = "a pack has to leave that alone"
        return [f"the gate pack {pack} has replaced {name}: {words}" for name in dict.fromkeys(names)]

    def by_others(self, *, within: bool = False) -> list[str]:
        """Return a sentence for each change to a pack or to this program, where no code of packs has run.

        `within` one gate of a pack, where only the runner has worked, all but packs is taken to be as it was. Other
        changes are believed: plugins of pytest patch it and libraries.
        """
        changed = [] if within else self._shared.changed()
        names = [name for name in changed if _root(name) == _OURS]
        names += [f"{name} of the gate pack {owner}" for owner, name in self._of_packs() if name not in names]
        words = "a conftest, a gate or a plugin has to leave that alone"
        return [f"{name} was replaced: {words}" for name in names]

    def _of_packs(self) -> list[tuple[str, str]]:
        return [(owner, name) for owner, watch in self._packs.items() for name in watch.changed()]


class _Column:
    """One fact about each of many subjects: read anew, and compared with what it was."""

    def __init__(
        self,
        read: Callable[[Any], Any],
        keep: Callable[[Any], Any] = lambda value: value,  # makes a copy of what can change in itself
    ) -> None:
        self._read, self._keep = read, keep
        self._subjects: list[Any] = []
        self._before: list[Any] = []

    def add(self, subjects: Iterable[Any]) -> None:
        """Take more, as they are now."""
        new = list(subjects)
        self._subjects += new
        self._before += [self._keep(self._read(subject)) for subject in new]

    def changed(self) -> list[Any]:
        """Return the subjects that differ; each is compared with what it is now from then on."""
        now = [*map(self._read, self._subjects)]
        if _equal(now, self._before):  # nearly always, and fast
            return []
        differ = [position for position, value in enumerate(now) if not _equal(value, self._before[position])]
        for position in differ:
            self._before[position] = self._keep(now[position])
        return [self._subjects[position] for position in differ]


class Watch:
    """Modules and classes, as they were when last looked at, each where its name or that of its package is given.

    Of classes, also those that such a module has from elsewhere. Of `bodies`, what functions do is compared, too; of
    the package `own`, what is in its constants.
    """

    def __init__(
        self, own: str, *, modules: AbstractSet[str], classes: AbstractSet[str], bodies: AbstractSet[str]
    ) -> None:
        self._own = own
        self._of_modules, self._of_classes, self._of_bodies = frozenset(modules), frozenset(classes), frozenset(bodies)
        self._seen: set[str] = set()  # all names of sys.modules
        self._taken: set[int] = set()  # the identities of holders and functions, which are kept
        self._holders: dict[int, tuple[Any, dict[str, object]]] = {}  # by the identity of a view of its values
        self._modules = _Column(sys.modules.get)  # of names
        self._namespaces = _Column(list)  # of views of what modules and classes hold
        self._code = _Column(attrgetter("__code__"))  # of functions, as the next two
        self._defaults = _Column(attrgetter("__defaults__"))
        self._keywords = _Column(attrgetter("__kwdefaults__"), lambda value: value and value.copy())
        self._cells = _Column(lambda pair: _content(pair[1]))  # of pairs, each with a name, as the next two
        self._constants = _Column(itemgetter(1), lambda value: value.copy())
        self._settings = _Column(lambda pair: pair[1]())
        self._add_modules()

    def add_settings(self, settings: Mapping[str, Callable[[], object]]) -> None:
        """Watch what functions return."""
        self._settings.add(settings.items())

    def changed(self) -> list[str]:
        """Return the names of what has changed since this was asked before."""
        found = set(self._rebound())
        for column in (self._code, self._defaults, self._keywords):
            found |= {_name(function) for function in column.changed()}
        for column in (self._cells, self._constants, self._settings):
            found |= {name for name, _ in column.changed()}
        replaced = self._modules.changed()
        self._add_holders(module for name in replaced if _is(module := sys.modules.get(name), ModuleType))
        return sorted({*found, *replaced, *filter(self._is_made_up, self._add_modules())})

    def _rebound(self) -> Iterator[str]:
        for view in self._namespaces.changed():
            owner, before = self._holders[id(view)]
            now = vars(owner).copy()
            self._holders[id(view)] = owner, now
            for key in before.keys() | now.keys():
                old, new = before.get(key, _NOTHING), now.get(key, _NOTHING)
                if old is not new and not _equal(old, new) and f"{_name(owner)}.{key}" not in _SET_BY_US:
                    functions = list[FunctionType]()
                    self._add_holders(self._take(owner, {key: new}, functions))
                    self._add_functions(functions)
                    if self._counts(owner, key, old, new):
                        yield f"{_name(owner)}.{key}"

    def _counts(self, owner: Any, key: str, old: object, new: object) -> bool:
        """Tell whether what has come under a name takes something from those that read it."""
        if old is _NOTHING:
            if isinstance(owner, ModuleType):
                return key in _BUILT_IN and _is_code(key, new) and not _is_special(key)
            hidden = [vars(base)[key] for base in owner.__mro__[1:] if key in vars(base)]
            return _is_code(key, new) or any(self._counts(owner, key, one, new) for one in hidden)
        if _is_code(key, old) or _is(old, ModuleType):
            return True
        is_state = old is None or (key.startswith("_") and not _is_constant(key))
        return not _is_special(key) and (not is_state or _root(_name(owner)) == _OURS)

    def _add_modules(self) -> list[str]:
        """Watch the modules that were imported since, and return their names."""
        new = sys.modules.keys() - self._seen
        watched = {name for name in new if _is_among(name, self._of_modules) and _is(sys.modules[name], ModuleType)}
        begun = {name for name in watched if getattr(_spec(name), "_initializing", False)}
        self._seen |= new - begun  # what another thread is about to import binds its names several times
        names = sorted(watched - begun)
        self._modules.add(names)
        self._add_holders(map(sys.modules.__getitem__, names))
        return names

    def _is_made_up(self, name: str) -> bool:
        """Tell whether a module was not imported: it stands where one of the package could be imported later."""
        return _root(name) == self._own and getattr(_spec(name), "name", None) != name

    def _add_holders(self, owners: Iterable[Any]) -> None:
        """Watch modules and classes, with the classes, functions and constants in them."""
        left, views, functions = list(owners), [], list[FunctionType]()
        while left:
            owner = left.pop()
            if id(owner) not in self._taken:
                self._taken.add(id(owner))
                view, held = vars(owner).values(), vars(owner).copy()
                self._holders[id(view)] = owner, held
                views.append(view)
                left += self._take(owner, held, functions)
        self._namespaces.add(views)
        self._add_functions(functions)

    def _take(self, owner: Any, held: Mapping[str, Any], functions: list[FunctionType]) -> Iterator[type]:
        """Watch constants, yield classes, and list functions."""
        has_bodies = _is_among(_name(owner), self._of_bodies)
        for key, value in held.items():
            kind = type(value)
            if kind is FunctionType:
                functions += [value] if has_bodies else []
            elif kind in _SIMPLE:
                pass
            elif kind in _FULL:
                if value and _is_constant(key) and _root(_name(owner)) == self._own:
                    self._constants.add([(f"{_name(owner)}.{key}", value)])
            elif issubclass(kind, type):
                if id(value) not in self._taken and self._is_class(value):
                    yield value
            elif has_bodies and (function := _function(value)):
                functions.append(function)

    def _is_class(self, value: type) -> bool:
        is_fixed = value.__flags__ & _IMMUTABLE_TYPE or issubclass(type(value), EnumType)
        return not is_fixed and _is_among(str(value.__module__), self._of_classes)

    def _add_functions(self, functions: Iterable[FunctionType]) -> None:
        new = {id(one): one for one in functions if id(one) not in self._taken}
        self._taken.update(new)
        self._code.add(new.values())
        self._defaults.add(one for one in new.values() if one.__defaults__)
        self._keywords.add(one for one in new.values() if one.__kwdefaults__)
        cells = [(_name(one), cell) for one in new.values() if one.__closure__ for cell in one.__closure__]
        if wrapping := [(*pair, inner) for pair in cells if (inner := _function(_content(pair[1])))]:
            self._cells.add((name, cell) for name, cell, _ in wrapping)
            self._add_functions(inner for _, _, inner in wrapping)


def _spec(name: str) -> object:
    return getattr(sys.modules[name], "__spec__", None)


def _is(value: object, *kinds: type) -> bool:
    """Tell what an object is, and not what it says: one that stands for another may fail then."""
    return issubclass(type(value), kinds)


def _name(owner: Any) -> str:
    """Return the full name of a module, class or function."""
    return owner.__name__ if isinstance(owner, ModuleType) else f"{owner.__module__}.{owner.__qualname__}"


def _root(name: str) -> str:
    return name.partition(".")[0]


@cache
def _is_among(name: str, names: frozenset[str]) -> bool:
    return name in names or f"{_root(name)}.*" in names


def _is_special(key: str) -> bool:
    return key.startswith("__") and key.endswith("__")


def _is_constant(key: str) -> bool:
    return not _is_special(key) and key.strip("_").isupper()


def _is_code(key: str, value: object) -> bool:
    is_annotations = key.startswith("__annot")  # which Python itself makes late
    return (callable(value) or _is(value, *_DESCRIPTORS)) and not is_annotations


def _function(value: Any) -> FunctionType | None:
    """Return the function of Python by which an object does what it does, if there is one."""
    for _ in range(9):  # of a cache around a static method, say
        if value is None or type(value) is FunctionType:
            return value
        if _is(value, staticmethod, classmethod, MethodType):
            value = value.__func__
        elif _is(value, property):
            value = value.fget
        elif callable(value):  # a cache, a fixture, and others that `functools.wraps` has marked
            value = _wrapped(value)
        else:
            return None
    return None


def _wrapped(value: object) -> object:
    with suppress(Exception):  # what stands for another object may run code for that
        return vars(value).get("__wrapped__")
    return None


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 - an array has no one answer, and any other object may have an error
        return False
