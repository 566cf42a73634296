"""Settings come from the environment: shared ones as AETHER_…, a service's own with its name as prefix."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What every service needs. A service's settings inherit from it and set `env_prefix`."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    home: Path = Field(Path(".aether"), validation_alias="AETHER_HOME")
    nats_url: str = Field("nats://127.0.0.1:4222", validation_alias="AETHER_NATS_URL")
    nats_seed_file: Path | None = Field(None, validation_alias="AETHER_NATS_SEED_FILE")
    # The password is not in it: asyncpg reads PGPASSFILE, so that no secret stands in an environment.
    database_url: str = Field("postgresql://127.0.0.1/aether", validation_alias="AETHER_DATABASE_URL")
    public_url: str = Field("http://localhost:8080", validation_alias="AETHER_PUBLIC_URL")
    log_format: str = Field("json", validation_alias="AETHER_LOG_FORMAT")
    log_level: str = Field("INFO", validation_alias="AETHER_LOG_LEVEL")
    trace_dir: Path | None = Field(None, validation_alias="AETHER_TRACE_DIR")
    otlp_endpoint: str | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    grant_public_key_file: Path | None = Field(None, validation_alias="AETHER_GRANT_PUBLIC_KEY_FILE")
    master_keyset_file: Path | None = Field(None, validation_alias="AETHER_MASTER_KEYSET_FILE")
    host: str = Field("127.0.0.1", validation_alias="AETHER_HOST")
