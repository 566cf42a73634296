"""What comes in by HTTP: only whether the service lives and is ready."""

from collections.abc import Mapping

from starlette.applications import Starlette

from aether.kit.http import Check, health_routes


def application(checks: Mapping[str, Check]) -> Starlette:
    return Starlette(routes=health_routes(checks))
