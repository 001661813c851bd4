"""The forms in which a text carries credentials: each is found, and what resembles it is not."""

import gc
import re
from time import process_time

import pytest

from release_sentinel.redaction import MASK, Redactor, without_credentials
from release_sentinel.redaction.forms import FORMS, credentials
from tests.conftest import pieces

ROWS = [row for form in FORMS for row in form.rows]
PW = "Zk7-qX2mV9"  # longer than a piece; a shorter one is masked as a whole only
SHORT = "Zk7-qX2"
# More of each form: the secret is `PW`, the rest has to stay.
MORE = """
curl -u kim:PW https://host
curl -sSukim:PW https://host
curl --user kim:PW https://host
curl --user=kim:PW https://host
curl --user "kim:PW" https://host
curl -u 'kim:PW' https://host
curl --proxy-user kim:PW -x proxy https://host
curl -H "PRIVATE-TOKEN: PW" https://host
curl -H 'X-Api-Key: PW' https://host
curl --header 'JOB-TOKEN: PW' https://host
curl --header "X-Vault-Token:PW" https://host
curl -H "Authorization: Bearer PW" https://host
curl -H 'Authorization: token PW' https://host
wget --password=PW --user=kim https://host
wget --password PW https://host
deploy --token PW --env prod
deploy --api-key PW --env prod
deploy -token PW -env prod
deploy --client-secret 'PW' --env prod
docker login -u kim -p PW registry.host
az login --service-principal -u kim -p PW --tenant host
sshpass -p PW ssh kim@host
sshpass -pPW rsync -a x kim@host:x
mysql -ukim -pPW shop
mysqldump -h host -u kim -pPW shop
redis-cli -h host -a PW ping
ldapsearch -x -D cn=kim -w PW -b dc=host
sqlcmd -S host -U kim -P PW
twine upload -u kim -p PW dist/x
smbclient //host/share -U kim%PW
openssl enc -aes-256-cbc -pass pass:PW -in x
skopeo copy --dest-creds kim:PW docker://a docker://b
http -a kim:PW https://host
sqlplus kim/PW@host
export DB_PASSWORD=PW
docker run -e DB_PASSWORD=PW shop
docker build --build-arg NPM_TOKEN=PW .
docker build --build-arg=NPM_TOKEN=PW .
helm upgrade --set db.password=PW,image.name=shop
helm upgrade --set=auth.token=PW
kubectl create secret generic x --from-literal=password=PW
terraform apply -var db_password=PW
terraform apply -var="db_password=PW"
gradle -PnexusPassword=PW publish
mvn -Dgpg.passphrase=PW deploy
mysql --password=PW -h host; true
bash -c "mysql --password=PW shop"
[{"name": "x", "args": ["--password", "PW"]}]
//registry.npmjs.org/:_authToken=PW
registry=https://registry.host/ //registry.host/:_password=PW
_auth=PW
password: PW
api_key = PW
password=PW
db_password : PW
  secretKey: "PW"
"password" => "PW"
{"auths": {"host": {"password": "PW"}}}
{\\"password\\": \\"PW\\"}
jdbc:oracle:thin:scott/PW@host:1521/x
jdbc:oracle:thin:scott/PW@//host:1521/x
jdbc:oracle:oci8:scott/PW@host
jdbc:mysql://host/shop?user=kim&password=PW
//u:PW@host/
https:/kim:PW@host/x
https:kim:PW@host/x
u:x@PW@proxy:3128
kim:PW@host:shop.git
https://host/api/x?code=PW
https://host/x?sv=1&sig=PW&se=2
Token PW
ApiKey PW
x-api-key:PW
http host X-Auth-Token:PW
deploy -password:PW
net /pass:PW
mysqladmin -u kim password PW
requirepass PW
vault login PW
openssl enc -k PW -in x
curl -b session=PW https://host
{{"name": "x", "env": [{{"name":"DB_PASSWORD","value":"PW"}}]}}
- name: DB_PASSWORD value: PW
define('DB_PASSWORD', 'PW');
setx DB_PASSWORD PW
kim/PW@//host:1521/x
lftp -u kim,PW host
zip -P PW x.zip x
mosquitto_pub -h host -u kim -P PW -t x
ipmitool -H host -U kim -P PW power
bcp shop out x -S host -U kim -P PW
plink -pw PW kim@host
rpcclient -U kim%PW host
mongosh --host host -u kim -p PW
rabbitmqadmin -u kim -p PW list queues
7z x -pPW x.7z
expdp kim/PW@host schemas=x
masterauth PW
CREATE USER kim IDENTIFIED BY VALUES 'PW'
ConvertTo-SecureString -String PW -AsPlainText
rabbitmqctl add_user kim PW
hc-ping.com/PW
https://events.pagerduty.com/integration/PW/enqueue
https://maker.ifttt.com/trigger/x/with/key/PW
https://hooks.zapier.com/hooks/catch/71/PW
slack://T07A/B07B/PW
https://host/x?access_token=PW
/callback?access_token=PW
https://prod-1.westeurope.logic.azure.com:443/workflows/7/triggers/manual/paths/invoke?api-version=1&sig=PW
https://chat.googleapis.com/v1/spaces/A/messages?key=x&token=PW
https://hooks.slack.com/services/T07/B07/PW
https://hooks.slack.com/workflows/T07/A07/17/PW
https://api.telegram.org/bot71:PW/sendMessage
https://discord.com/api/webhooks/71/PW
https://discordapp.com/api/v10/webhooks/71/PW
https://shop.webhook.office.com/webhookb2/a@b/IncomingWebhook/PW/c
https://open.feishu.cn/open-apis/bot/v2/hook/PW
https://oapi.dingtalk.com/robot/send?access_token=PW
Bearer PW
bearer PW
Authorization: Basic PW
Authorization=Bearer PW
Proxy-Authorization: Basic PW
machine host login kim password PW
machine host password PW
default login kim password PW
[pypi] username = kim password = PW
https://kim:PW@pypi.host/simple
--extra-index-url https://kim:PW@pypi.host/simple --index-url https://pypi.org/simple
[default] aws_access_key_id = AKIA71XQ aws_secret_access_key = PW
aws_session_token=PW
!f() { echo username=kim; echo password=PW; }; f
!f() { echo "password=PW"; }; f
!printf 'password=%s' PW
!printf 'username=%s\\npassword=%s\\n' kim PW
!printf "password=%s\\n" "PW"
!curl -u kim:PW https://host
PRIVATE-TOKEN: PW
requirepass=PW
amqp://kim:PW@h1:5672,amqp://h2
<settings><servers><server><id>x</id><password>PW</password></server></servers></settings>
<add key="ClearTextPassword" value="PW" />
CREATE USER kim WITH PASSWORD 'PW';
ALTER USER kim IDENTIFIED BY 'PW'
requirepass 'PW'
echo PW | docker login -u kim --password-stdin
echo -n "PW" | gh auth login --with-token
npm config set //registry.host/:_authToken PW
aws configure set aws_secret_access_key PW
ENV DB_PASSWORD PW
setenv DB_PASSWORD PW
rabbitmqctl change_password kim PW
host:5432:*:kim:PW
user:kim,password:PW
curl --cert client.pem:PW https://host
sig=PW&se=2
""".strip().splitlines()
# Whatever looks like it: nothing is learnt of it.
NONE = """
curl -u kim https://host-71xQ4z
docker run --user 1000:1000 -p 8080:80 shop:v1-71xQ4z
docker run -u node:node shop
git push -u origin main:release-71xQ4z
docker login --username kim --password-stdin host-71xQ4z
docker compose -p shop-71xQ4z up
ssh -p 2222 kim@host-71xQ4z
mysql -u kim -p shop-71xQ4z
helm upgrade --set image.tag=3f5a9c1e7b2d
terraform apply -var-file=prod-71xQ4z
deploy --token "$TOKEN" --env prod
deploy --token ${DEPLOY_TOKEN} --env prod
deploy --token $(cat token-71xQ4z)
deploy --token-file /run/secrets/x-71xQ4z
curl -H "Authorization: Bearer ${TOKEN}" https://host
curl -H "X-Request-Id: 3f5a9c1e7b2d4680"
Authorization: required by x-71xQ4z
Basic authentication is off
the bearer token expired
token: expired
password: ${DB_PASSWORD}
the secret: none
image: acme/auth-token:3f5a9c1e7b2d
arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-AbCdEf
git+https://host/shop.git@v1.0.0-71xQ4z
acme/shop@v1.0.0-71xQ4z
uses: acme/shop@3f5a9c1e7b2d
mailto:jane.71xQ4z@acme.example
npm:shop-71xQ4z@1.2.3
pkg:npm/shop-71xQ4z@1.2.3
shop:71xQ4z@sha256:2c26b46b68ffc68ff99b453c1d304134
https://host/x?code=404
https://host/x?country_code=x-71xQ4z&page=7
https://host/hooks/list
https://hooks.slack.com/docs
https://discord.com/channels/71/x-71xQ4z
AKIA71XQ4ZPW71XQ4ZPW
npm_config_cache_71xQ4z
glibc-2.36-9+deb12u10
global-settings-for-71xQ4z
sk-folding-cube-container-71xQ4z
eyJhbGciOi71xQ
--keyring=x-71xQ4z --keys-from x-71xQ4z
core.sshCommand=ssh -i /home/kim/.ssh/id_71xQ4z -o StrictHostKeyChecking=no
!git log --format='%h x-71xQ4z'
printf 'count=%s' x-71xQ4z
machine learning on x-71xQ4z
2001:db8:0:1:71xQ:4z:ab:cd
kim:x:1000:1000:Kim:/home/x-71xQ4z
<token_type>x-71xQ4z</token_type><id>71xQ4z</id>
echo x-71xQ4z | grep x
set -e; export PATH x-71xQ4z
ENV SHOP x-71xQ4z
code=71xQ4z
2014-08-22:71xQ4z.000003F0@host
RS_DEPLOY_TOKEN = credentials('x-71xQ4z')
db_password: os.Getenv("x-71xQ4z")
export PGPASSWORD=$(pwgen -s 20 x-71xQ4z)
Authorization: Token token=${TOKEN}
the password 'is wrong'
- name: SHOP_NAME, value: x-71xQ4z
define('SHOP', 'x-71xQ4z')
acme/shop@//x-71xQ4z
vault read x-71xQ4z
Token x-71xQ4z is gone
-Xmx2g -Dfile.encoding=UTF-8 -Duser.home=/home/x-71xQ4z
2026-01-31T12:30:15 kim@host-71xQ4z
""".strip().splitlines()


