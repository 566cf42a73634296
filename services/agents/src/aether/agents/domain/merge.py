"""Putting our settings into a JSON file that is another's as well."""

import json
from typing import Any


def merged(present: str, ours: str) -> str:
    """What is there stays, and only our keys are put in: a list gets what it lacks, anything else is replaced.

    A file that is no JSON object is left as it is.
    """
    try:
        there = json.loads(present) if present.strip() else {}
    except (ValueError, RecursionError):
        return present
    if not isinstance(there, dict):
        return present
    return json.dumps(_into(there, json.loads(ours)), indent=2) + "\n"


def _into(there: Any, ours: Any) -> Any:
    if isinstance(there, dict) and isinstance(ours, dict):
        return {**there, **{key: _into(there[key], ours[key]) if key in there else ours[key] for key in ours}}
    if isinstance(there, list) and isinstance(ours, list):
        return [*there, *(item for item in ours if item not in there)]
    return ours
