-- Accounts, their sessions, organizers and who belongs to them.
-- email, phone, name, password and profile are sealed with the person's key; email_index and
-- phone_index are keyed fingerprints an account is found by. An erased account keeps its row,
-- because orders refer to it, and nothing else.
CREATE TABLE account (
    id UUID PRIMARY KEY,
    email_index BYTEA,
    email BYTEA,
    -- When a code that was sent there came back; the same for phone.
    email_verified_at BIGINT,
    phone_index BYTEA,
    phone BYTEA,
    phone_verified_at BIGINT,
    name BYTEA,
    password BYTEA,
    -- Sealed JSON: preferences and location.
    profile BYTEA,
    locale TEXT NOT NULL,
    platform_admin BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    erased_at BIGINT,
    CHECK ((email IS NULL) = (email_index IS NULL) AND (phone IS NULL) = (phone_index IS NULL)),
    CHECK (email_verified_at IS NULL OR email IS NOT NULL),
    CHECK (phone_verified_at IS NULL OR phone IS NOT NULL),
    CHECK ((erased_at IS NULL AND (email IS NOT NULL OR phone IS NOT NULL) AND name IS NOT NULL AND password IS NOT NULL)
        OR (erased_at IS NOT NULL AND email IS NULL AND phone IS NULL AND name IS NULL AND password IS NULL AND profile IS NULL))
);
CREATE UNIQUE INDEX account_email ON account (email_index);
CREATE UNIQUE INDEX account_phone ON account (phone_index);

-- A code that was sent to an address, to prove that it reaches the person. One at a time for each
-- purpose; a new one takes its place.
CREATE TABLE verification (
    account_id UUID NOT NULL REFERENCES account (id),
    purpose TEXT NOT NULL CHECK (purpose IN ('email', 'phone')),
    -- Keyed hash over purpose, account and code.
    code BYTEA NOT NULL,
    -- Sealed; what the account will have once the code comes back.
    address BYTEA NOT NULL,
    tries_left BIGINT NOT NULL CHECK (tries_left >= 0),
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, purpose)
);
CREATE INDEX verification_expiry ON verification (expires_at);

-- Tokens that set a new password once; token is a keyed hash. id is that of the request, so that
-- asking its job again makes no second one.
CREATE TABLE password_reset (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES account (id),
    token BYTEA NOT NULL UNIQUE,
    -- The channel that it was sent by.
    channel TEXT NOT NULL CHECK (channel IN ('email', 'phone')),
    expires_at BIGINT NOT NULL
);
CREATE INDEX password_reset_account ON password_reset (account_id);
CREATE INDEX password_reset_expiry ON password_reset (expires_at);

-- The second factor of an account: it counts from confirmed_at on. secret is sealed. A code is good
-- for a step of time later than last_step only, so each is used once.
CREATE TABLE second_factor (
    account_id UUID PRIMARY KEY REFERENCES account (id),
    secret BYTEA NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL,
    -- Codes that were tried since window_at, right or wrong; for a new password apart.
    tries BIGINT NOT NULL,
    window_at BIGINT NOT NULL,
    reset_tries BIGINT NOT NULL,
    reset_window_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Keyed hashes; a used one is gone.
CREATE TABLE recovery_code (
    account_id UUID NOT NULL REFERENCES account (id),
    code BYTEA NOT NULL,
    PRIMARY KEY (account_id, code)
);

-- What an account signed in from, as a keyed hash over program and network: to tell what is new.
CREATE TABLE known_device (
    account_id UUID NOT NULL REFERENCES account (id),
    print BYTEA NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, print)
);
CREATE INDEX known_device_age ON known_device (seen_at);

-- A document that a person gave to prove who they are, and what became of it; the newest counts.
CREATE TABLE identity_check (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES account (id),
    -- Sealed JSON; nothing once the person is erased.
    document BYTEA,
    status TEXT NOT NULL CHECK (status IN ('pending', 'verified', 'rejected', 'lapsed')),
    -- For the person to read; sealed.
    reason BYTEA,
    submitted_at BIGINT NOT NULL,
    decided_at BIGINT,
    -- Absent when the document check itself decided.
    decided_by UUID,
    CHECK ((status = 'pending') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX identity_check_pending ON identity_check (account_id) WHERE status = 'pending';
CREATE INDEX identity_check_account ON identity_check (account_id, id);
CREATE INDEX identity_check_status ON identity_check (status, id);

-- One sign-in. Its refresh tokens are numbered; only the one numbered generation is live.
CREATE TABLE session (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES account (id),
    -- Sealed JSON: program and network address of the sign-in.
    device BYTEA NOT NULL,
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
    -- Whether owners, managers and finance staff act with a second factor only.
    members_need_factor BOOLEAN NOT NULL,
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
