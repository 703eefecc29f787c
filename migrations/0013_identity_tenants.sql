-- What an organizer is told by whoever runs the platform, whom it asked to work for it, and which of
-- its events a member works for.
ALTER TABLE organizer ADD COLUMN suspended_at BIGINT;

-- JSON list of ids of events; absent for all of them.
ALTER TABLE membership ADD COLUMN events TEXT;

-- Whom an organizer asks to become a member. A row is there as long as there is something to answer.
-- Each has a key of its own, kept as that of a person is, which is destroyed with it: whoever was asked
-- may have no account, and what is left of them in messages and the audit log goes.
CREATE TABLE invitation (
    id UUID PRIMARY KEY,
    organizer_id UUID NOT NULL REFERENCES organizer (id),
    -- The fingerprint that an account with the address is found by.
    email_index BYTEA NOT NULL,
    -- Sealed.
    email BYTEA NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('owner', 'manager', 'finance', 'door', 'viewer')),
    events TEXT,
    -- Keyed hash.
    token BYTEA NOT NULL UNIQUE,
    -- How often the message may still be sent again, and when it was last.
    messages_left BIGINT NOT NULL CHECK (messages_left >= 0),
    sent_at BIGINT NOT NULL,
    invited_by UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX invitation_address ON invitation (organizer_id, email_index);
CREATE INDEX invitation_email ON invitation (email_index);
CREATE INDEX invitation_expiry ON invitation (expires_at);
