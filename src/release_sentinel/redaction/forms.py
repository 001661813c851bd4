"""The forms in which a text carries credentials: addresses, options of commands, headers, settings, tokens.

Each form has examples of what is found, and of what only resembles it. The guide "secrets" is made of them.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from release_sentinel.redaction.credential import Credential
from release_sentinel.redaction.finders import BLANK, GAP, NAME, VALUE, WORD, Find, behind, pairs, whole
from release_sentinel.redaction.plain import is_plain
from release_sentinel.redaction.urls import of_fields, of_urls

_LONGEST = 1 << 20  # characters of a text
_THEN = r"[^\n|;&]{0,200}?\s"  # between a command and one of its options
_JOINED = rf"(?:[\"'],\s{{0,20}}+[\"']?|{BLANK}|=)"  # an option and its value, also in a list of JSON
_UNESCAPED = re.compile(r"\\([\"'/])")


class Row(NamedTuple):
    """A row of the guide: a form, an example of it with the secret between `«` and `»`, and one that resembles it."""

    title: str
    example: str
    other: str


class Form(NamedTuple):
    """How one form is found, and where it is looked for: in a text with one of the hints."""

    find: Find
    hints: tuple[str, ...]
    rows: tuple[Row, ...]


def credentials(text: str) -> Iterator[Credential]:
    """Yield the credentials in a text: plain ones, too, where they can be masked in their place."""
    text = text.strip()
    if len(text) > _LONGEST:
        return
    for part in dict.fromkeys((text, _UNESCAPED.sub(r"\1", text))):
        lowered = part.lower()
        for number in sorted({number for hint, number in _HINTS if hint in lowered}):
            yield from FORMS[number].find(part)


def secrets_in(text: str) -> Iterator[str]:
    """Yield what is secret in a text, as written and unquoted; what is too plain to be masked everywhere is not."""
    for found in credentials(text):
        yield from (value for value in found.values if not is_plain(value))


_TOKENS = (
    r"gh[pousr]_\w{12,}+|github_pat_\w{16,}+|gl(?:pat|cbt|dt|rtr?|ptt|oas|ft|ffct|imt|agent|soat|wt)-[\w-]{16,}+",
    r"xox[a-z](?:\.xox[a-z])?-[\w-]{10,}+|xapp-\d-[\w-]{10,}+|[sr]k_(?:live|test|prod)_\w{10,}+|whsec_[\w+/=-]{16,}+",
    r"sk-(?:proj|ant|svcacct|admin|or)-[\w-]{16,}+|sk-[A-Za-z0-9]{32,}+|hf_[A-Za-z0-9]{30,}+|AIza[\w-]{30,}+",
    r"npm_[A-Za-z0-9]{30,}+|pypi-Ag[\w-]{16,}+|rubygems_[0-9a-f]{32,}+|dckr_[po]at_[\w-]{16,}+|AKCp\w{50,}+",
    r"hv[sbr]\.[\w-]{16,}+|\w{14}\.atlasv1\.[\w-]{30,}+|dp\.(?:pt|st|ct|sa)\.[\w.-]{30,}+|pul-[0-9a-f]{40}",
    r"ya29\.[\w-]{20,}+|GOCSPX-[\w-]{20,}+|do[opr]_v1_[0-9a-f]{32,}+|SG\.[\w-]{16,}+\.[\w-]{16,}+|key-[0-9a-f]{32}",
    r"dapi[0-9a-f]{32}|gl(?:sa|c)_[\w+/=-]{24,}+|NRAK-[A-Z0-9]{20,}+|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|tskey-[\w-]{16,}+",
    r"sntry[su]_[\w+/=-]{20,}+|ATATT3[\w=-]{30,}+|ATBB\w{24,}+|CCIPAT_\w{20,}+|bkua_[0-9a-f]{40}|sq[apu]_[0-9a-f]{40}",
    r"lin_api_\w{20,}+|PMAK-[\w-]{30,}+|AGE-SECRET-KEY-1[A-Z0-9]{30,}+",
    r"eyJ[\w-]{6,}+(?:\.[\w-]{2,}+){2,4}",  # a JSON web token
    r"LS0tLS1CRUdJTi(?:BQUklW|BSU0Eg|BFQyBQ|BPUEVOU1NI|BFTkNS)[\w+/=-]{20,}+",  # a private key in base64
)
_HOOKS = (
    r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([\w/-]{8,}+)",
    r"api\.telegram\.org/(?:file/)?bot\d{1,20}+(?::|%3[Aa])([\w-]{8,}+)",
    r"discord(?:app)?\.com/api/(?:v\d{1,3}/)?webhooks/\d{1,30}+/([\w-]{8,}+)",
    r"\.webhook\.office\.com/webhookb2/([\w/@-]{8,}+)|outlook\.office(?:365)?\.com/webhook/([\w/@-]{8,}+)",
    r"hooks\.zapier\.com/hooks/catch/([\w/-]{8,}+)|events\.pagerduty\.com/integration/([\w-]{8,}+)",
    r"maker\.ifttt\.com/trigger/\w{1,60}+/(?:json/)?with/key/([\w-]{8,}+)|hc-ping\.com/([\w-]{8,}+)",
    r"\b(?:slack|tgram|discord|msteams|pover|pbul|opsgenie|pagerduty)://([\w/:-]{8,}+)(?!@)",
    r"open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/([\w-]{8,}+)|/hooks/([\w/-]{20,}+)",
)
_LOGIN = r"'[^:'\n]{0,80}+:([^'\n]{1,200}+)'|\"[^:\"\n]{0,80}+:([^\"\n]{1,200}+)\"|[\"']?[^\s:\"']{0,80}+:" + WORD

FORMS = (
    Form(
        of_urls,
        ("@",),
        (
            Row("password in a URL", "https://kim:«x/Pw-71xQ4z»@host/shop.git", "ssh://git@host/shop.git"),
            Row("token as the user of a URL", "git+https://«tok3n-71xQ4z»@host/shop", "https://prod@host/shop"),
            Row("`user:password@host`", "kim:«x@Pw-71xQ4z»@proxy:3128", "npm:shop@1.2.3"),
            Row("remote in the form of scp", "kim:«Pw-71xQ4z»@host:shop.git", "git@host:shop/shop.git"),
            Row("address without its scheme", "//kim:«Pw-71xQ4z»@host/", "//host:8443/@kim/shop"),
        ),
    ),
    Form(
        of_fields,
        ("=",),
        (
            Row("query field", "https://host/x?sig=«Pw-71xQ4z»&page=2", "https://host/x?design=v1-71xQ4z"),
            Row("`code` in a query", "https://host/api/x?code=«Pw-71xQ4z==»", "https://host/x?error_code=E-71xQ4z"),
        ),
    ),
    Form(
        behind(r"(?i)\bjdbc:oracle:\w{1,10}+:\"?[\w$#.-]{1,80}+\"?/\"?", value=r"([^\s\"]{1,200})\"?@(?=[\w(/\[])"),
        ("jdbc:oracle",),
        (Row("JDBC, Oracle", "jdbc:oracle:thin:scott/«Pw-71xQ4z»@db:1521/shop", "jdbc:oracle:thin:@db:1521/x-71xQ4z"),),
    ),
    Form(
        pairs,
        ("=",),
        (
            Row("connection string", "Server=db;Uid=kim;Pwd=«Pw-71xQ4z»;", "Server=db-71xQ4z;Encrypt=True;"),
            Row("properties, INI", "db.password = «Pw-71xQ4z»", "token_type = x-71xQ4z"),
            Row("option with `=`", "pg_dump --password=«Pw-71xQ4z» shop", "pg_dump --password-file=x-71xQ4z"),
            Row("setting in an option", "helm --set=db.password=«Pw-71xQ4z»", "helm --set=db.passwordLength=x-71xQ4z"),
            Row("AWS credentials", "aws_secret_access_key = «Pw/71xQ4z+k»", "aws_access_key_id = AKIA71XQ4Z"),
        ),
    ),
    Form(
        behind(
            rf"{NAME}(?:[\"']{GAP}:{GAP}|{GAP}:{BLANK})(?!(?:[Bb]asic|[Bb]earer|[Tt]oken) )",
            r"(?<![\w./:-])(?i:password|passwd|passphrase|pwd|api[_-]?key):(?!//)",
            r"(?<![\w./:-])(?i:(?:x-[\w-]{0,40}?|private|job|deploy)-?(?:token|key|secret)):(?!//)",
            r"(?<!\S)[/-](?i:password|pass|pwd|storepass|keypass):",
            r"[\"']?\b(?:[nN]ame|[kK]ey)[\"']?:\s{0,5}+[\"']?(?P<name>[\w.-]{1,60}+)[\"']?,?\s{1,40}+[\"']?[vV]alue[\"']?:\s{0,5}+",
            r"[\"']?\b(?:[nN]ame|[kK]ey)[\"']:\s{0,5}+[\"'](?P<name>[\w.-]{1,60}+)[\"'],[\"'][vV]alue[\"']:\s{0,5}+",
            r"\([\"'](?P<name>[\w.-]{1,60}+)[\"'],\s{0,5}+(?=[\"'])",
        ),
        (":", "("),
        (
            Row("YAML", "db:\n  password: «Pw-71xQ4z»", "db:\n  token_type: x-71xQ4z"),
            Row("JSON in a text", """curl -d '{"api_key":"«Pw-71xQ4z»"}'""", """curl -d '{"token_type":"x-71xQ4z"}'"""),
            Row("header", 'curl -H "PRIVATE-TOKEN: «Pw-71xQ4z»"', 'curl -H "X-Request-Id: x-71xQ4z"'),
        ),
    ),
    Form(
        behind(r"(?:-H|--header)[ =]?[\"']?(?P<name>[A-Za-z][\w-]{1,60}+):", value=WORD),
        ("-h", "--header"),
        (Row("header without a blank", "curl -H 'X-Api-Key:«Pw-71xQ4z»'", "curl -H 'X-Request-Id:x-71xQ4z'"),),
    ),
    Form(
        behind(
            rf"(?i)\bauthorization\b[\"']?{GAP}[:=]{GAP}[\"']?(?:[A-Z][\w-]{{1,30}}+{BLANK})?",
            rf"(?i)\b(?:bearer|basic){BLANK}",
            rf"(?i)^(?:token|api-?key|geniekey|ssws|splunk){BLANK}(?=\S{{6,2000}}+$)",
            value=r"(?!(?:token|key|credential)=)([\w+/=.~:-]{4,}+)",
        ),
        ("authorization", "bearer", "basic", "token ", "key ", "ssws ", "splunk "),
        (
            Row("`Authorization`", "Authorization: GenieKey «Pw-71xQ4z»", "authorization: none"),
            Row("`Basic` and `Bearer`", "Bearer «Pw-71xQ4z»", "Basic authentication"),
        ),
    ),
    Form(
        behind(rf"(?i)\b(?:set-)?cookie[\"']?:{GAP}", value=r"([^\"'\n]{1,4000}+)"),
        ("cookie",),
        (Row("cookies", "Cookie: «session=Pw-71xQ4z; a=Pw-33yK8w»", "the cookie x-71xQ4z"),),
    ),
    Form(
        behind(rf"(?<![\w-])--?(?P<name>[A-Za-z][\w.-]{{2,60}}+)(?:[\"'],\s{{0,20}}+|{BLANK})"),
        ("-",),
        (
            Row("option with a blank", "deploy --api-token «Pw-71xQ4z» --env prod", "login --password-stdin x-71xQ4z"),
            Row("options in a list", '["deploy", "--password", "«Pw-71xQ4z»"]', '["--token-file", "x-71xQ4z"]'),
        ),
    ),
    Form(
        behind(
            rf"(?<![\w-])--(?:user|proxy-user|cert|auth|basic-auth|(?:src-|dest-)?creds){_JOINED}",
            rf"(?<![\w-])-[uU]{_JOINED}",
            rf"\bcurl\b{_THEN}-\w{{0,9}}?[uU]",
            value=_LOGIN,
        ),
        ("-u", "--", "curl"),
        (Row("`-u user:password`", "curl -u kim:«Pw-71xQ4z» https://host", "docker run -u 1000:1000 x-71xQ4z"),),
    ),
    Form(
        behind(
            rf"\bsshpass{BLANK}-p{GAP}",
            rf"(?i)\b(?:identified{BLANK}by|password)(?:{BLANK}(?:values{BLANK})?)(?=')",
            rf"(?i)\b(?:requirepass|masterauth|vault{BLANK}login|convertto-securestring(?:{BLANK}-string)?){BLANK}",
            rf"\bmysqladmin\b{_THEN}password{BLANK}",
            rf"\bopenssl\b{_THEN}-k{BLANK}",
            rf"\bcurl\b{_THEN}-b{GAP}",
            rf"\b(?:add_user|change_password){BLANK}\S{{1,100}}+{BLANK}",
            rf"\b(?:mysql|mariadb)[\w-]{{0,20}}+{_THEN}-p(?=\S)",
            rf"\blogin\b{_THEN}-p[ =]?",
            rf"\b(?:twine|mongo\w{{0,8}}+|rabbitmqadmin|7z\w?)\b{_THEN}-p{GAP}",
            rf"\bredis-cli\b{_THEN}-a{BLANK}",
            rf"\bldap\w{{1,10}}+{_THEN}-w{GAP}",
            rf"\b(?:sqlcmd|bcp|zip|unzip|ipmitool|mosquitto_\w{{3}})\b{_THEN}-P{GAP}",
            rf"\bplink\b{_THEN}-pw{BLANK}",
            rf"\b(?:smbclient|rpcclient)\b{_THEN}-U{GAP}[^\s%]{{1,80}}+%",
            rf"\blftp\b{_THEN}-u{GAP}[^\s,]{{1,80}}+,",
            rf"\bhttps?\b{_THEN}-a{GAP}[^\s:]{{1,80}}+:",
            rf"\bopenssl\b{_THEN}(?:-\w{{3,10}}+{BLANK})?pass:",
        ),
        (
            *("sshpass", "mysql", "mariadb", "login", "twine", "mongo", "rabbitmq", "7z", "redis-cli", "ldap"),
            *("sqlcmd", "bcp", "zip", "ipmitool", "mosquitto", "plink", "smbclient", "rpcclient", "lftp", "http "),
            *("https ", "openssl", "requirepass", "masterauth", "identified", "password"),
            *("vault", "securestring", "curl"),
        ),
        (
            Row(
                "`sshpass -p`, `login -p`, `redis-cli -a` ...",
                "sshpass -p «Pw-71xQ4z» ssh host",
                "ssh -p 2222 x-71xQ4z",
            ),
            Row("SQL", "CREATE USER kim IDENTIFIED BY '«Pw-71xQ4z»'", "IDENTIFIED BY kerberos x-71xQ4z"),
            Row("`mysql -p`", "mysql -u kim -p«Pw-71xQ4z» shop", "mysql -p shop-71xQ4z"),
        ),
    ),
    Form(
        behind(
            rf"\b(?:sqlplus|rman|expdp|impdp|sqlldr)\b{_THEN}[\w$#]{{1,40}}+/",
            r"(?<![\w/.:-])[\w$#]{1,40}+/(?=[^\s@/]{1,100}+@//)",
            value=r"([^\s@]{1,100}+)@",
        ),
        ("sqlplus", "rman", "expdp", "impdp", "sqlldr", "@//"),
        (Row("`sqlplus user/password@db`", "sqlplus -S scott/«Pw-71xQ4z»@db", "sqlplus / as sysdba @x-71xQ4z"),),
    ),
    Form(
        behind(
            *(
                rf"(?i)\bprintf{BLANK}(?:'(?=[^'\n]{{0,200}}?{said})[^'\n]{{0,300}}+'|\"(?=[^\"\n]{{0,200}}?{said})[^\"\n]{{0,300}}+\")"
                rf"(?:{BLANK}[^\s;|&]{{1,80}}+){{{number}}}{BLANK}"
                for said in [r"(?:pass|token|secret)\w{0,20}[=:]\s?%s"]
                for number in range(3)
            )
        ),
        ("printf",),
        (Row("argument of `printf`", "printf 'password=%s' «Pw-71xQ4z»", "printf 'count=%s' x-71xQ4z"),),
    ),
    Form(
        behind(
            rf"\becho{BLANK}(?:-n{BLANK})?",
            value=rf"(?:{VALUE})(?=\s{{0,5}}+\|[^|\n]{{0,200}}?(?:login|pass|secret|token|sudo))",
        ),
        ("echo",),
        (Row("`echo` into a command", "echo «Pw-71xQ4z» | docker login --password-stdin", "echo x-71xQ4z | grep x"),),
    ),
    Form(
        behind(rf"(?i)\b(?:setx?|setenv|env){BLANK}(?:\S{{0,100}}[:/.])?(?P<name>\w{{1,60}}+){BLANK}"),
        ("set", "env"),
        (
            Row(
                "`set`, `ENV`",
                "aws configure set aws_secret_access_key «Pw-71xQ4z»",
                "aws configure set region x-71xQ4z",
            ),
        ),
    ),
    Form(
        behind(
            r"<(?P<name>[A-Za-z][\w.:-]{0,60}+)>\s{0,20}+",
            r"\b(?:key|name)=\"(?P<name>[^\"\n]{1,60}+)\"\s{1,20}+value=\"",
            value=r"([^<>\"\s]{1,2000}+)",
        ),
        ("<",),
        (
            Row("XML", "<server><password>«Pw-71xQ4z»</password></server>", "<tokenType>x-71xQ4z</tokenType>"),
            Row(
                "XML, attributes",
                '<property name="password" value="«Pw-71xQ4z»"/>',
                '<property name="shop" value="x-71xQ4z"/>',
            ),
        ),
    ),
    Form(
        behind(
            r"(?<![\w.:/-])[\w.*-]{1,100}+:(?:\d{4,5}|\*):[\w.*-]{1,60}+:[\w.*-]{1,60}+:", value=r"([^\s:]{1,500}+)$"
        ),
        (":",),
        (Row("pgpass", "db.host:5432:shop:kim:«Pw-71xQ4z»", "db.host:5432:x-71xQ4z"),),
    ),
    Form(
        behind(rf"(?<![\w.-])_(?:authToken|auth|password){GAP}={GAP}"),
        ("_auth", "_password"),
        (Row("npmrc", "//registry.host/:_authToken=«Pw-71xQ4z»", "//registry.host/:email=x-71xQ4z"),),
    ),
    Form(
        behind(
            r"\b(?:machine\s{1,20}+\S{1,200}+|default|login\s{1,20}+\S{1,200}+|account\s{1,20}+\S{1,200}+)"
            r"\s{1,20}+password\s{1,20}+"
        ),
        ("password",),
        (Row("netrc", "machine host login kim password «Pw-71xQ4z»", "the password policy-71xQ4z"),),
    ),
    Form(
        whole("|".join(_HOOKS)),
        (
            "hook",
            "telegram",
            "hc-ping",
            "ifttt",
            "pagerduty",
            "slack",
            "tgram",
            "discord",
            "msteams",
            "pover",
            "pbul",
            "opsgenie",
        ),
        (
            Row(
                "webhook, Slack", "https://hooks.slack.com/services/«T07A/B07B/Pw71xQ4z»", "https://host/webhooks/list"
            ),
            Row(
                "webhook, Telegram", "https://api.telegram.org/bot71:«Pw71xQ4z»/sendMessage", "https://telegram.org/bot"
            ),
            Row(
                "webhook, Discord", "https://discord.com/api/webhooks/71/«Pw71xQ4z»", "https://discord.com/channels/71"
            ),
            Row(
                "webhook, Teams",
                "https://shop.webhook.office.com/webhookb2/«71x-1@71y-2/IncomingWebhook/Pw71xQ4z/71z-3»",
                "https://office.com/webhook-71xQ4z",
            ),
        ),
    ),
    Form(
        whole(r"(?<![\w:])\d{8,10}:([\w-]{35})(?![\w-])"),
        (":",),
        (Row("token of a Telegram bot", "7123456789:«AAPw71xQ4z-Pw71xQ4z_Pw71xQ4z-Pw71xQ»", "71234567:90"),),
    ),
    Form(
        whole(rf"(?<![\w-])({'|'.join(_TOKENS)})"),
        (
            *(
                "gh",
                "github_",
                "gl",
                "xox",
                "xapp-",
                "k_",
                "whsec_",
                "sk-",
                "hf_",
                "aiza",
                "npm_",
                "pypi-",
                "rubygems_",
                "dckr_",
            ),
            *("akcp", "hv", "atlasv1", "dp.", "pul-", "ya29", "gocspx", "_v1_", "sg.", "key-", "dapi", "nrak", "shp"),
            *("tskey-", "sntry", "atatt", "atbb", "ccipat", "bkua", "sq", "lin_api", "pmak", "eyj", "ls0tls1crudjti"),
        ),
        (
            Row(
                "tokens by their prefix: GitHub, GitLab, Slack, Stripe, npm, PyPI, Docker, Vault ...",
                "«ghp_Pw71xQ4zPw71xQ4z»",
                "AKIA71XQ4ZPW71XQ4ZPW",
            ),
            Row("JSON web token", "«eyJhbGciOi71xQ.eyJzdWIi71xQ.Pw71xQ4z»", "eyJhbGciOi71xQ"),
        ),
    ),
)
_HINTS = [(hint, number) for number, form in enumerate(FORMS) for hint in form.hints]  # each value is searched for all
