-- What was typed into sessions for others, by the key it came with. Run with search_path set to the service's own schema.

CREATE TABLE typed (
    session_id uuid NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    key        text NOT NULL,
    appeared   boolean NOT NULL,
    typed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id, key)
);
