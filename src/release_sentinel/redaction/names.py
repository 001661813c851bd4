"""Which variables, keys, options, headers and query fields hold secrets by what they are called."""

import re
from urllib.parse import unquote

from release_sentinel.redaction.plain import is_plain

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# These words say it where a name ends, but for words of `_WHICH` behind them.
_WHOLE = {
    *("PASS", "PWD", "PW", "PSW", "PASSCODE", "PSK", "OTP", "PAT", "JWT", "KEY", "SK", "CRED"),
    *("AUTH", "AUTHORIZATION", "BEARER", "COOKIE", "SEED", "SALT"),
}
_GLUED_KEY = (
    "(API|ACCESS|SECRET|PRIVATE|ACCOUNT|ENCRYPTION|SSH|GPG|PGP|DEPLOY|SIGN|SIGNING|MASTER|AUTH|LICENSE|SERVICE)KEY"
)
_GLUED = re.compile(rf"\w*{_GLUED_KEY}|(?!BY|COM|TRES|SUR|ASK|\w*ASK)\w+PASS|\w+(PWD?|PSK)")
# These say it anywhere in a name, as words of their own and as the end of longer ones.
_STRONG = re.compile(
    rf"(?!ENABLE|DISABLE)\w*(PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|CREDENTIAL|WEBHOOK|{_GLUED_KEY})|PASSWORD\w*"
)
_KEYS = {"API", "ACCESS", "SECRET", "PRIVATE", "ACCOUNT", "ENCRYPTION", "SIGNING", "MASTER", "DEPLOY", "SSH"}
# Words behind a secret that make the name one of something else: TOKEN_COUNT, AWS_ACCESS_KEY_ID.
_ABOUT = re.compile(
    r"COUNT|ENABLED|ENABLE|DISABLED|DISABLE|FILE|PATH|DIR|DIRECTORY|NAME|ALIAS|URL|URI"
    r"|ENDPOINT|HOST|PORT|DOMAIN|REGION|ID|IDS|ARN|TTL|AGE|TIMEOUT|EXPIRY|EXPIRES|EXPIRATION"
    r"|LENGTH|LEN|SIZE|MIN|MAX|LIMIT|TYPE|KIND|ALGORITHM|ALG|FORMAT|MODE|SCOPE|SCOPES"
    r"|PERMISSION|PERMISSIONS|POLICY|VERSION|SOURCE|STORE|PROVIDER|MANAGER|AUDIENCE|ISSUER"
    r"|FINGERPRINT|REQUIRED|USER|USERNAME|LOGIN|EMAIL|SOCK|SOCKET|STDIN|FD|PROMPT"
)
# These say it at the end of a field of a URL, too: `?sig=`, `;jsessionid=`.
_FIELDS = {"SIG", "SIGNATURE", "SESSION", "SESSIONID", "JSESSIONID", "PHPSESSID", "SAS"}
_CONNECTION = {"DSN", "CONNECTION", "CONNECTIONSTRING", "CONNSTR"}
# Words behind it that say which one it is: DB_PASSWORD_PROD, API_KEY_2, SECRET_KEY_BASE.
_WHICH = re.compile(
    r"CONTENTS?|DATA|TEXT|STRING|PLAIN|RO|RW|READ|WRITE|READONLY|ADMIN|MAIN|DEFAULT"
    r"|EU|US|AP|EMEA|APAC|EAST|WEST|NORTH|SOUTH|CENTRAL"
    r"|OLD|NEW|PREVIOUS|CURRENT|NEXT|VALUE|BASE|B|V|RAW|PEM|JSON|ENCODED|PRIMARY|SECONDARY|[0-9]+"
    r"|PROD|PRODUCTION|LIVE|STAGE|STAGING|DEV|DEVELOPMENT|TEST|TESTING|QA|UAT"
)
# Words before KEY that make it an identifier, or one for everybody: `bamboo_planKey`, CACHE_KEY.
_NO_SECRET_KEY = re.compile(
    r"PUB|CACHE|RESTORE|PRIMARY|FOREIGN|PARTITION|SORT|IDEMPOTENCY|OBJECT|BUCKET|GROUP|COMPONENT"
    r"|PROJECT|PLAN|BUILD|RESULT|JOB|ISSUE|HOST|ANON"
)
_FOR_ALL = {"PUBLIC", "PUBLISHABLE"}
_NO_SECRETS = re.compile(r"(OLD)?PWD|(HUDSON|JENKINS)_(\w+_)?COOKIE")  # of shells; by which Jenkins knows its processes
# Values that are public, or say only where a secret is: keys of OpenPGP by their fingerprint, public keys, references.
_HEXADECIMAL = re.compile(r"(0x)?([0-9A-Fa-f]{16}|[0-9A-Fa-f]{40})")
_PUBLIC = re.compile(
    r"(ssh-[\w-]+|ecdsa-[\w-]+) [\w+/]+=*( [^\n]*)?|-----BEGIN (\w+ )*(PUBLIC KEY|CERTIFICATE)(?!.*PRIVATE KEY).*|\*+",
    re.DOTALL,
)
_ARN = re.compile(r"arn:aws[\w-]*:[\w-]+:[\w-]*:\d*:[\w:/.+=@-]+|projects/[\w-]+/secrets/[\w-]+(/versions/\w+)?")
_STORE = re.compile(r"(?:op://|vault:(?=[^/]+/))([\w ./#-]+)")
_ITEM = re.compile(r"[a-z0-9]{26}")  # of 1Password, by its id
_FINGERPRINT = {"GPG", "PGP"}
_CONFIGURATION = {"KUBECONFIG", "KUBE_CONFIG", "DOCKER_CONFIG", "DOCKERCONFIG"}


