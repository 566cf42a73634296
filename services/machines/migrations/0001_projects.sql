-- Projects, the machines they had, what is being done with them, and the time they ran.
-- Run with search_path set to the service's own schema.

CREATE TABLE authority (
    one             boolean PRIMARY KEY DEFAULT true CHECK (one),
    public_key      text NOT NULL,
    private_sealed  bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE project (
    id              uuid PRIMARY KEY,
    account_id      uuid NOT NULL,
    name            text NOT NULL,
    slug            text NOT NULL,
    repo_url        text NOT NULL DEFAULT '',
    branch          text NOT NULL DEFAULT '',
    provider        text NOT NULL,
    size            text NOT NULL,
    idle_minutes    integer NOT NULL,
    env_sealed      bytea NOT NULL,
    recording       boolean NOT NULL,
    host_key        text NOT NULL,
    host_key_sealed bytea NOT NULL,
    desired         text NOT NULL CHECK (desired IN ('running', 'stopped', 'deleted')),
    status          text NOT NULL CHECK (status IN ('stopped', 'starting', 'running', 'stopping', 'error')),
    status_detail   text NOT NULL DEFAULT '',
    generation      integer NOT NULL DEFAULT 0,
    volume          text,
    machine_id      uuid,
    clone_state     text NOT NULL CHECK (clone_state IN ('none', 'pending', 'running', 'done', 'failed')),
    clone_phase     text NOT NULL DEFAULT '',
    clone_percent   integer,
    clone_message   text NOT NULL DEFAULT '',
    idempotency_key text,
    version         integer NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
-- A slug names a project in addresses too, so it is unique among all that are not deleted.
CREATE UNIQUE INDEX project_slug ON project (slug) WHERE desired <> 'deleted';
CREATE UNIQUE INDEX project_idempotency ON project (account_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX project_account ON project (account_id, id DESC) WHERE desired <> 'deleted';
CREATE INDEX project_alive ON project (status) WHERE status IN ('starting', 'running', 'stopping');

CREATE TABLE machine (
    id            uuid PRIMARY KEY,
    project_id    uuid NOT NULL REFERENCES project ON DELETE CASCADE,
    generation    integer NOT NULL,
    host          text NOT NULL DEFAULT '',
    port          integer NOT NULL DEFAULT 0,
    username      text NOT NULL DEFAULT '',
    home_dir      text NOT NULL DEFAULT '',
    workspace_dir text NOT NULL DEFAULT '',
    tmux          boolean NOT NULL DEFAULT false,
    started_at    timestamptz,
    stopped_at    timestamptz,
    seen_at       timestamptz,
    reason        text NOT NULL DEFAULT '',
    UNIQUE (project_id, generation)
);

-- What a provider was asked, or will be. Written before the call and finished after it.
CREATE TABLE intent (
    operation_id uuid PRIMARY KEY,
    project_id   uuid NOT NULL REFERENCES project ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('start', 'stop', 'destroy')),
    state        text NOT NULL CHECK (state IN ('open', 'done', 'failed', 'abandoned')),
    headers      jsonb NOT NULL,
    attempts     integer NOT NULL DEFAULT 0,
    error        text NOT NULL DEFAULT '',
    not_before   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL,
    finished_at  timestamptz
);
CREATE UNIQUE INDEX intent_open ON intent (project_id) WHERE state = 'open';

-- Outlives its project: time that ran is owed whatever was deleted since.
CREATE TABLE run_interval (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL,
    project_id   uuid NOT NULL,
    machine_id   uuid NOT NULL,
    started_at   timestamptz NOT NULL,
    last_tick_at timestamptz NOT NULL,
    stopped_at   timestamptz,
    CHECK (last_tick_at >= started_at),
    CHECK (stopped_at >= last_tick_at)
);
CREATE UNIQUE INDEX run_interval_open ON run_interval (project_id) WHERE stopped_at IS NULL;

CREATE TABLE hold (
    project_id uuid NOT NULL REFERENCES project ON DELETE CASCADE,
    name       text NOT NULL,
    until      timestamptz NOT NULL,
    PRIMARY KEY (project_id, name)
);

CREATE TABLE activity (
    project_id     uuid PRIMARY KEY REFERENCES project ON DELETE CASCADE,
    last_input_at  timestamptz,
    last_output_at timestamptz,
    held_until     timestamptz
);
