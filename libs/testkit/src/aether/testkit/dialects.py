"""How vendors' model interfaces speak: what a request holds, and how an answer is written, streamed or whole."""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

INPUT_TOKENS, OUTPUT_TOKENS = 1000, 50  # what each answer is said to have cost
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Tool:
    """A tool a client offers. `freeform` takes text instead of JSON."""

    name: str
    freeform: bool = False
    namespace: str = ""


@dataclass(frozen=True)
class Call:
    """A use of a tool that the model asks for. `text` is what a freeform tool takes."""

    tool: Tool
    arguments: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True)
class Heard:
    """A message of the conversation so far. `calls`: uses of tools that the model has asked for in it."""

    role: str  # user, model or tool
    text: str
    calls: int = 0


class Dialect(Protocol):
    """One vendor's interface. `body` is a request's JSON."""

    def tools(self, body: Any) -> list[Tool]:
        """What the client offers."""

    def messages(self, body: Any) -> list[Heard]:
        """The conversation, oldest first, without what the system says."""

    def events(self, model: str, text: str, call: Call | None) -> Iterator[tuple[str, Any]]:
        """The answer as server-sent events: name (may be empty) and data."""

    def whole(self, model: str, text: str, call: Call | None) -> Any:
        """The answer as one JSON document."""

    def problem(self, kind: str, sentence: str) -> Any:
        """A refusal's body."""


def _id(prefix: str) -> str:
    return f"{prefix}_{next(_numbers):024}"


def _text(content: Any) -> str:
    """The text of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces, as it comes from a model."""
    for start in range(0, len(text), 12):
        yield text[start : start + 12]


class Anthropic:
    """Messages: /v1/messages."""

    def tools(self, body: Any) -> list[Tool]:
        return [Tool(tool["name"]) for tool in body.get("tools", [])]

    def messages(self, body: Any) -> list[Heard]:
        return [heard for message in body["messages"] for heard in self._heard(message)]

    def _heard(self, message: Any) -> Iterator[Heard]:
        """What a tool has answered may stand in one message with what the user says next."""
        content = message["content"]
        kinds = [part.get("type") for part in content] if isinstance(content, list) else []
        text = _text(content)
        if "tool_result" in kinds:
            yield Heard("tool", "")
        if "tool_result" not in kinds or text:
            yield Heard("model" if message["role"] == "assistant" else "user", text, kinds.count("tool_use"))

    def events(self, model: str, text: str, call: Call | None) -> Iterator[tuple[str, Any]]:
        for kind, data in self._events(model, text, call):
            yield kind, {"type": kind, **data}

    def _events(self, model: str, text: str, call: Call | None) -> Iterator[tuple[str, Any]]:
        head = self.whole(model, "", None) | {"content": [], "stop_reason": None}
        yield "message_start", {"message": head}
        yield "ping", {}
        for index, block in enumerate(self._blocks(text, call)):
            yield from self._block(index, block)
        usage = {"output_tokens": OUTPUT_TOKENS}
        delta = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
        yield "message_delta", {"delta": delta, "usage": usage}
        yield "message_stop", {}

    def _block(self, index: int, block: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        is_text = block["type"] == "text"
        empty: dict[str, Any] = {**block, "text": ""} if is_text else {**block, "input": {}}
        yield "content_block_start", {"index": index, "content_block": empty}
        kind, field = ("text_delta", "text") if is_text else ("input_json_delta", "partial_json")
        for piece in _pieces(block["text"] if is_text else json.dumps(block["input"])):
            yield "content_block_delta", {"index": index, "delta": {"type": kind, field: piece}}
        yield "content_block_stop", {"index": index}

    def _blocks(self, text: str, call: Call | None) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
        if call:
            use = {"type": "tool_use", "id": _id("toolu"), "name": call.tool.name, "input": dict(call.arguments)}
            blocks.append(use)
        return blocks

    def whole(self, model: str, text: str, call: Call | None) -> Any:
        return {
            "id": _id("msg"),
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": self._blocks(text, call),
            "stop_reason": "tool_use" if call else "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": INPUT_TOKENS,
                "output_tokens": OUTPUT_TOKENS,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
            },
        }

    def problem(self, kind: str, sentence: str) -> Any:
        return {"type": "error", "error": {"type": kind, "message": sentence}, "request_id": _id("req")}


