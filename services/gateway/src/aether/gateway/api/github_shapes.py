"""The JSON of a linked GitHub account, and of signing in with another issuer's token."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from aether.gateway.api.shapes import Body, Shown, Text


class GitHub(Shown):
    """My account at GitHub. `lost_at` is since when GitHub takes our token no more; to link again mends it.

    `private` says that private repositories are granted. While it is the `only_way_in` it cannot be unlinked.
    """

    configured: bool
    linked: bool
    login: str | None
    scopes: list[str]
    private: bool
    only_way_in: bool
    linked_at: AwareDatetime | None
    lost_at: AwareDatetime | None


class Repository(Shown):
    """A repository I can make a project from."""

    full_name: str
    name: str
    owner: str
    private: bool
    default_branch: str
    description: str
    clone_url: str
    pushed_at: AwareDatetime | None


class RepositoryList(Shown):
    """`next_page` is None on the last page."""

    items: list[Repository]
    next_page: int | None


class External(Body):
    """A JWT of the issuer that this aether is set up with."""

    token: Annotated[Text, Field(min_length=1, max_length=16_384)]
