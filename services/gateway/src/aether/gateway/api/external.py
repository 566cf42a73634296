"""Signing in with a token of another issuer (Supabase, Clerk, any that has a JWKS)."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from aether.contracts.problem import Unavailable
from aether.gateway.api import github_shapes, shapes
from aether.gateway.api.guard import TheGateway, anyone
from aether.gateway.api.problems import problems

router = APIRouter(prefix="/api/auth", tags=["auth"])


@router.post(
    "/external",
    response_model=shapes.Me,
    responses=problems(401, 404, 409),
    dependencies=[Depends(anyone)],
    summary="Sign in with a token of the issuer this aether trusts; the session ends when the token does",
)
async def sign_in_external(
    body: github_shapes.External, request: Request, response: Response, gateway: TheGateway
) -> Any:
    raise Unavailable
