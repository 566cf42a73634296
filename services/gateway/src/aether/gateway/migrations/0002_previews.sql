-- What lets a person into one preview for an hour. It ends with the sign-in session that it was made from.

CREATE TABLE preview_session (
    secret_hash   bytea PRIMARY KEY,
    project_id    uuid NOT NULL,
    port          integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    credential_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL
);
CREATE INDEX preview_session_credential ON preview_session (credential_id);
CREATE INDEX preview_session_expires_at ON preview_session (expires_at);
