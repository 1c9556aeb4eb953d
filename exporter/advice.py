"""What each reason word means and what to do about it: the one text of it for people who look into a failure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exporter.errors import Reason


@dataclass(frozen=True, slots=True)
class Advice:
    """What is the matter, and what to do next."""

    means: str
    cure: str


REASONS: Mapping[Reason, Advice] = {
    Reason.CONNECT: Advice(
        "No connection to BlueKing, or it broke off before there was an answer.",
        "Check host name and port of the system's `url`, and `proxy_url`; then name resolution, routes and firewalls "
        "between the exporter and BlueKing. `bk-task-exporter doctor` tells which of them it is.",
    ),
    Reason.TIMEOUT: Advice(
        "The whole answer did not come within `timeout`, or not before the scrape's deadline.",
        "See whether BlueKing is overloaded. Raise `timeout`, and Prometheus's `scrape_timeout` above it; raise "
        "`requests_per_second` if the requests waited for it (`bk_task_exporter_throttled_seconds_total`).",
    ),
    Reason.TLS: Advice(
        "The connection came about, but its encryption did not.",
        "Where a private authority signed BlueKing's certificate, give its certificate as `tls.ca_file`. Use the host "
        "name that stands in the certificate, and `http://` where the port speaks no TLS. An expired certificate is "
        "for BlueKing's operators to renew.",
    ),
    Reason.AUTH: Advice(
        "BlueKing refused the credentials, or showed a login page in place of an answer.",
        "Compare `bk_app_code` and `bk_app_secret` with the Developer Center. bk-sops wants a verified user: a bare "
        "`bk_username` counts only for apps that the gateway's owner exempted, or that are on ESB's skip list; else "
        "give `access_token` or `bk_token`, which expire. A login page or redirect also means that `url` is that of "
        "the web pages and not of the API.",
    ),
    Reason.FORBIDDEN: Advice(
        "BlueKing knows who asks, and does not let it.",
        "Code 1640301 or 1306403: apply for the API in the Developer Center, for the app, or renew what has expired. "
        "Other codes: let the user, in IAM, be granted the business or the task; in BKFlow the app must be "
        "bound to the space, and the task belong to it.",
    ),
    Reason.NOT_FOUND: Advice(
        "BlueKing knows no such task, or no such business.",
        "Compare the task's id and its business, project or space with the address of its page in BlueKing. It may "
        "have been deleted or cleaned up: then take it out of the configuration. An id of a project needs "
        "`scope: project`.",
    ),
    Reason.BAD_URL: Advice(
        "There is no such API at this address.",
        "Check the system's `url`: for `route: apigw` it ends in the gateway's stage, such as `/prod`; for `route: "
        "esb` it is the bare address of the PaaS. Check `route` and `api`: nodeman 2.x wants `api: job_details`, "
        "nodeman 1.x `api: get_task_info`. A resource that was never published is for the gateway's owner to publish.",
    ),
    Reason.THROTTLED: Advice(
        "BlueKing limits how often we may ask.",
        "Lower `requests_per_second`, lengthen the scrape interval or `cache_ttl`, or ask the gateway's owner for a "
        "higher limit.",
    ),
    Reason.SERVER: Advice(
        "BlueKing itself failed: its backend was down, took too long, or broke.",
        "Look at BlueKing's own state and logs; its request id finds the request there. Code 1306201 through ESB also "
        "means an API that this version does not have: nodeman 2.x wants `api: job_details`.",
    ),
    Reason.MALFORMED: Advice(
        "There was an answer, but it is not one of this system's.",
        "Check that `url` leads to this system and no other. If it does, report it with the answer, which `/probe` "
        "shows with `debug=true`.",
    ),
    Reason.REFUSED: Advice(
        "BlueKing refused the request in words that fit none of the other reasons.",
        "Read its message and code. bk-sops says 3599999 for a task of another business, a deleted one, a missing "
        "permission and an error of its own: look for the task in BlueKing, as the user of the configuration.",
    ),
}
