-- A job that is done is removed; one that failed too often stays with its reason.
CREATE TABLE job (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    -- At most one job per kind and key; jobs without a key are never the same.
    key TEXT,
    payload TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    -- Asked for again while running: when to run once more.
    again_at BIGINT,
    attempts BIGINT NOT NULL DEFAULT 0,
    lease_owner UUID,
    lease_until BIGINT,
    failed_at BIGINT,
    error TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (kind, key),
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);
CREATE INDEX job_due ON job (run_at) WHERE failed_at IS NULL;
CREATE INDEX job_failed ON job (failed_at) WHERE failed_at IS NOT NULL;