# Tokens by what they begin with; the rest has the least length of such a token: `#`, hexadecimal `~`, capitals `^`.
FILLING = {"#": "Z0", "~": "a0", "^": "A0"}
TOKENS = """
ghp_#36 gho_#36 ghs_#36 github_pat_#60 glpat-#20 glcbt-64_#20 gldt-#20 glrt-#20 xoxb-#20 xoxe.xoxp-#20 xapp-1-#30
sk_live_#24 rk_test_#24 whsec_#32 sk-proj-#40 sk-ant-#40 sk-#48 hf_#34 AIza#35 npm_#36 pypi-Ag#60 dckr_pat_#27 AKCp#60
hvs.#24 hvb.#24 #14.atlasv1.#60 dp.pt.#43 ya29.#40 GOCSPX-#28 SG.#22.#43 glsa_#32 NRAK-^24 tskey-#30 sntrys_#40
ATATT3#60 ATBB#32 CCIPAT_#30 lin_api_#40 PMAK-#40 AGE-SECRET-KEY-1^36 eyJ#20.eyJ#20.#30 LS0tLS1CRUdJTiBSU0Eg#60
rubygems_~48 dapi~32 key-~32 pul-~40 dop_v1_~32 shpat_~32 squ_~40 bkua_~40
"""


