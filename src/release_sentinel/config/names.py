"""Which environment variables, and keys of settings, hold secrets by what they are called."""

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# A name's last word says what it holds: one of these, or a longer word that ends in one of the second row.
_WHOLE = {"PASS", "PWD", "KEY", "AUTH", "AUTHORIZATION", "COOKIE", "JWT", "PAT", "PASSCODE", "PSW", "CRED"}
_ENDS = re.compile(
    r"(?!ENABLE|DISABLE)\w*"
    r"(PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|CREDENTIAL|WEBHOOK|(API|ACCESS|SECRET|PRIVATE|ACCOUNT|ENCRYPTION)KEY)"
    r"|PASSWORD\w*"
)
_CONNECTION = {"DSN", "CONNECTION", "CONNECTIONSTRING", "CONNSTR"}
# Words behind it that say which one it is: DB_PASSWORD_PROD, API_KEY_2, SECRET_KEY_BASE.
_WHICH = re.compile(
    r"OLD|NEW|PREVIOUS|CURRENT|NEXT|VALUE|BASE|B|V|RAW|PEM|JSON|ENCODED|PRIMARY|SECONDARY|[0-9]+"
    r"|PROD|PRODUCTION|LIVE|STAGE|STAGING|DEV|DEVELOPMENT|TEST|TESTING|QA|UAT"
)
# Words before KEY that make it an identifier, or one for everybody: `bamboo_planKey`, CACHE_KEY.
_NO_SECRET_KEY = re.compile(
    r"PUB|CACHE|RESTORE|PRIMARY|FOREIGN|PARTITION|SORT|ROUTING|IDEMPOTENCY|OBJECT|BUCKET|GROUP|COMPONENT"
    r"|PROJECT|PLAN|BUILD|RESULT|JOB|ISSUE|HOST|ANON"
)
_FOR_ALL = {"PUBLIC", "PUBLISHABLE"}
_NO_SECRETS = re.compile(r"(OLD)?PWD|(HUDSON|JENKINS)_(\w+_)?COOKIE")  # of shells; by which Jenkins knows its processes
# Values that are public, or say only where a secret is: keys of OpenPGP by their fingerprint, public keys, references.
_NO_SECRET = re.compile(
    r"(0x)?([0-9A-Fa-f]{16}|[0-9A-Fa-f]{40})(?=\Z)|ssh-\w+ |ecdsa-\w+-\w+ |-----BEGIN (\w+ )*(PUBLIC KEY|CERTIFICATE)"
    r"|arn:|op://|vault:|projects/|\$[({\w]|\*+\Z"
)
_FINGERPRINT = {"GPG", "PGP"}


def says_secret(name: str, value: str = "") -> bool:
    """Return whether a variable or key with this name, and this value, holds a secret: GH_TOKEN, smtpPassword."""
    words = [word.upper() for word in _WORD.findall(name)]
    if _NO_SECRETS.fullmatch(name) or _FOR_ALL & set(words):
        return False
    while len(words) > 1 and _WHICH.fullmatch(words[-1]):
        words.pop()
    if not words:
        return False
    if words[-1] in {"URL", "URI"}:
        return any("WEBHOOK" in word for word in words)
    *before, last = words
    if last.endswith("S") and last != "PASS":
        last = last.removesuffix("S")
    if last == "KEY" and before and _NO_SECRET_KEY.fullmatch(before[-1]):
        return False
    if last not in _WHOLE and not _ENDS.fullmatch(last):
        return False
    reference = _NO_SECRET.match(value.strip())
    hexadecimal = reference is not None and reference[2] is not None
    return reference is None or (hexadecimal and not _FINGERPRINT & set(before))


def says_connection(name: str) -> bool:
    """Return whether a variable with this name says how to connect, among it a secret: AZURE_CONNECTION_STRING."""
    words = [word.upper() for word in _WORD.findall(name)]
    return bool(words) and (words[-1] in _CONNECTION or "".join(words[-2:]) in _CONNECTION)
