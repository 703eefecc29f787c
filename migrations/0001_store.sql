-- Keys, wrapped: root keys by the master key, which is outside the database, people's keys by root
-- keys. Whoever is erased loses their row here.
CREATE TABLE root_key (
    version BIGINT PRIMARY KEY,
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE person_key (
    person_id UUID PRIMARY KEY,
    root BIGINT NOT NULL REFERENCES root_key (version),
    wrapped BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX person_key_root ON person_key (root, person_id);

CREATE TABLE idempotency_key (
    principal UUID NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    subject UUID NOT NULL,
    status BIGINT,
    body BYTEA,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (principal, operation, key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