@pytest.mark.parametrize("token", TOKENS.split())
def test_a_token_is_found_by_its_beginning(token: str) -> None:
    """In any text, and as a whole."""
    token = re.sub(r"([#~^])(\d+)", lambda one: (FILLING[one[1]] * 30)[: int(one[2])], token)
    assert learnt(f"use {token} here").scrub(f"use {token} here, {token}") == "use *** here, ***"


def example(text: str) -> str:
    """Return an example of the table as it would be written."""
    return re.sub("[«»]", "", text)


def learnt(text: str) -> Redactor:
    """Return a redactor that knows what a text carries."""
    redactor = Redactor()
    redactor.add_url(text)
    return redactor


@pytest.mark.parametrize("row", ROWS, ids=[row.title for row in ROWS])
def test_each_form_is_found_and_what_resembles_it_is_not(row: tuple[str, str, str]) -> None:
    """As the table says, in its place and anywhere else."""
    _, found, other = row
    secrets = re.findall("«(.+?)»", found)
    redactor = learnt(example(found))

    assert secrets
    assert redactor.scrub(example(found)) == re.sub("«.+?»", MASK, found)
    assert redactor.scrub(" ".join(secrets)) == " ".join([MASK] * len(secrets))
    assert learnt(other).scrub(f"{other} x-71xQ4z v1-71xQ4z") == f"{other} x-71xQ4z v1-71xQ4z"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        *((text, PW) for text in MORE),
        *(
            (text, SHORT)
            for text in MORE
            if not re.search("hook|telegram|x@PW|https:kim|hc-ping|pagerduty|ifttt|zapier|slack|-b session", text)
        ),
    ],
)
def test_more_of_each_form_is_found(text: str, secret: str) -> None:
    """Nothing is left of the secret where it stands, and where it stands alone; the rest can be read."""
    text = text.replace("PW", secret)
    redactor = learnt(text)

    assert secret not in redactor.scrub(f"{text} | {secret} | '{secret}'")
    assert not pieces(secret) & pieces(redactor.scrub(text))
    assert (
        redactor.scrub("kim scott host shop prod x deploy https://host/x")
        == "kim scott host shop prod x deploy https://host/x"
    )


