"""What the machines service reads from its environment, with the prefix MACHINES_."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from aether.kit.settings import Settings


class MachinesSettings(Settings):
    """Limits are for one account; times are in seconds."""

    model_config = SettingsConfigDict(env_prefix="MACHINES_", extra="ignore", populate_by_name=True)

    port: int = 7410
    provider: str = "local"
    size: str = "small"
    running_per_account: int = 10
    projects_per_account: int = 100
    sweep_seconds: float = 5.0
    clone_seconds: float = 900.0
    # Whose credentials git in a machine is lent: the same as the gateway's.
    github_web_url: str = Field("https://github.com", validation_alias="GITHUB_WEB_URL")