class Responses:
    """OpenAI's /v1/responses."""

    def tools(self, body: Any) -> list[Tool]:
        # codex tells of its tools in an item of the conversation, in namespaces.
        items = [] if isinstance(body["input"], str) else body["input"]
        groups = [body.get("tools") or []]
        groups += [item["tools"] for item in items if item.get("type") == "additional_tools"]
        return [tool for group in groups for entry in group for tool in self._tools(entry, "")]

    def _tools(self, entry: Any, namespace: str) -> Iterator[Tool]:
        if entry["type"] == "namespace":
            for inner in entry["tools"]:
                yield from self._tools(inner, entry["name"])
        elif "name" in entry:
            yield Tool(entry["name"], entry["type"] == "custom", namespace)

    def messages(self, body: Any) -> list[Heard]:
        given = body["input"]
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given
        return [heard for item in items if (heard := self._heard(item))]

    def _heard(self, item: Any) -> Heard | None:
        kind = item.get("type", "message")
        if kind in ("function_call", "custom_tool_call"):
            return Heard("model", "", 1)
        if kind in ("function_call_output", "custom_tool_call_output"):
            return Heard("tool", _text(item.get("output")))
        if kind != "message" or item.get("role") not in ("user", "assistant"):
            return None
        return Heard("user" if item["role"] == "user" else "model", _text(item.get("content")))

    def events(self, model: str, text: str, call: Call | None) -> Iterator[tuple[str, Any]]:
        number = itertools.count()
        for kind, data in self._events(model, text, call):
            yield kind, {"type": kind, "sequence_number": next(number), **data}

    def _events(self, model: str, text: str, call: Call | None) -> Iterator[tuple[str, Any]]:
        answer = self.whole(model, text, call)
        begun = answer | {"status": "in_progress", "output": [], "usage": None}
        yield "response.created", {"response": begun}
        for index, item in enumerate(answer["output"]):
            place = {"output_index": index, "item_id": item["id"]}
            yield "response.output_item.added", {"output_index": index, "item": _begun(item)}
            yield from self._deltas(item, place)
            yield "response.output_item.done", {"output_index": index, "item": item}
        yield "response.completed", {"response": answer}

    def _deltas(self, item: dict[str, Any], place: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        if item["type"] == "message":
            inside = place | {"content_index": 0}
            part = item["content"][0]
            yield "response.content_part.added", inside | {"part": part | {"text": ""}}
            for piece in _pieces(part["text"]):
                yield "response.output_text.delta", inside | {"delta": piece}
            yield "response.output_text.done", inside | {"text": part["text"]}
            yield "response.content_part.done", inside | {"part": part}
        elif item["type"] == "function_call":
            for piece in _pieces(item["arguments"]):
                yield "response.function_call_arguments.delta", place | {"delta": piece}
            yield "response.function_call_arguments.done", place | {"arguments": item["arguments"]}
        else:
            yield "response.custom_tool_call_input.delta", place | {"delta": item["input"]}
            yield "response.custom_tool_call_input.done", place | {"input": item["input"]}

    def whole(self, model: str, text: str, call: Call | None) -> Any:
        output = [_message(text)] if text else []
        if call:
            output.append(_use(call))
        return {
            "id": _id("resp"),
            "object": "response",
            "created_at": 1_760_000_000,
            "status": "completed",
            "model": model,
            "output": output,
            "error": None,
            "incomplete_details": None,
            "usage": {
                "input_tokens": INPUT_TOKENS,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": OUTPUT_TOKENS,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
            },
        }

    def problem(self, kind: str, sentence: str) -> Any:
        return {"error": {"message": sentence, "type": kind, "param": None, "code": kind}}


def _message(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"id": _id("msg"), "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def _use(call: Call) -> dict[str, Any]:
    base = {"call_id": _id("call"), "name": call.tool.name, "status": "completed"}
    if call.tool.namespace:
        base["namespace"] = call.tool.namespace
    if call.tool.freeform:
        return {"id": _id("ctc"), "type": "custom_tool_call", "input": call.text, **base}
    return {"id": _id("fc"), "type": "function_call", "arguments": json.dumps(call.arguments), **base}


def _begun(item: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, dict[str, Any]] = {"message": {"content": []}, "function_call": {"arguments": ""}}
    return item | {"status": "in_progress"} | empty.get(item["type"], {"input": ""})


class Chat:
    """OpenAI's /v1/chat/completions, which many others speak too."""

    def tools(self, body: Any) -> list[Tool]:
        return [Tool(tool["function"]["name"]) for tool in body.get("tools") or []]

    def messages(self, body: Any) -> list[Heard]:
        roles = {"user": "user", "assistant": "model", "tool": "tool"}
        return [
            Heard(roles[message["role"]], _text(message.get("content")), len(message.get("tool_calls") or []))
            for message in body["messages"]
            if message["role"] in roles
        ]

    def events(self, model: str, text: str, call: Call | None) -> Iterator[tuple[str, Any]]:
        head = {"id": _id("chatcmpl"), "object": "chat.completion.chunk", "created": 1_760_000_000, "model": model}
        for delta in self._deltas(text, call):
            yield "", head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        ended = {"index": 0, "delta": {}, "finish_reason": "tool_calls" if call else "stop"}
        yield "", head | {"choices": [ended]}
        yield "", head | {"choices": [], "usage": _chat_usage()}
        yield "", "[DONE]"

    def _deltas(self, text: str, call: Call | None) -> Iterator[dict[str, Any]]:
        yield {"role": "assistant", "content": ""}
        for piece in _pieces(text):
            yield {"content": piece}
        if call:
            yield {"tool_calls": [{"index": 0, **_chat_call(call)}]}

    def whole(self, model: str, text: str, call: Call | None) -> Any:
        message = {"role": "assistant", "content": text} | ({"tool_calls": [_chat_call(call)]} if call else {})
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if call else "stop"}
        head = {"id": _id("chatcmpl"), "object": "chat.completion", "created": 1_760_000_000, "model": model}
        return head | {"choices": [choice], "usage": _chat_usage()}

    def problem(self, kind: str, sentence: str) -> Any:
        return Responses().problem(kind, sentence)


def _chat_call(call: Call) -> dict[str, Any]:
    function = {"name": call.tool.name, "arguments": json.dumps(call.arguments)}
    return {"id": _id("call"), "type": "function", "function": function}


def _chat_usage() -> dict[str, int]:
    total = INPUT_TOKENS + OUTPUT_TOKENS
    return {"prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS, "total_tokens": total}


def encoded(events: Sequence[tuple[str, Any]]) -> list[bytes]:
    """Events as they go over the wire."""
    return [_event(name, data) for name, data in events]


def _event(name: str, data: Any) -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()
