-- Keys that seal where a stranger's wish came from: one for the entries of a week, destroyed when these have
-- been kept for long enough. The entries stay, and so do the hashes over them.
CREATE TABLE audit_stranger_key (
    id UUID PRIMARY KEY,
    -- Since 1970.
    week BIGINT NOT NULL UNIQUE,
    wrapped BYTEA NOT NULL
);

-- Logs whose last entry was later than the clock said when a signing key was added, because the clock had been
-- ahead: up to then the key before it may sign their checkpoints.
CREATE TABLE signing_key_ahead (
    version BIGINT NOT NULL REFERENCES signing_key (version),
    chain UUID NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (version, chain)
);

-- Behind the second wall: whoever reads their log opens what strangers left there; the other is the operator's.
-- postgres:
ALTER TABLE audit_stranger_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE signing_key_ahead ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_select ON audit_stranger_key FOR SELECT USING (TRUE);
-- end
