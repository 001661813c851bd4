"""Which environment variables, and keys of settings, hold secrets by what they are called."""

import re
from collections.abc import Sequence

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# A name's last word says what it holds: one of these, or a longer word that ends in one of the second row.
_WHOLE = {
    *("PASS", "PWD", "PW", "PSW", "PASSCODE", "KEY", "AUTH", "AUTHORIZATION", "BEARER", "COOKIE", "JWT", "PAT", "CRED"),
    *("OTP", "PSK", "SALT", "SEED", "SK", "KUBECONFIG"),
}
_ENDS = re.compile(
    r"(?!ENABLE|DISABLE)\w*"
    r"(PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|CREDENTIAL|WEBHOOK|(API|ACCESS|SECRET|PRIVATE|ACCOUNT|ENCRYPTION)KEY)"
    r"|PASSWORD\w*"
    r"|(DB|SSH|FTP|SMTP|MAIL|LDAP|BIND|SVN|PG|MYSQL|REDIS|SUDO|ROOT|ADMIN|USER|STORE|KEY|TRUST|CERT)(PASS|PWD|PW)"
    r"|(SSH|DEPLOY|SIGN|SIGNING|MASTER|AUTH|APP|CRYPT|CIPHER|SERVER|CLIENT|LICENSE|LICENCE|HOOK)KEY"
)
# What comes before KEY where more words follow: SSH_KEY_FOR_STAGING.
_KEY_OF = {"API", "ACCESS", "SECRET", "PRIVATE", "ACCOUNT", "ENCRYPTION", "SSH", "DEPLOY", "SIGNING", "MASTER", "AUTH"}
# A word behind the one that says secret which makes the name say something about it, or where it is.
_ABOUT = re.compile(
    r"(ALG|ALGORITHM|ALIAS|ARN|AUDIENCE|BIT|COMMAND|COUNT|DIR|DIRECTORY|DISABLED?|ENABLED?|ENDPOINT|EXPIR\w*|FILE|FINGERPRINT"
    r"|FORMAT|HEADER|HELPER|HOST|ID|INDEX|ISSUER|LABEL|LENGTH|LEN|LIFETIME|LIMIT|MANAGER|MAX|METHOD|MIN|MODE|NAME|PATH"
    r"|PERMISSION|POLICY|PORT|PREFIX|PROVIDER|PUB|REGION|REQUIRED|ROTATION|SCOPE|SERVER|SERVICE|SIZE|SOURCE|STORE|SUFFIX"
    r"|TIMEOUT|TTL|TYPE|URI|URL|USER|USERNAME|VAULT|VERSION)S?"
)
_CONNECTION = {"DSN", "CONNECTION", "CONNECTIONSTRING", "CONNSTR"}
# Words behind it that say which one it is: DB_PASSWORD_PROD, API_KEY_2, SECRET_KEY_BASE.
_WHICH = re.compile(
    r"OLD|NEW|PREVIOUS|CURRENT|NEXT|VALUE|BASE|B|V|RAW|PEM|JSON|ENCODED|PRIMARY|SECONDARY|CONTENTS?|DATA|TEXT|[0-9]+"
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
    r"|arn:|op://[\w. -]+/|vault:[\w/-]+#\w+\Z|projects/|\$\(.*\)\Z|\$\{[^{}]*\}\Z|\$[A-Z_][A-Z0-9_]*\Z|\*+\Z"
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
    if words[-2:] == ["SECRET", "ID"] or words[-2:] == ["KUBE", "CONFIG"]:
        return True
    before = words[:-1]
    if not _ends_in_secret(words) and not _has_secret_before(words):
        return False
    reference = _NO_SECRET.match(value.strip())
    hexadecimal = reference is not None and reference[2] is not None
    return reference is None or (hexadecimal and not _FINGERPRINT & set(before))


def _ends_in_secret(words: Sequence[str]) -> bool:
    *before, last = words
    last = last if last.endswith("SS") else last.removesuffix("S")
    if last == "KEY" and before and _NO_SECRET_KEY.fullmatch(before[-1]):
        return before[-1] == "ROUTING" and not {"PD", "PAGERDUTY"}.isdisjoint(before)  # which is a token there
    return last in _WHOLE or _ENDS.fullmatch(last) is not None


def _has_secret_before(words: Sequence[str]) -> bool:
    """Tell whether a word says secret, and those behind it only which one: TOKEN_GITHUB, not TOKEN_TTL."""
    for end in range(1, len(words)):
        last = words[end - 1]
        clear = _ENDS.fullmatch(last.removesuffix("S")) or (last == "KEY" and end > 1 and words[end - 2] in _KEY_OF)
        if clear and not any(map(_ABOUT.fullmatch, words[end:])):
            return True
    return False


def says_connection(name: str) -> bool:
    """Return whether a variable with this name says how to connect, among it a secret: AZURE_CONNECTION_STRING."""
    words = [word.upper() for word in _WORD.findall(name)]
    return bool(words) and (words[-1] in _CONNECTION or "".join(words[-2:]) in _CONNECTION)
