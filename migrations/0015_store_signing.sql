-- Keys that sign, wrapped by the master key, from the second on: the first is derived from root key 1. The
-- newest signs; those before it are checked with for as long as what they signed is good.
CREATE TABLE signing_key (
    version BIGINT PRIMARY KEY,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    -- 1 when those before it may be in other hands: what ends by itself is refused from then on.
    disowns BIGINT NOT NULL
);
-- Which of them signed.
ALTER TABLE audit_checkpoint ADD COLUMN signed_by BIGINT NOT NULL DEFAULT 1;
