"""Print the public API's OpenAPI document: python -m aether.gateway.openapi > docs/openapi.json"""

import json
import sys

from aether.gateway.app import build_api


def document() -> str:
    """The document as it is committed: indented, keys in the order of the routes."""
    return json.dumps(build_api().openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
