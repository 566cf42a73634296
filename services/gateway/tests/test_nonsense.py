"""Nonsense in every field, path and header: told as what the document says, and never a fault of ours."""

import json
import random
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from aether.contracts.problem import NotFound
from aether.gateway.app import build_api
from aether.gateway.domain.rates import Rate
from aether.kit.http import problem_response
from aether.testkit.gateway import Stand

VALUES: list[Any] = [
    *(None, True, 0, -1, 2**63, 1e308, 1.5, -(2**31)),
    *("", " ", "a" * 5000, "\x00", "\ud800", "é\u202e", "a@b.c", "' OR 1=1", "\n\t", "aet_x"),
    *("2027-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"),
    *([], {}, [1], {"a": 1}),
]
QUERIES = ["", "?limit=", "?limit=9e9&cursor=%00", "?cursor=%ff", "?all=maybe", "?all=1", "?cursor='\"", "?page=0"]
NAMES = ["a", "%00", "%0a", "x" * 70, "%ff%fe", "é"]
UNLIMITED = Rate(1_000_000, 1)
REQUESTS = 1500


async def nothing_there(_request: Request) -> Response:
    """What files says of every path here."""
    return problem_response(NotFound().problem())


async def test_nonsense_breaks_nothing_and_every_answer_is_in_the_document(joined: Stand) -> None:
    for name in ("rate_per_ip", "rate_per_email", "rate_of_mails"):
        object.__setattr__(joined.gateway.settings, name, UNLIMITED)
    joined.files.behave = nothing_there
    person = await joined.person()
    terminal = await joined.terminal(person)
    document, chance = build_api().openapi(), random.Random(20261122)
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] not in ("listen", "logout", "delete_me")
    ]
    for number in range(REQUESTS):
        method, path, operation = chance.choice(operations)
        url = path.format(
            project_id=chance.choice([terminal["project_id"], "x", "%00", "0" * 36]),
            terminal_id=chance.choice([terminal["id"], "%ff", "x"]),
            token_id=terminal["id"],
            session_id=terminal["id"],
            run_id=chance.choice([terminal["id"], "x", "%00"]),
            webhook_id=chance.choice([terminal["id"], "x"]),
            upload_id=chance.choice([terminal["id"], "x"]),
            port=chance.choice(["3000", "0", "65536", "x", "%00", "٣"]),
            name=chance.choice(NAMES),
        ) + chance.choice(QUERIES)
        body = _body(document, operation, chance)
        headers = {"Content-Type": chance.choice(["application/json"] * 9 + ["text/plain"])}
        answer = await person.request(method, url, content=body, headers=headers)
        told = f"request {number}: {method} {url} {body!r} → {answer.status_code} {answer.text[:200]}"
        assert str(answer.status_code) in operation["responses"] or answer.status_code == 404, told
        assert answer.status_code < 500, told


def _body(document: dict[str, Any], operation: dict[str, Any], chance: random.Random) -> str | None:
    if "requestBody" not in operation:
        return None
    if chance.random() < 0.05:
        return json.dumps(chance.choice(VALUES))
    if "application/json" not in operation["requestBody"]["content"]:
        return "\x00bytes"
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    fields = document["components"]["schemas"][name]["properties"]
    return json.dumps({field: chance.choice(VALUES) for field in fields if chance.random() < 0.8})
