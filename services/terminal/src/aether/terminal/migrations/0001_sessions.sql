-- Sessions, and what was seen in them. Run with search_path set to the service's own schema.

CREATE TABLE session (
    id              uuid PRIMARY KEY,
    account_id      uuid NOT NULL,
    project_id      uuid NOT NULL,
    person_id       uuid NOT NULL,
    generation      integer NOT NULL,
    name            text NOT NULL,
    title           text NOT NULL DEFAULT '',
    command         text NOT NULL DEFAULT '',
    cols            integer NOT NULL,
    rows            integer NOT NULL,
    first_cols      integer NOT NULL,
    first_rows      integer NOT NULL,
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    exit_code       integer,
    recorded        boolean NOT NULL,
    idempotency_key text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    closed_at       timestamptz,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
CREATE INDEX session_project ON session (project_id, created_at DESC);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_open ON session (project_id) WHERE state = 'open';
CREATE UNIQUE INDEX session_idempotency ON session (project_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- `data` is zlib; see domain/recording.py for what is in it. `size` counts its bytes.
CREATE TABLE recording_chunk (
    session_id uuid NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    number     bigint GENERATED ALWAYS AS IDENTITY,
    size       integer NOT NULL,
    data       bytea NOT NULL,
    PRIMARY KEY (session_id, number)
);
