"""The agents service's environment, prefix AGENTS_."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from aether.kit.settings import Settings


class AgentsSettings(Settings):
    """Where vendors are, limits, and how people are reached."""

    model_config = SettingsConfigDict(env_prefix="AGENTS_", extra="ignore", populate_by_name=True)

    port: int = 8085
    vendors: dict[str, str] = {}  # vendor → base URL in place of the vendor's own, as JSON
    runs_per_project: int = 20  # not ended, at once
    keys_per_account: int = 100
    tokens_per_project: int = 50
    webhooks_per_account: int = 20
    stuck_minutes: float = 10  # output flows, the same again and again, and no file changes for so long
    quiet_seconds: float = 20  # without hooks: no output for so long means that the agent waits or is done
    hold_hours: float = 12  # a working agent keeps its machine awake for so long after its person's last word
    cents_per_minute: float = 2  # list price of a machine's minute
    # Web Push; both or none. The private key is PEM or URL-safe base64 of 32 bytes.
    vapid_private_key: SecretStr | None = Field(None, validation_alias="VAPID_PRIVATE_KEY")
    vapid_subject: str = Field("mailto:aether@localhost", validation_alias="VAPID_SUBJECT")
