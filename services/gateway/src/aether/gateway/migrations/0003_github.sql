-- People who come by way of GitHub or another issuer, and GitHub's tokens under the gateway's keyset.

-- NULL: no password was ever set, and none signs this person in.
ALTER TABLE person ALTER COLUMN password_hash DROP NOT NULL;

-- When a session ends however much it is used. NULL: it slides.
ALTER TABLE session ADD COLUMN ends_at timestamptz;

-- One way to GitHub and back. Both hashes must be shown: the address's state, and the cookie of the same browser.
CREATE TABLE github_way (
    state_hash  bytea PRIMARY KEY,
    cookie_hash bytea NOT NULL,
    person_id   uuid REFERENCES person ON DELETE CASCADE,
    next        text NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX github_way_expires_at ON github_way (expires_at);

-- `sealed` holds the tokens, bound to the account, this row and its version. NULL: GitHub takes them no more.
CREATE TABLE github_link (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL UNIQUE REFERENCES person ON DELETE CASCADE,
    github_id    bigint NOT NULL UNIQUE,
    login        text NOT NULL,
    scopes       text[] NOT NULL,
    sealed       bytea,
    version      integer NOT NULL,
    expires_at   timestamptz,
    handed_until timestamptz,
    linked_at    timestamptz NOT NULL,
    lost_at      timestamptz
);
CREATE INDEX github_link_handed_until ON github_link (handed_until);

CREATE TABLE external_identity (
    issuer    text NOT NULL,
    subject   text NOT NULL,
    person_id uuid NOT NULL REFERENCES person ON DELETE CASCADE,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX external_identity_person ON external_identity (person_id);
