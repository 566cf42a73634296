-- Uploads under way and the journal of changes. Run with search_path set to the service's own schema.

-- Paths are bytes in a machine, and need not be UTF-8.
CREATE TABLE upload (
    id           uuid PRIMARY KEY,
    account_id   uuid NOT NULL,
    project_id   uuid NOT NULL,
    person_id    uuid NOT NULL,
    path         bytea NOT NULL,
    size         bigint NOT NULL CHECK (size >= 0),
    mtime        timestamptz,
    overwrite    boolean NOT NULL,
    if_match     text,
    state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'finishing', 'complete')),
    etag         text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX upload_project ON upload (project_id) WHERE state <> 'complete';
CREATE INDEX upload_account ON upload (account_id);
CREATE INDEX upload_expires ON upload (expires_at);

-- `path` is as it is shown; `size` counts bytes of a file. A machine's change has no person.
CREATE TABLE change (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL,
    project_id  uuid NOT NULL,
    at          timestamptz NOT NULL,
    person_id   uuid,
    name        text NOT NULL,
    action      text NOT NULL,
    path        text NOT NULL,
    origin      text,
    size        bigint
);
CREATE INDEX change_project ON change (project_id, id DESC);
CREATE INDEX change_account ON change (account_id);
CREATE INDEX change_at ON change (at);

-- When files.changed was last said of a project.
CREATE TABLE telling (
    project_id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    told_at    timestamptz NOT NULL
);
