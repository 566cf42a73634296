"""What an API's own OpenAPI document says of it, to hold a fake of it to: examples, shapes, parameters."""

import copy
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# jsonschema ships no types.
from jsonschema import Draft4Validator  # type: ignore[import-untyped]

JSON = "application/json"


class NotAsDescribed(AssertionError):
    """A fake answered, or was asked, what the real one's document does not have."""


class Described:
    """One document of OpenAPI 3.0."""

    def __init__(self, path: Path) -> None:
        self._document = _with_null(json.loads(path.read_text(encoding="utf-8")))

    def example(self, path: str, method: str = "get", status: str = "200") -> Any:
        """The first example of an answer, to change and give."""
        content = self._answers(path, method)[status]["content"][JSON]
        examples = self._follow(content)["examples"]
        return copy.deepcopy(self._follow(next(iter(examples.values())))["value"])

    def check_answer(self, path: str, method: str, status: int, body: Any) -> None:
        """Raises NotAsDescribed."""
        answers = self._answers(path, method)
        if str(status) not in answers:
            raise NotAsDescribed(f"{method} {path} does not answer {status}")
        content = self._follow(answers[str(status)]).get("content")
        if content is not None:
            self._check(content[JSON]["schema"], body, f"answer {status} of {method} {path}")

    def check_request(self, path: str, method: str, params: Iterable[str], body: Any) -> None:
        """Raises NotAsDescribed."""
        operation = self._document["paths"][path][method]
        parameters = [self._follow(parameter) for parameter in operation.get("parameters", [])]
        known = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        if more := set(params) - known:
            raise NotAsDescribed(f"{method} {path} has no {sorted(more)}")
        if "requestBody" in operation:
            self._check(operation["requestBody"]["content"][JSON]["schema"], body, f"body of {method} {path}")

    def _answers(self, path: str, method: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._document["paths"][path][method]["responses"]
        return found

    def _follow(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in node:
            return node
        found = self._document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return self._follow(found)

    def _check(self, schema: Mapping[str, Any], value: Any, what: str) -> None:
        validator = Draft4Validator({**schema, "components": self._document["components"]})
        for error in validator.iter_errors(value):
            raise NotAsDescribed(f"{what}: {error.message} at {list(error.path)}")


def _with_null(node: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema has a type or an alternative more."""
    if isinstance(node, list):
        return [_with_null(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: _with_null(value) for key, value in node.items()}
    if made.get("nullable") is True:
        del made["nullable"]
        return {"anyOf": [{"type": "null"}, made]}
    return made
