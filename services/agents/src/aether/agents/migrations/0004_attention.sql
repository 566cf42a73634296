-- What calls for a person, how that person wants to be called, and what is on its way to them. Run with search_path
-- set to the service's own schema.

-- `once` names what called: the same again is the same notice.
CREATE TABLE notice (
    id         uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    person_id  uuid NOT NULL,
    project_id uuid NOT NULL,
    run_id     uuid,
    kind       text NOT NULL CHECK (kind IN ('waiting', 'done', 'failed', 'stuck', 'notify')),
    title      text NOT NULL,
    body       text NOT NULL,
    path       text NOT NULL,
    once       text NOT NULL,
    created_at timestamptz NOT NULL,
    read_at    timestamptz,
    UNIQUE (account_id, once)
);
CREATE INDEX notice_newest ON notice (account_id, id DESC);
CREATE INDEX notice_unread ON notice (account_id) WHERE read_at IS NULL;
CREATE INDEX notice_run ON notice (run_id) WHERE read_at IS NULL;
CREATE INDEX notice_project ON notice (project_id);
CREATE INDEX notice_age ON notice (created_at);

CREATE TABLE attention (
    person_id   uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    sound       boolean NOT NULL,
    push        boolean NOT NULL,
    mail        boolean NOT NULL,
    kinds       text[] NOT NULL,
    quiet_start text,
    quiet_end   text,
    time_zone   text NOT NULL,
    CHECK ((quiet_start IS NULL) = (quiet_end IS NULL))
);
CREATE INDEX attention_account ON attention (account_id);

-- A page of the person shows this very run, proven until then.
CREATE TABLE look (
    person_id  uuid NOT NULL,
    run_id     uuid NOT NULL,
    account_id uuid NOT NULL,
    until      timestamptz NOT NULL,
    PRIMARY KEY (person_id, run_id)
);
CREATE INDEX look_account ON look (account_id);

-- A browser's subscription. Whoever knows an endpoint and its keys may call that browser, so they are sealed.
CREATE TABLE push (
    id            uuid PRIMARY KEY,
    account_id    uuid NOT NULL,
    person_id     uuid NOT NULL,
    endpoint_hash bytea NOT NULL UNIQUE,
    sealed        bytea NOT NULL,
    label         text NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX push_person ON push (person_id, id DESC);
CREATE INDEX push_account ON push (account_id);

-- A notice on its way to a browser; gone once it is there or given up.
CREATE TABLE push_call (
    id        uuid PRIMARY KEY,
    push_id   uuid NOT NULL REFERENCES push ON DELETE CASCADE,
    notice_id uuid NOT NULL REFERENCES notice ON DELETE CASCADE,
    attempts  integer NOT NULL DEFAULT 0,
    next_at   timestamptz NOT NULL
);
CREATE INDEX push_call_due ON push_call (next_at);
CREATE INDEX push_call_push ON push_call (push_id);
CREATE INDEX push_call_notice ON push_call (notice_id);

CREATE TABLE webhook (
    id            uuid PRIMARY KEY,
    account_id    uuid NOT NULL,
    person_id     uuid NOT NULL,
    url           text NOT NULL,
    kinds         text[] NOT NULL,
    secret_sealed bytea NOT NULL,
    created_at    timestamptz NOT NULL,
    failing_since timestamptz
);
CREATE INDEX webhook_account ON webhook (account_id, id);

-- A notice on its way to a webhook, and afterwards the log of it.
CREATE TABLE delivery (
    id           uuid PRIMARY KEY,
    webhook_id   uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
    notice_id    uuid NOT NULL REFERENCES notice ON DELETE CASCADE,
    kind         text NOT NULL,
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    attempts     integer NOT NULL DEFAULT 0,
    status       integer,
    error        text NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    next_at      timestamptz,
    delivered_at timestamptz,
    CHECK ((state = 'pending') = (next_at IS NOT NULL)),
    CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
);
CREATE INDEX delivery_due ON delivery (next_at) WHERE state = 'pending';
CREATE INDEX delivery_log ON delivery (webhook_id, id DESC);
CREATE INDEX delivery_notice ON delivery (notice_id);
