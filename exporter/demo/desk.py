"""The way of a request through credentials, trouble and the system that answers it; no I/O."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from exporter.demo import credentials, nodeman, operations, sops, trouble
from exporter.demo.credentials import Caller, Denied
from exporter.demo.envelopes import completed, esb_error, gateway_error, through_esb, through_gateway
from exporter.demo.operations import Match
from exporter.demo.site import Call, Rejected, Reply, Site

CREDENTIALS = frozenset(
    {"bk_app_code", "bk_app_secret", "bk_username", "bk_token", "bk_ticket", "access_token", "bk_access_token"}
    | {"app_code", "app_secret", "username"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came in."""

    method: str
    path: str
    query: str
    authorization: str | None
    body: bytes


@dataclass(slots=True)
class Desk:
    """Answers requests."""

    site: Site
    second: int = 0
    count: int = 0

    def answer(self, asked: Asked, found: Match | None) -> Reply:
        """The whole answer to one request."""
        route = operations.route_of(asked.path)
        if found is None:
            message = f"API not found [method={asked.method} path={asked.path}]"
            missing = Reply({"result": False, "message": message, "data": None}, 404)
            return missing if route == "esb" else through_gateway(self.site, gateway_error(404, 1640401, message))
        many = parse_qs(asked.query, keep_blank_values=True)
        try:
            reply = self._let_in(asked, found, many)
        except Denied as error:
            reply = _denied(found, error)
        except Rejected as error:
            reply = error.reply
        if route == "apigw":
            return through_gateway(self.site, reply)
        return replace(reply, value=completed(reply.value, self.site.stamp())) if _bare(reply) else reply

    def _let_in(self, asked: Asked, found: Match, many: Mapping[str, Sequence[str]]) -> Reply:
        params: dict[str, Any] = {name: values[-1] for name, values in many.items()}
        params |= _body(asked, found)
        caller = self._caller(asked, found, params)
        if found.route == "esb":
            params = {name: value for name, value in params.items() if name not in CREDENTIALS}
        call = Call(found.operation.system, found.operation.name, found.route, params | found.params, many, caller)
        if found.route == "esb":
            _insist(found, call)
        apps = self.site.options.apps or credentials.APPS
        if not apps[caller.app].granted:
            return trouble.not_granted(self.site, call)
        return self._troubled(found, call)

    def _caller(self, asked: Asked, found: Match, params: Mapping[str, Any]) -> Caller:
        apps = self.site.options.apps or credentials.APPS
        if found.route == "esb":
            return credentials.esb(apps, asked.authorization, params)
        given = params if self.site.options.query_credentials else {}
        return credentials.gateway(apps, asked.authorization, given, found.operation.need)

    def _troubled(self, found: Match, call: Call) -> Reply:
        wait = 0.0
        for word in self._words(found, call):
            reply = trouble.MAKERS[word](self.site, call)
            if reply is None:
                continue
            if reply.value is not None or reply.raw is not None or reply.wait == float("inf"):
                return reply
            wait = max(wait, reply.wait)
        reply = self._system(found, call)
        return replace(reply, wait=wait) if wait else reply

    def _words(self, found: Match, call: Call) -> list[str]:
        """The troubles that this request runs into: its system's, its tasks', and those of chance."""
        system, operation = call.system, found.operation
        listed = call.params.get(operation.list_of) if operation.list_of else None
        numbers = listed if isinstance(listed, list) else [call.params.get("task_id", call.params.get("job_id"))]
        words = [self.site.systems.get(system, ""), self.site.operations.get((system, operation.name), "")]
        words += [self._task_word(system, number) for number in numbers]
        words += ["throttled"] if self._over_limit() else [trouble.by_chance(self.site)]
        # One task's engine trouble is a null state among good ones in BKFlow's bulk answer.
        passed = {""} | ({"engine"} if operation.name == "get_tasks_states" else set())
        return [word for word in words if word not in passed]

    def _task_word(self, system: str, number: Any) -> str:
        text = str(number)
        return self.site.failing(system, int(text)) if text.isdecimal() else ""

    def _over_limit(self) -> bool:
        if not self.site.options.limit:
            return False
        second = int(self.site.world.now())
        self.count = self.count + 1 if second == self.second else 1
        self.second = second
        return self.count > self.site.options.limit

    def _system(self, found: Match, call: Call) -> Reply:
        try:
            reply = found.operation.answer(self.site, call)
        except Rejected as error:
            reply = error.reply
        return through_esb(self.site, call, reply) if call.route == "esb" else reply


def _bare(reply: Reply) -> bool:
    """True for a JSON answer that has not got the ESB's envelope yet."""
    return reply.status == 200 and isinstance(reply.value, dict) and "request_id" not in reply.value


def _denied(found: Match, error: Denied) -> Reply:
    if found.route == "esb":
        return esb_error(1306406 if error.malformed else 1306000, str(error))
    return gateway_error(400, 1640001, f"Parameters error [reason={error}]")


def _insist(found: Match, call: Call) -> None:
    """The parameters that fill the backend's path."""
    for name in found.operation.fills:
        if call.text(name) == "":
            raise Rejected(esb_error(1306406, f"Parameter error, missing parameter: {name}"))


def _body(asked: Asked, found: Match) -> dict[str, Any]:
    if asked.method != "POST" or not asked.body.strip():
        return {}
    try:
        body = json.loads(asked.body)
    except ValueError:
        raise Rejected(_unreadable(found)) from None
    if not isinstance(body, dict):
        raise Rejected(_unreadable(found))
    return body


def _unreadable(found: Match) -> Reply:
    """A body that is no JSON object: everyone says it in another way."""
    if found.route == "esb":
        return esb_error(1306000, "Request JSON string is wrong in format, which cannot be analyzed")
    if found.operation.system == "sops":
        return sops.failure(3540000, "invalid json format")
    if found.operation.system == "nodeman":
        return nodeman.failure(3800400, "JSON parse error")
    return Reply({"result": False, "message": "JSON parse error", "data": None}, 400)
