-- One agent at work. What an agent or a vendor says is data from a machine; secrets are sealed or hashed.
CREATE TABLE run (
    id              uuid PRIMARY KEY,
    account_id      uuid NOT NULL,
    project_id      uuid NOT NULL,
    person_id       uuid NOT NULL,
    agent           text NOT NULL,
    agent_title     text NOT NULL,
    name            text NOT NULL,
    prompt          text NOT NULL,
    command         text NOT NULL,
    idempotency_key text,
    secret_hash     bytea NOT NULL UNIQUE, -- SHA-256: who shows the secret is found by it
    secret_sealed   bytea NOT NULL,        -- for the next start
    state           text NOT NULL CHECK (state IN ('starting', 'working', 'waiting', 'done', 'failed', 'stuck')),
    detail          text NOT NULL,
    reason          text NOT NULL,
    limited_until   timestamptz,
    doing           text NOT NULL,
    question        jsonb,
    answered_key    text NOT NULL,
    last_message    text NOT NULL,
    session         text NOT NULL,
    next_prompt     text NOT NULL,
    wanted          boolean NOT NULL,
    launched        boolean NOT NULL,
    spoke           boolean NOT NULL,
    stop_asked      boolean NOT NULL,
    terminal_id     uuid,
    generation      integer NOT NULL,
    starts          integer NOT NULL,
    restarts        integer NOT NULL,
    worked          double precision NOT NULL,
    counted_at      timestamptz,
    input_tokens    bigint NOT NULL,
    output_tokens   bigint NOT NULL,
    version         integer NOT NULL,
    told_at         timestamptz,
    tell_at         timestamptz,
    created_at      timestamptz NOT NULL,
    since           timestamptz NOT NULL,
    attended_at     timestamptz NOT NULL,
    ended_at        timestamptz,
    dismissed_at    timestamptz,
    UNIQUE (project_id, idempotency_key)
);
CREATE INDEX run_of_account ON run (account_id, id);
CREATE INDEX run_of_project ON run (project_id, id);
CREATE INDEX run_there ON run (id) WHERE ended_at IS NULL;
CREATE INDEX run_to_tell ON run (tell_at) WHERE tell_at IS NOT NULL;
CREATE INDEX run_of_terminal ON run (terminal_id) WHERE terminal_id IS NOT NULL;

-- A message or an answer on its way into a terminal: claimed here first, so that it is typed once. The text is
-- forgotten when it has been typed; the row stays, because a question is answered once.
CREATE TABLE input (
    id              uuid PRIMARY KEY,
    run_id          uuid NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    idempotency_key text,
    question_id     uuid,
    question        jsonb,   -- as it was, to be open again if this cannot be typed
    text            text NOT NULL,
    keys            text NOT NULL,
    state           text NOT NULL CHECK (state IN ('pending', 'typed', 'failed')),
    attempts        integer NOT NULL,
    next_at         timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    UNIQUE (run_id, idempotency_key)
);
CREATE UNIQUE INDEX input_answers_once ON input (question_id) WHERE question_id IS NOT NULL AND state <> 'failed';
CREATE INDEX input_pending ON input (run_id, id) WHERE state = 'pending';
