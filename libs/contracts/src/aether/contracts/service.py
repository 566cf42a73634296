"""The services, by the name that stands in subjects, schemas, roles and settings."""

from enum import StrEnum


class Service(StrEnum):
    """One process kind. A member is added with the service, never before."""

    GATEWAY = "gateway"
    MACHINES = "machines"
    TERMINAL = "terminal"
    FILES = "files"
    AGENTS = "agents"
