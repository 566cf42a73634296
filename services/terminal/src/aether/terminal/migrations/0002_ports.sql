-- Projects that were heard of, and what is known of their ports. Run with search_path set to the service's own schema.

-- Machines of `ended_generation` and before have stopped: what was seen in one of them is no longer so.
CREATE TABLE project (
    id               uuid PRIMARY KEY,
    account_id       uuid NOT NULL,
    ended_generation integer NOT NULL DEFAULT 0
);
CREATE INDEX project_account ON project (account_id);

CREATE TABLE port (
    project_id      uuid NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    number          integer NOT NULL CHECK (number BETWEEN 1 AND 65535),
    process         text NOT NULL DEFAULT '',
    label           text NOT NULL DEFAULT '',
    visibility      text NOT NULL DEFAULT 'private' CHECK (visibility IN ('private', 'team', 'public')),
    listening_since timestamptz,
    PRIMARY KEY (project_id, number)
);

INSERT INTO project (id, account_id) SELECT DISTINCT ON (project_id) project_id, account_id FROM session;