def says_secret(name: str, value: str = "") -> bool:
    """Return whether a variable or key with this name, and this value, holds a secret: GH_TOKEN, smtpPassword."""
    words = [word.upper() for word in _WORD.findall(name)]
    if _NO_SECRETS.fullmatch(name) or _FOR_ALL & set(words) or not _names_one(words):
        return False
    value = value.strip()
    if _HEXADECIMAL.fullmatch(value):
        return not _FINGERPRINT & set(words)
    return not is_reference(value)


def field_says_secret(name: str, value: str = "") -> bool:
    """Return whether the field of a URL or of a connection string holds a secret: `sig`, `X-Amz-Signature`, `Pwd`."""
    words = [word.upper() for word in _WORD.findall(unquote(name))]
    return says_secret(name, value) or words[-2:] == ["SESSION", "ID"] or not _FIELDS.isdisjoint(words[-1:])


def says_about(name: str) -> bool:
    """Return whether a name says that its value only describes something: `clientId`, `token_uri`."""
    words = [word.upper() for word in _WORD.findall(name)]
    return bool(words) and _ABOUT.fullmatch(words[-1]) is not None


def is_reference(value: str) -> bool:
    """Return whether all of a value is public, or says only where a secret is: a public key, `op://prod/db/password`."""
    if _PUBLIC.fullmatch(value) or _ARN.fullmatch(value):
        return True
    store = _STORE.fullmatch(value)
    return store is not None and all(
        is_plain(part) or _ITEM.fullmatch(part) is not None for part in re.split("[/#]", store[1])
    )


def _names_one(words: list[str]) -> bool:
    """Return whether one of the words is a secret, and none behind it says otherwise."""
    if words[-1:] in (["URL"], ["URI"]):
        return any("WEBHOOK" in word for word in words)
    if words[-2:] == ["SECRET", "ID"]:  # of an AppRole
        return True
    end = len(words)
    while end > 1 and _WHICH.fullmatch(words[end - 1]):
        end -= 1
    if end < len(words) and (
        "_".join(words[max(end - 2, 0) : end]) in _CONFIGURATION or words[end - 1] in _CONFIGURATION
    ):
        return True
    for place in range(end - 1, -1, -1):
        if _ABOUT.fullmatch(words[place]):
            return False
        if _is_one(words, place, last=place == end - 1):
            return True
    return False


def _is_one(words: list[str], place: int, *, last: bool) -> bool:
    word, before = words[place], words[place - 1] if place else ""
    if word.endswith("S") and not word.endswith("PASS"):
        word = word.removesuffix("S")
    if word == "KEY" and _NO_SECRET_KEY.fullmatch(before):
        return False
    if _STRONG.fullmatch(word) or (word == "KEY" and before in _KEYS):
        return True
    return last and (word in _WHOLE or _GLUED.fullmatch(word) is not None)


def says_connection(name: str) -> bool:
    """Return whether a variable with this name says how to connect, among it a secret: AZURE_CONNECTION_STRING."""
    words = [word.upper() for word in _WORD.findall(name)]
    return bool(words) and (words[-1] in _CONNECTION or "".join(words[-2:]) in _CONNECTION)
