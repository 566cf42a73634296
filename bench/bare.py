"""The peer of P8: one query, one list of models, nothing else."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import asyncpg
from fastapi import FastAPI, Request
from pydantic import BaseModel


class Project(BaseModel):
    id: UUID
    name: str
    slug: str
    status: str
    created_at: datetime
    updated_at: datetime


class Page(BaseModel):
    items: list[Project]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["BARE_URL"], min_size=1, max_size=4) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/projects")
async def projects(request: Request) -> Page:
    rows = await request.app.state.pool.fetch(
        "SELECT id, name, slug, status, created_at, updated_at FROM machines.project ORDER BY id DESC LIMIT 100"
    )
    return Page(items=[Project(**dict(row)) for row in rows])
