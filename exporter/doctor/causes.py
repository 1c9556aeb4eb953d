"""What can be wrong, each with a word of a closed vocabulary, what it means, and what to do about it.

The words are part of the JSON that `doctor` writes. Where nothing closer can be said, a word of `Reason` is the cause.
"""

from __future__ import annotations

from collections.abc import Mapping

from exporter.advice import REASONS, Advice
from exporter.errors import Reason

_ENTRANCE = "whoever runs BlueKing's entrance"
_ADMIN = "BlueKing's administrators"
_GATEWAY = "the owner of the system's API gateway"

CAUSES: Mapping[str, Advice] = {
    # --- on the way -------------------------------------------------------------------------------------------------
    "dns": Advice(
        "The host name cannot be resolved.",
        "Correct the host name in `url` (or `proxy_url`), or let the DNS of this machine, in Kubernetes that of the "
        "pod, know it.",
    ),
    "port": Advice(
        "Nothing listens at this port.",
        "Correct the port in `url` (or `proxy_url`): without one it is 443 for https and 80 for http. If it is right, "
        f"ask {_ENTRANCE} whether it is up.",
    ),
    "unreachable": Advice(
        "The address does not answer.",
        "Check the address; then have the way from here to there opened: routes and firewalls drop what we send.",
    ),
    "no_tls": Advice(
        "The address begins with https, but its port does not speak TLS.",
        "Write `http://`, or give the port that speaks TLS.",
    ),
    "tls_expected": Advice(
        "The address begins with http, but its port speaks TLS.",
        "Write `https://`.",
    ),
    "tls_authority": Advice(
        "The certificate was signed by an authority that is not trusted here.",
        f"Get the authority's certificate from {_ENTRANCE} and name it as `tls.ca_file`.",
    ),
    "tls_host_name": Advice(
        "The certificate is for another host name.",
        f"Use a host name that stands in the certificate, or ask {_ENTRANCE} for a certificate with this one.",
    ),
    "tls_expired": Advice(
        "The certificate has expired.",
        f"Ask {_ENTRANCE} to renew it; if it has not expired by their clock, mend ours.",
    ),
    "tls_not_yet_valid": Advice(
        "The certificate is not valid yet.",
        "Compare this machine's clock with the true time; else the certificate was issued wrongly.",
    ),
    "tls_expires_soon": Advice(
        "The certificate expires soon.",
        f"Ask {_ENTRANCE} to renew it in time.",
    ),
    "tls_client_certificate": Advice(
        "BlueKing asks for our own certificate and does not accept what it got.",
        f"Give a certificate that {_ENTRANCE} accepts, as `tls.cert_file` and `tls.key_file`.",
    ),
    "tls_not_verified": Advice(
        "No certificate is verified: everybody on the way can read the secrets.",
        "Name the authority as `tls.ca_file` and leave out `tls.insecure_skip_verify`.",
    ),
    "clock": Advice(
        "BlueKing's clock and ours differ.",
        "Let both machines follow a time server; until then ages, elapsed times and tokens are judged wrongly.",
    ),
    # --- who we are -------------------------------------------------------------------------------------------------
    "app": Advice(
        "BlueKing knows no such app.",
        "Compare `bk_app_code` with the app's page in the Developer Center of this very site.",
    ),
    "secret": Advice(
        "The app's secret is wrong.",
        "Copy `bk_app_secret` anew from the app's page in the Developer Center (without blanks and newlines); it may "
        "have been replaced there.",
    ),
    "user_missing": Advice(
        "The API asks for a user, and none was sent.",
        "Give `access_token` or `bk_token`; or `bk_username`, where the site exempts this app from verifying users.",
    ),
    "user_not_verified": Advice(
        "The user is not verified: a bare `bk_username` proves nothing.",
        f"Ask {_GATEWAY} to exempt this app from user verification (plugin bk-verified-user-exempted-apps), or "
        f"{_ADMIN} to put it on ESB's skip list; else give `access_token` of a user, or `bk_token`.",
    ),
    "user_token": Advice(
        "The user's login is not valid, or no longer.",
        "`bk_token` and `bk_ticket` end with the user's session: take a new one, or better an `access_token` that can "
        "be renewed.",
    ),
    "access_token": Advice(
        "The access token is not valid, has expired, or stands for no user.",
        "Take a new one of this very site; bk-sops and ESB need one that was issued for a user and not for an app.",
    ),
    "credentials": Advice("BlueKing refused the credentials.", REASONS[Reason.AUTH].cure),
    "login_page": Advice(
        "A login page, or the way to one, came in place of an answer.",
        "`url` is that of the web pages: give the API gateway's address with its stage, or for `route: esb` the bare "
        "address of the PaaS.",
    ),
    "page": Advice(
        "A web page came in place of an answer, while other tasks are answered.",
        f"Try again; if it stays, give {_ADMIN} the request id. `/probe` with `debug=true` shows the page.",
    ),
    "past_gateway": Advice(
        "The application was reached, but not by way of the gateway.",
        "`url` is the application's own address: give the API gateway's with its stage, or for `route: esb` the bare "
        "address of the PaaS.",
    ),
    # --- what we may ------------------------------------------------------------------------------------------------
    "api_not_granted": Advice(
        "The app may not call this API.",
        "In the Developer Center, under the app's cloud API permissions, apply for this API, or renew what has "
        f"expired; {_GATEWAY} approves it.",
    ),
    "ip": Advice(
        "The gateway does not let this machine's address in.",
        f"Ask {_GATEWAY} to put it on the list.",
    ),
    "permission": Advice(
        "The user, or in BKFlow the app, has no permission.",
        "Apply in IAM, as the user of the configuration: bk-sops wants to view project and task, nodeman the task "
        "history of every business of the job, gsekit the business. The system's administrators approve it.",
    ),
    "business": Advice(
        "There is no such business, project or space, or it is none of ours.",
        "Compare the id with the address of its page in BlueKing. An id of a bk-sops project needs `scope: project`; "
        "a BKFlow space must be bound to this app by the space's administrator.",
    ),
    "task_unknown": Advice(
        "BlueKing knows no such task there.",
        "Compare the id with the address of the task's page. It may have been deleted or cleaned up: then take it out "
        "of the configuration. Nodeman and gsekit count jobs apart from each other and from bk-sops' tasks.",
    ),
    "task_of_another_business": Advice(
        "The task belongs to another business, project or space.",
        "Look for the task in BlueKing, and write the business where it is found beside its id.",
    ),
    "task_elsewhere_or_deleted": Advice(
        "The task belongs to another business, project or space, or was deleted: BlueKing does not say which.",
        "Look for the task in BlueKing, and write the business where it is found beside its id; if it is gone, take it "
        "out of the configuration.",
    ),
    "task_deleted": Advice(
        "The task was deleted.",
        "Take it out of the configuration.",
    ),
    # --- what this site has -----------------------------------------------------------------------------------------
    "stage": Advice(
        "The stage in the address is wrong.",
        "Put the stage that answered at the end of `url`.",
    ),
    "address": Advice(
        "There is no such API at this address.",
        "Compare `url` with the API's page in the gateway's documentation: it ends in the stage, such as `/prod`; with "
        "`route: esb` it is the bare address of the PaaS.",
    ),
    "route": Advice(
        "The API is there, but by another route.",
        "Set `route` to the one that answered.",
    ),
    "api_version": Advice(
        "This site has another version of the API.",
        "Set `api` to the one that answered: nodeman 2.x has `job_details`, nodeman 1.x `get_task_info`.",
    ),
    "bulk": Advice(
        "Tasks cannot be asked for many at a time: each costs a request of its own.",
        f"Ask {_GATEWAY} to publish the bulk API, or apply for it in the Developer Center.",
    ),
    "list": Advice(
        "This site does not have the list of tasks where we look for it.",
        "Ask the system's administrators under which path it is registered and whether this app may call it; tasks can "
        "be named under `tasks` without it.",
    ),
    "time_zone": Advice(
        "Times without offset are read in the wrong zone.",
        "Set `collect.time_zone` to the zone of BlueKing's own settings.",
    ),
    "future": Advice(
        "Times lie in the future.",
        "Compare the clocks of the system's own machines; they are not those of BlueKing's entrance.",
    ),
    "unknown_state": Advice(
        "BlueKing sent a state that this version of the exporter does not know; the task's state is `unknown`.",
        "Take a newer exporter; if it does not know the word either, report it.",
    ),
    # --- the examination itself -------------------------------------------------------------------------------------
    "not_examined": Advice(
        "There was no time to look at everything.",
        "Give a longer `--timeout`, or a higher `requests_per_second`.",
    ),
    "nothing_to_ask": Advice(
        "No task, listing or business of this system is configured, so that nothing could be asked for.",
        "Name one under `tasks`, `discover` or `probe.allow`.",
    ),
}


def advice(cause: str) -> Advice:
    """The advice for a cause, or for a reason where that is all that is known."""
    return CAUSES.get(cause) or REASONS[Reason(cause)]
