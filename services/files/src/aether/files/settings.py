"""The files service's environment, prefix FILES_."""

from pydantic_settings import SettingsConfigDict

from aether.kit.settings import Settings


class FilesSettings(Settings):
    """Port and limits. What is counted is counted for each process of the service."""

    model_config = SettingsConfigDict(env_prefix="FILES_", extra="ignore", populate_by_name=True)

    port: int = 8084
    allowed_origins: list[str] = []  # beside the public URL's own, as a JSON list
    requests_per_project: int = 64  # under way at once, transfers among them
    watchers_per_project: int = 64
    uploads_per_project: int = 2_000  # begun and neither complete nor given up
    journal_days: int = 90
