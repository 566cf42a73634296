-- People, what they hold to sign in with, and what their screens are told.
-- Run with search_path set to the gateway's own schema.

CREATE TABLE person (
    id            uuid PRIMARY KEY,
    account_id    uuid NOT NULL UNIQUE,
    email         text NOT NULL,
    email_key     text NOT NULL UNIQUE,
    display_name  text NOT NULL,
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL
);

-- Only hashes of secrets are kept: whoever reads this database cannot sign in with it.
CREATE TABLE session (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL REFERENCES person ON DELETE CASCADE,
    secret_hash  bytea NOT NULL UNIQUE,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    user_agent   text NOT NULL,
    ip           text NOT NULL
);
CREATE INDEX session_person ON session (person_id);
CREATE INDEX session_expires_at ON session (expires_at);

CREATE TABLE token (
    id              uuid PRIMARY KEY,
    person_id       uuid NOT NULL REFERENCES person ON DELETE CASCADE,
    secret_hash     bytea NOT NULL UNIQUE,
    name            text NOT NULL,
    last4           text NOT NULL,
    created_at      timestamptz NOT NULL,
    last_used_at    timestamptz,
    expires_at      timestamptz,
    expiry_told     boolean NOT NULL DEFAULT false,
    idempotency_key text,
    UNIQUE (person_id, idempotency_key)
);
CREATE INDEX token_expires_at ON token (expires_at) WHERE NOT expiry_told;

CREATE TABLE password_reset (
    secret_hash bytea PRIMARY KEY,
    person_id   uuid NOT NULL REFERENCES person ON DELETE CASCADE,
    expires_at  timestamptz NOT NULL
);

CREATE TABLE bucket (
    key        text PRIMARY KEY,
    tokens     double precision NOT NULL,
    counted_at timestamptz NOT NULL
);

CREATE TABLE audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at timestamptz NOT NULL DEFAULT now(),
    account_id  uuid,
    person_id   uuid,
    what        text NOT NULL,
    target      text NOT NULL,
    ip          text NOT NULL
);
CREATE INDEX audit_account ON audit (account_id, id);

-- The head's row lock makes the numbers of one account commit in order and without gaps.
CREATE TABLE feed_head (
    account_id uuid PRIMARY KEY,
    seq        bigint NOT NULL
);

CREATE TABLE feed (
    account_id uuid NOT NULL,
    seq        bigint NOT NULL,
    name       text NOT NULL,
    data       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, seq)
);
CREATE INDEX feed_created_at ON feed (created_at);

CREATE TABLE seen_project (
    project_id uuid PRIMARY KEY,
    version    bigint NOT NULL,
    seen_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX seen_project_seen_at ON seen_project (seen_at);
