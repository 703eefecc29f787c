-- Accounts, their sessions, organizers and who belongs to them.
-- email, name and password are sealed (store::Keyring); email_index is the keyed fingerprint an
-- account is found by. An erased account keeps its row, because orders refer to it, and nothing else.
CREATE TABLE account (
    id UUID PRIMARY KEY,
    email_index BYTEA,
    email BYTEA,
    name BYTEA,
    password BYTEA,
    platform_admin BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    erased_at BIGINT,
    CHECK ((erased_at IS NULL AND email_index IS NOT NULL AND email IS NOT NULL AND name IS NOT NULL AND password IS NOT NULL)
        OR (erased_at IS NOT NULL AND email_index IS NULL AND email IS NULL AND name IS NULL AND password IS NULL))
);
CREATE UNIQUE INDEX account_email ON account (email_index);

-- One sign-in. Its refresh tokens are numbered; only the one numbered generation is live.
CREATE TABLE session (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES account (id),
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX session_revoked ON session (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE organizer (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE membership (
    organizer_id UUID NOT NULL REFERENCES organizer (id),
    account_id UUID NOT NULL REFERENCES account (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'manager', 'finance', 'door', 'viewer')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (organizer_id, account_id)
);
CREATE INDEX membership_account ON membership (account_id);
