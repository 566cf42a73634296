-- What a service has yet to say, what it has heard, and what it could not handle.
-- Run with search_path set to the service's own schema.

CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     uuid NOT NULL UNIQUE,
    subject      text NOT NULL,
    data         bytea NOT NULL,
    headers      jsonb NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE inbox (
    event_id   uuid PRIMARY KEY,
    subject    text NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_handled_at ON inbox (handled_at);

CREATE TABLE dead_letter (
    event_id            uuid PRIMARY KEY,
    subject             text NOT NULL,
    data                bytea NOT NULL,
    headers             jsonb NOT NULL DEFAULT '{}',
    error               text NOT NULL,
    parked_at           timestamptz NOT NULL DEFAULT now(),
    replay_requested_at timestamptz,
    replayed_at         timestamptz
);

CREATE TABLE grant_use (
    jti        uuid PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX grant_use_expires_at ON grant_use (expires_at);