@pytest.mark.parametrize(
    "secret", ["Zk7&qX2mV9", "Zk7,qX2mV9", "Zk7<qX2>mV9", "Zk7|qX2mV9", "Zk7)qX2]mV9}", "$Zk7qX2mV9"]
)
@pytest.mark.parametrize(
    "text",
    [
        "password: {}",
        "password={}",
        "--password {}",
        "machine h login kim password {}",
        "_authToken={}",
        "X-Api-Key: {}",
    ],
)
def test_a_password_may_have_any_character(text: str, secret: str) -> None:
    """Nothing is left of it, nor is the setting masked that follows."""
    shown = learnt(text.format(secret)).scrub(f"{text.format(secret)} | {secret}")
    assert not pieces(secret) & pieces(shown)
    assert "mV9" not in shown
    followed = f"--set db.password={secret},image.tag=3f5a9c1e7b2d"
    assert "image.tag=3f5a9c1e7b2d" in learnt(followed).scrub(followed)


@pytest.mark.parametrize("text", NONE)
def test_what_resembles_a_form_stays(text: str) -> None:
    """Nothing is masked."""
    words = f"{text} 71xQ4z x-71xQ4z 3f5a9c1e7b2d"
    assert learnt(text).scrub(words) == words


@pytest.mark.parametrize("secret", [PW, "Zk7@qX2:m/V9", "Zk7$qX2!m%V9#"])
def test_an_address_is_shown_without_its_password(secret: str) -> None:
    """Whatever characters it has, and with or without a scheme."""
    for text in ("https://kim:{}@host/x", "kim:{}@host:shop.git", "//kim:{}@host/x", "kim:{}@proxy:3128"):
        if "//kim" not in text or "/" not in secret or "https" in text:
            shown = without_credentials(text.format(secret))
            assert not pieces(secret) & pieces(shown), text
            assert "host" in shown or "proxy" in shown


REPEATED = (
    *("a://u:p/", "=a:", "x:@/", "password='", "password={", "a://u:p@", "u:p@h,", "eyJ", "=a:b@/", "password=a b;"),
    *("password: ", "--user a:", "curl -u a:", "mysql -p ", "jdbc:oracle:thin:a/", "printf '", "login a password "),
    *(
        "eyJabcdefgh.",
        "echo a",
        "set a",
        "set a/",
        "<a>",
        'name="a" ',
        "a:1234:b:c:",
        "identified by '",
        "/hooks/",
        "authorization:",
        "bearer ",
        "/a:b",
        "password=\\",
        "Cookie:",
        '\\"',
        "-",
        "a.",
        "[a",
    ),
)


@pytest.mark.sweep
@pytest.mark.parametrize("text", REPEATED)
def test_a_text_is_read_in_linear_time(text: str) -> None:
    """Eight times as much of anything takes about eight times as long, not 64 times."""

    def seconds(length: int) -> float:
        long = (text * (length // len(text) + 1))[:length]
        begin = process_time()
        for _ in credentials(long):
            pass
        return process_time() - begin

    def least(length: int) -> float:
        return min(seconds(length) for _ in range(3))  # other tests' processes slow one of them down

    gc.disable()  # a collection goes through all that the tests before this one have left
    try:
        seconds(100)
        assert least(1 << 15) < 24 * max(least(1 << 12), 0.001)
    finally:
        gc.enable()
