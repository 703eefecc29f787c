-- Other ways to sign in than a password: passkeys (WebAuthn).
-- credential (the public key and its counter, as JSON) and name are sealed with the person's key;
-- print is a keyed hash of the id that the authenticator gave it, which it is found by.
CREATE TABLE passkey (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES account (id),
    print BYTEA NOT NULL UNIQUE,
    credential BYTEA NOT NULL,
    name BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    -- The last sign-in with it.
    used_at BIGINT,
    -- When its person was last told that there seems to be a copy of it.
    warned_at BIGINT
);
CREATE INDEX passkey_account ON passkey (account_id, id);

-- What a browser was asked to sign. id is a keyed hash of the challenge in it, state is sealed. The
-- row goes with the first answer, right or wrong.
CREATE TABLE passkey_ceremony (
    id UUID PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('add', 'sign_in', 'second_factor')),
    -- Nobody knows yet who signs in.
    account_id UUID REFERENCES account (id),
    state BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    CHECK ((account_id IS NULL) = (purpose = 'sign_in'))
);
CREATE INDEX passkey_ceremony_account ON passkey_ceremony (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX passkey_ceremony_expiry ON passkey_ceremony (expires_at);

-- An account of a person with an outside OpenID Connect provider that signs them in here. print is a keyed
-- hash of the provider's issuer and its name for the person; address is sealed: the e-mail address that
-- the account had there when it was linked.
CREATE TABLE provider_link (
    id UUID PRIMARY KEY,
    account_id UUID NOT NULL REFERENCES account (id),
    provider TEXT NOT NULL,
    print BYTEA NOT NULL UNIQUE,
    address BYTEA,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    -- Whether the account began with it.
    made_account BOOLEAN NOT NULL
);
CREATE INDEX provider_link_account ON provider_link (account_id, id);

-- A way to a provider and back. id is a keyed hash of the state parameter; state is sealed. account_id:
-- who links, or who has come back and still owes a second factor.
CREATE TABLE provider_visit (
    id UUID PRIMARY KEY,
    provider TEXT NOT NULL,
    account_id UUID REFERENCES account (id),
    state BYTEA NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX provider_visit_account ON provider_visit (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX provider_visit_expiry ON provider_visit (expires_at);
