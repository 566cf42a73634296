-- Keys of vendors and programs, and the public keys that may enter machines. Run with search_path set to the
-- service's own schema.

-- `projects` NULL: every project of the account. `sealed` is bound to account, name and version.
CREATE TABLE key (
    account_id   uuid NOT NULL,
    name         text NOT NULL,
    person_id    uuid NOT NULL,
    mode         text NOT NULL CHECK (mode IN ('brokered', 'injected')),
    projects     uuid[],
    last4        text NOT NULL,
    version      integer NOT NULL,
    sealed       bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    refused_at   timestamptz,
    PRIMARY KEY (account_id, name)
);

-- `closed_at` is when it ceased to open anything: revoked by a person, or its time had come.
CREATE TABLE token (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL,
    project_id   uuid NOT NULL,
    person_id    uuid NOT NULL,
    name         text NOT NULL,
    public_key   text NOT NULL,
    fingerprint  text NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz,
    closed_at    timestamptz,
    revoked_at   timestamptz,
    CHECK (revoked_at IS NULL OR closed_at IS NOT NULL)
);
-- The key alone says which machine is meant, so one that is good is of one project.
CREATE UNIQUE INDEX token_key ON token (fingerprint) WHERE closed_at IS NULL;
CREATE INDEX token_project ON token (project_id, id DESC);
CREATE INDEX token_account ON token (account_id);
CREATE INDEX token_expiry ON token (expires_at) WHERE closed_at IS NULL AND expires_at IS NOT NULL;
