"""One dependency queried over HTTP: retries, redirects, a bound on the body, and one deadline over all of it."""

import contextlib
import os
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin, urlsplit

from msgspec import Struct, field

from release_sentinel.observe import Unseen, bodies, proxies, retry
from release_sentinel.observe.retry import Try
from release_sentinel.redaction import is_plain, without_credentials
from release_sentinel.sentences import chain, sentence

if TYPE_CHECKING:
    from requests import PreparedRequest, Session
    from requests.adapters import HTTPAdapter

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOT_A_URL = "it is not a URL such as https://example.com"
_LONGEST = 200  # characters of what a server has sent that an error shows
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)\}")


class Request(Struct, frozen=True):
    """What is asked for. Header values take secrets from the environment: `Bearer ${TOKEN}`."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = ()  # accepted as answers, even if they would otherwise be retried
    timeout: float = 3.0
    tries: int = 3
    deadline: float = 15.0
    max_redirects: int = 0
    proxy: str = ""  # blank: the environment's; `none`: a direct connection
    ca_bundle: str = ""
    client_cert: str = ""
    client_key: str = ""
    content: Any = None  # what is sent, as JSON
    form: Mapping[str, str] = field(default_factory=dict)  # what is sent instead, as a form
    most: int = bodies.MOST  # bytes of the answer's body


class Exchange(Struct, frozen=True):
    """One dependency's final answer: an HTTP `status`, or the `error` that came instead. Times in seconds."""

    url: str  # as it may be shown: without credentials
    status: int | None
    error: str
    tries: int
    seconds: float
    earlier: tuple[str, ...] = ()  # how the tries before the last one ended
    body: bytes = b""
    whole: bool = True  # whether the body was read to its end
    latency: float = 0.0  # of the last try
    headers: Mapping[str, str] = field(default_factory=dict)  # of the answer, case ignored

    @property
    def text(self) -> str:
        """The body as text."""
        return bodies.text(self.body, self.headers)


class _Reply(Struct, frozen=True):
    status: int
    body: bytes = b""
    whole: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


def ask(request: Request, environ: Mapping[str, str] | None = None) -> Exchange | Unseen:
    """Ask until there is an answer that a retry would not change.

    `environ` holds the secrets that headers name. If the request is impossible, because a secret or a file is missing,
    the result is `Unseen`, and nothing is sent. Of the user's own settings, proxies and `REQUESTS_CA_BUNDLE` count;
    `.netrc` does not: a release sends no credentials that its policy does not name.
    """
    headers, missing = _filled(request.headers, os.environ if environ is None else environ)
    if missing:
        return Unseen(f"{', '.join(missing)} is not set, and a header needs it", "set it in the CI job's environment")
    for name in ("ca_bundle", "client_cert", "client_key"):
        file = getattr(request, name)
        if file and not os.access(file, os.R_OK):
            shown = file if is_plain(file) else "(not shown)"  # it may be the key itself
            return Unseen(f"{name} {shown} cannot be read", f"correct `{name}` in the policy")
    if unusable := _proxy_problem(request):
        return unusable
    load()
    asked = retry.ask(
        lambda seconds: _try(request, headers, seconds),
        what=f"{request.method} {without_credentials(request.url.partition('?')[0])}",
        timeout=request.timeout,
        tries=request.tries,
        deadline=request.deadline,
    )
    return _exchange_of(request, asked)


def _exchange_of(request: Request, asked: retry.Asked[_Reply]) -> Exchange:
    last, answer = asked.last, asked.last.answer
    # What cannot be parsed cannot be stripped of credentials by its parts.
    unparsed = request.url.partition("?")[0].rpartition("@")[2]
    shown = unparsed if last.error == _NOT_A_URL else without_credentials(request.url)
    return Exchange(
        shown,
        answer.status if answer else None,
        last.error,
        asked.tries,
        asked.seconds,
        asked.earlier,
        answer.body if answer else b"",
        answer.whole if answer else True,
        last.seconds,
        answer.headers if answer else {},
    )


def load() -> None:
    """Import requests in the calling thread, before several threads need it: its modules import each other in circles.

    The import also sets warning filters, which are global.
    """
    import requests  # noqa: F401, PLC0415 - late: it costs 105 ms

    from release_sentinel.observe import connections  # noqa: F401, PLC0415 - late, like the line above


def trust(ca_bundle: str = "") -> str:
    """Return the PEM file, or folder, of the trusted authorities: the given one, else the default."""
    from requests.utils import DEFAULT_CA_BUNDLE_PATH  # noqa: PLC0415 - late: it costs 105 ms

    return _authorities(ca_bundle) or DEFAULT_CA_BUNDLE_PATH


def _authorities(ca_bundle: str) -> str:
    return ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or ""


