"""BKFlow: what is asked of it, and its bulk answers."""

import json

import pytest

from exporter.errors import Reason, TaskError
from exporter.model import Identity, State
from exporter.systems import bkflow
from exporter.systems.base import Request, Site
from tests.answers import READING

SITE = Site("apigw", "get_task_states")


def params(task_id: int = 3) -> bkflow.Params:
    return bkflow.Params(space_id=1, task_id=task_id)


def test_identity_and_request() -> None:
    """A space is no business; the path says it all."""
    assert params().identity == Identity("bkflow", "", "space:1", "3")
    assert bkflow.request(params(), SITE) == Request("get_task_states", "GET", "/space/1/task/3/get_task_states/")


def test_bulk_is_for_bare_states() -> None:
    """Bulk tells no nodes, so it is used only where none are wanted; a space's tasks share a call."""
    assert bkflow.BULK.key(params(), SITE, "all") is None
    assert bkflow.BULK.key(params(), SITE, "unfinished") is None
    assert bkflow.BULK.key(params(), SITE, "none") == bkflow.BULK.key(params(4), SITE, "none") is not None
    request = bkflow.BULK.request([params(3), params(4)], SITE)
    assert (request.method, request.path, request.body) == ("POST", "/space/1/get_tasks_states/", {"task_ids": [3, 4]})


def test_bulk_answer() -> None:
    """Ids are keys; one that is missing is not found, and a null state is an error of that one id."""
    answer = {"4": {"state": "FINISHED"}, "3": {"state": None}, "99": {"state": "FAILED"}}
    null, finished, missing = bkflow.BULK.split(json.dumps(answer).encode(), [params(3), params(4), params(5)])
    assert isinstance(null, bytes)
    assert isinstance(finished, bytes)
    assert isinstance(missing, TaskError)
    assert missing.reason is Reason.NOT_FOUND
    task = bkflow.BULK.read(finished, params(4), READING)
    assert (task.state, task.final, task.nodes, task.node_counts) == (State.FINISHED, True, None, None)
    with pytest.raises(TaskError) as caught:
        bkflow.BULK.read(null, params(3), READING)
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize("answer", [b"[]", b"null", b"3", b"{"])
def test_bulk_answer_that_is_none(answer: bytes) -> None:
    """What is no object is malformed as a whole."""
    with pytest.raises(TaskError) as caught:
        bkflow.BULK.split(answer, [params()])
    assert caught.value.reason is Reason.MALFORMED
