"""Marked secrets in every place where one can stand; none is seen anywhere, though BlueKing repeats them all."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bcrypt
import pytest

from tests import evil, plain, spelt
from tests.processes import SECONDS, Exporter, serving, told
from tests.webconfig import certificates
from tools.processes import until

#: Every canary holds it.
MARK = "CANARY-7f3a"

ENVIRONMENT = f"{MARK}-environment"
FILE = f"{MARK}-file"
ROTATED = f"{MARK}-rotated"
ACCESS = f"{MARK}-access-token"
TOKEN = f'{MARK} "\\é& token'
PROXY = f"{MARK}-proxy"
SCRAPE = f"{MARK}-scrape"
GUESS = f"{MARK}-guess"
KEY = f"{MARK}-key"

CONFIG = """\
bkapi:
  auth: {{bk_app_code: app, bk_app_secret: "${{BK_SECRET}}"}}
  timeout: 3s
  requests_per_second: 1000
systems:
  sops: {{url: "http://127.0.0.1:{port}/sops"}}
  bkflow:
    url: "http://127.0.0.1:{port}/bkflow"
    auth: {{bk_app_code: app, bk_app_secret_file: secret}}
  nodeman:
    url: "http://nodeman.test"
    route: esb
    auth: {{access_token: {access}}}
    proxy_url: "http://someone:{proxy}@127.0.0.1:{port}"
  gsekit:
    url: "https://localhost:{tls_port}"
    route: esb
    auth: {{bk_app_code: app, bk_app_secret: "${{BK_SECRET}}", bk_token_file: token}}
    tls: {{ca_file: ca.pem, cert_file: server.crt, key_file: server.key}}
collect: {{cache_ttl: 0s}}
tasks:
"""

MISTAKES = f"""\
bkapi:
  auth: {{bk_app_code: [app], bk_app_secret: {{a: {MARK}-1}}, bk_token: 5, access_token: *{MARK}-2}}
  timeout: "${{BK_SECRET}}"
  proxy_url: "ftp://u:{MARK}-3@proxy.test"
  tls: {{insecure_skip_verify: "${{BK_SECRET}}"}}
systems:
  sops: {{url: "http://user:{MARK}-4@sops.test", route: "${{BK_SECRET}}"}}
  bkflow: {{url: "${{BK_SECRET}}", max_connections: "${{BK_SECRET}}"}}
  nodeman: {{url: "http://x.test/?token={MARK}-5"}}