def _filled(headers: Mapping[str, str], environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the headers with their references resolved, and the names that the environment does not have."""
    names = [name for value in headers.values() for name in _REFERENCE.findall(value)]
    missing = [name for name in dict.fromkeys(names) if not environ.get(name, "").strip()]
    filled = {
        name: _REFERENCE.sub(lambda match: environ.get(match[1], "").strip(), value) for name, value in headers.items()
    }
    return filled, missing


def _proxy_problem(request: Request) -> Unseen | None:
    """Return why the proxy of a request cannot be used; None where there is none, or the URL is not one."""
    try:
        proxy = proxies.proxy_for(request.url, request.proxy)
    except ValueError:
        return None
    return proxies.problem(proxy) if proxy else None


def _try(request: Request, headers: Mapping[str, str], seconds: float) -> Try[_Reply]:
    """Try once, within `seconds` for each read; the caller bounds the whole."""
    import requests  # noqa: PLC0415 - late: it costs 105 ms
    from requests import exceptions  # noqa: PLC0415 - late, like the line above

    start = time.monotonic()
    try:
        with requests.Session() as session:
            session.trust_env = False
            return _exchange(session, request, headers, seconds)
    except (exceptions.Timeout, TimeoutError):
        return Try(error=retry.no_answer(seconds), final=False, seconds=time.monotonic() - start)
    except bodies.BrokenOffError as error:
        return Try(error=f"its answer breaks off: {sentence(error.__cause__ or error, _LONGEST)}", final=False)
    except exceptions.SSLError as error:
        return Try(error=f"TLS: {sentence(error)}", final=not _broken_off(error))
    except exceptions.ProxyError as error:
        proxy = without_credentials(proxies.proxy_for(request.url, request.proxy))
        return Try(error=f"its proxy {proxy}: {sentence(error)}", final=False)
    except (exceptions.ConnectionError, exceptions.ChunkedEncodingError) as error:
        return Try(error=sentence(error), final=False)
    except (exceptions.MissingSchema, exceptions.InvalidSchema, exceptions.InvalidURL):
        return Try(error=_NOT_A_URL)  # and not in requests' words, which repeat it with its credentials
    except (exceptions.RequestException, OSError, ValueError) as error:
        return Try(error=without_credentials(sentence(error)))


def _exchange(session: "Session", request: Request, headers: Mapping[str, str], seconds: float) -> Try[_Reply]:
    """Ask, and follow redirects as far as the policy allows.

    requests can follow redirects itself, but reads their bodies whatever the size, and passes our headers on.
    """
    from requests import Request as Question  # noqa: PLC0415 - late: it costs 105 ms

    start = time.monotonic()
    # A compressed body could exceed the bound when unpacked.
    plain = {"Accept-Encoding": "identity", **headers}
    asked = Question(request.method, request.url, headers=plain, json=request.content, data=request.form)
    question = session.prepare_request(asked)
    for _ in range(request.max_redirects + 1):
        adapter = cast("HTTPAdapter", session.get_adapter(question.url or ""))
        response = adapter.send(
            question, timeout=seconds, stream=True, **_transport(adapter, request, question.url or "")
        )
        target = session.get_redirect_target(response)
        if target is None or not request.max_redirects or response.status_code in request.statuses:
            content, whole = bodies.read(response.raw, question.method or "", request.most)
            answer = _Reply(response.status_code, content, whole, response.headers)
            adapter.close()  # the rest of the body is not waited for
            break
        adapter.close()
        following = question.copy()
        following.url = urljoin(question.url or "", target)
        session.rebuild_method(following, response)
        if refused := _refused(question, following, headers, request):
            return Try(error=refused)
        question = following
    else:
        return Try(error=f"more than {request.max_redirects} redirects")
    return Try(
        answer=answer,
        final=answer.status in request.statuses or answer.status not in RETRIED,
        retry_after=retry_after(response.headers.get("Retry-After", "")),
        seconds=time.monotonic() - start,
        words="" if answer.status in request.statuses else f"HTTP {answer.status}",
    )


def _transport(adapter: "HTTPAdapter", request: Request, url: str) -> dict[str, Any]:
    """Return how a request is sent: proxy, trusted authorities, our own certificate; and prepare the adapter for it."""
    from requests.utils import prepend_scheme_if_needed  # noqa: PLC0415 - late: it costs 105 ms

    from release_sentinel.observe import connections  # noqa: PLC0415 - late, with requests

    proxy = proxies.proxy_for(url, request.proxy)
    if proxy:  # as requests spells it
        proxy = prepend_scheme_if_needed(proxy, "http")  # type: ignore[no-untyped-call]  # it has no annotations
    managers = [adapter.poolmanager]
    if proxy and not proxies.is_socks(proxy):  # SOCKS has connections of its own
        managers.append(adapter.proxy_manager_for(proxy))
    connections.install(managers)
    pair = (request.client_cert, request.client_key) if request.client_key else request.client_cert
    through = dict.fromkeys(("http", "https"), proxy) if proxy else {}
    return {"proxies": through, "verify": _authorities(request.ca_bundle) or True, "cert": pair or None}


def _refused(
    question: "PreparedRequest", following: "PreparedRequest", headers: Mapping[str, str], request: Request
) -> str:
    """Return why a redirect is not followed, or blank. What is meant for one server is not sent to another."""
    here, there = urlsplit(question.url or ""), urlsplit(following.url or "")
    if there.scheme not in {"http", "https"} or not there.hostname:
        return "it redirects to what is not a web address"
    if here.scheme == "https" and there.scheme == "http":
        return "it redirects from https to plain http"
    if (here.scheme, here.hostname, here.port) != (there.scheme, there.hostname, there.port):
        for name in (*headers, "Authorization", "Cookie"):
            following.headers.pop(name, None)
        if request.client_cert:
            return f"it redirects to another server, {there.hostname}, which must not get our certificate"
    return ""


def _broken_off(error: BaseException) -> bool:
    """Return whether a connection broke off during the handshake; otherwise its peer is not trusted."""
    import ssl  # noqa: PLC0415 - requests has loaded it

    return any(isinstance(inner, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) for inner in chain(error))


def retry_after(value: str) -> float:
    """Return the seconds that a Retry-After header asks for; 0 if it is not usable."""
    if value.isascii() and value.isdigit():
        return float(value)
    if not value:
        return 0.0
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - late: few servers ask for a pause

    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    return 0.0
