-- Machines that run, and who keeps the connection to each. Run with search_path set to the service's own schema.

-- `port` is where the machine's own broker listens inside it, from when it first does in this generation.
-- `owner` is a process of this service; it keeps the row for itself by moving `owned_until` on.
-- `fit` grows when keys or tokens have changed, so that the owner has them brought to the machine.
CREATE TABLE machine (
    project_id   uuid PRIMARY KEY,
    account_id   uuid NOT NULL,
    machine_id   uuid NOT NULL,
    generation   integer NOT NULL,
    port         integer CHECK (port BETWEEN 1 AND 65535),
    fit          bigint NOT NULL DEFAULT 0,
    owner        uuid,
    owned_until  timestamptz
);
CREATE INDEX machine_account ON machine (account_id);