collect: {{time_zone: "${{BK_SECRET}}"}}
tasks: "${{BK_SECRET}}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("canaries")
    certificates.write(path)
    key = path / "server.key"
    key.write_text(f"{KEY}\n{key.read_text('utf-8')}", "utf-8")
    (path / "secret").write_text(f"{FILE}\n", "utf-8")
    (path / "token").write_text(f"{TOKEN}\n", "utf-8")
    hashed = bcrypt.hashpw(SCRAPE.encode(), bcrypt.gensalt(4)).decode()
    (path / "web.yml").write_text(f"basic_auth_users: {{prometheus: {hashed}}}\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def blueking(folder: Path) -> Iterator[tuple[evil.Server, evil.Server]]:
    """In clear, and over TLS."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.crt", folder / "server.key")
    with evil.serving() as plain, evil.serving(tls) as secure:
        yield plain, secure


@pytest.fixture(scope="module")
def config(folder: Path, blueking: tuple[evil.Server, evil.Server]) -> Path:
    plain, secure = blueking
    text = CONFIG.format(port=plain.server_port, tls_port=secure.server_port, access=ACCESS, proxy=PROXY)
    for query in queries(evil.TASKS):
        text += f"  - {{{query.replace('=', ': ').replace('&', ', ')}}}\n"
    path = folder / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def queries(tasks: Sequence[int]) -> Iterator[str]:
    for number in tasks:
        yield f"system=sops&bk_biz_id=2&task_id={number}"
        yield f"system=bkflow&space_id=1&task_id={number}"
        yield f"system=nodeman&bk_biz_id=2&job_id={number}"
        yield f"system=gsekit&bk_biz_id=2&job_id={number}"


def spelt_queries() -> Iterator[str]:
    for number in evil.SPELT_TASKS:
        yield f"system=sops&bk_biz_id=2&task_id={number}"
        yield f"system=gsekit&bk_biz_id=2&job_id={number}"


def visit(exporter: Exporter, tasks: Iterable[str]) -> list[str]:
    """All that can be seen through the doors, headers too."""
    paths = ["/", "/?lang=zh", "/config", "/sd", "/nowhere", "/-/healthy"]
    paths += [f"{door}{query}" for query in tasks for door in ("/probe?debug=true&", "/task?")]
    with plain.Client(base_url=exporter.url, auth=("prometheus", SCRAPE), timeout=SECONDS) as client:

        def look(path: str) -> str:
            answer = client.get(path)
            return f"{path} {answer.status_code} {answer.headers}\n{answer.text}"

        with ThreadPoolExecutor(16) as threads:
            seen = [look("/metrics"), *threads.map(look, paths)]
        seen.append(client.get("/metrics", headers={"Accept": "application/openmetrics-text"}).text)
        refused = client.get("/metrics", auth=("prometheus", GUESS))
    assert refused.status_code == 401
    return [*seen, f"{refused.headers} {refused.text}"]


def shows(text: str) -> list[str]:
    """Lines with a canary, or the first half of one, in any spelling that gives it away."""
    return [
        line[:300]
        for line in text.splitlines()
        if any(MARK[:6] in reading or MARK.swapcase() in reading for reading in spelt.readings(line))
    ]


def test_nobody_sees_a_secret(folder: Path, config: Path, blueking: tuple[evil.Server, evil.Server]) -> None:
    """Neither at a door nor in the log at debug level, before and after a secret is rotated, nor in a refusal."""
    flags = ("--log.level", "debug", "--web.enable-lifecycle", "--web.config.file", str(folder / "web.yml"))
    with serving(config, *flags, env={"BK_SECRET": ENVIRONMENT}) as exporter:
        seen = visit(exporter, [*queries(evil.TASKS), *spelt_queries()])
        (folder / "secret").write_text(f"{ROTATED}\n", "utf-8")
        seen += visit(exporter, queries(evil.TASKS[:2]))
        reloaded = plain.post(f"{exporter.url}/-/reload", auth=("prometheus", SCRAPE), timeout=SECONDS)
        assert reloaded.status_code == 200
        seen += visit(exporter, queries(evil.TASKS[-1:]))  # which repeats all that was ever sent
        good = config.read_text("utf-8")
        config.write_text(MISTAKES, "utf-8")
        refused = plain.post(f"{exporter.url}/-/reload", auth=("prometheus", SCRAPE), timeout=SECONDS)
        assert refused.status_code == 400
        seen.append(refused.text)
        for path in ("/", "/config"):  # which show what was refused
            seen.append(exporter.get(path, auth=("prometheus", SCRAPE)).text)
        config.write_text(good, "utf-8")
        until(lambda: "configuration refused" in exporter.log)
        assert exporter.stop() == 0
        seen.append(exporter.log)
    assert shows("\n".join(seen)) == []
    assert {
        spelling for spelling in (*spelt.ESCAPED.values(), *spelt.CODED.values()) if not shows(spelling(FILE))
    } == set()
    sent = [header for server in blueking for header in server.asked]
    for canary in (
        ENVIRONMENT,
        FILE,
        ROTATED,
        ACCESS,
        MARK + ' \\"',
        base64.b64encode(f"someone:{PROXY}".encode()).decode(),
    ):
        assert any(canary in header for header in sent), f"{canary} was never sent, so that nothing is proved"


def test_no_command_shows_a_secret(config: Path) -> None:
    """Nor does what is printed for a person."""
    env = {"BK_SECRET": ENVIRONMENT}
    mistakes = config.parent / "mistakes.yaml"
    mistakes.write_text(MISTAKES, "utf-8")
    flags = ("--config.file", str(config), "--log.level", "debug")
    outputs = [
        told("check-config", str(config), env=env),
        told("check-config", str(mistakes), env=env),
        told("probe", "nodeman", "bk_biz_id=2", f"job_id={evil.FIRST}", *flags, env=env),
        told("doctor", *flags, env=env),
    ]
    assert shows("\n".join(done.stdout + done.stderr for done in outputs)) == []
    assert [done.returncode for done in outputs] == [0, 1, 1, 1]
