-- Tokens that GitHub has yet to be told to forget. Without a reference to a person: it outlives the account.
-- `sealed` is bound to this row. `github_id` is whose grant it is, NULL where GitHub did not say.
CREATE TABLE github_spent (
    id          uuid PRIMARY KEY,
    github_id   bigint,
    sealed      bytea NOT NULL,
    whole_grant boolean NOT NULL,
    tries       integer NOT NULL DEFAULT 0,
    due_at      timestamptz NOT NULL
);
CREATE INDEX github_spent_due_at ON github_spent (due_at);
CREATE INDEX github_spent_github_id ON github_spent (github_id);

-- Which version of a link's token each project was lent last: once for each is written in the audit log.
CREATE TABLE github_lent (
    link_id    uuid NOT NULL REFERENCES github_link ON DELETE CASCADE,
    project_id uuid NOT NULL,
    version    integer NOT NULL,
    PRIMARY KEY (link_id, project_id)
);
