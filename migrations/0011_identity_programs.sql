-- Programs: clients that an organizer registered (OAuth 2.1), what they were let do, and API keys.
-- Secrets, codes and keys are 256 random bits and stored as SHA-256 alone. Scopes and grant types
-- are their names with spaces between.
CREATE TABLE oauth_client (
    id UUID PRIMARY KEY,
    organizer_id UUID NOT NULL REFERENCES organizer (id),
    name TEXT NOT NULL,
    -- JSON list.
    redirect_uris TEXT NOT NULL,
    grant_types TEXT NOT NULL,
    scopes TEXT NOT NULL,
    -- Nothing for a public client, which cannot keep one.
    secret BYTEA,
    -- The one before, good until then, so that a secret can be changed without a gap.
    previous_secret BYTEA,
    previous_until BIGINT,
    created_by UUID NOT NULL,
    created_at BIGINT NOT NULL,
    -- When staff of the platform vouched for it.
    approved_at BIGINT,
    revoked_at BIGINT,
    CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    CHECK (previous_secret IS NULL OR secret IS NOT NULL)
);
CREATE INDEX oauth_client_organizer ON oauth_client (organizer_id, id);
CREATE INDEX oauth_client_pending ON oauth_client (id) WHERE approved_at IS NULL AND revoked_at IS NULL;
CREATE INDEX oauth_client_revoked ON oauth_client (revoked_at) WHERE revoked_at IS NOT NULL;

-- What a client was let do: by a person, or for its organizer when account_id is absent. Its refresh
-- tokens are numbered; only the one numbered generation is live.
CREATE TABLE oauth_grant (
    id UUID PRIMARY KEY,
    client_id UUID NOT NULL REFERENCES oauth_client (id),
    account_id UUID REFERENCES account (id),
    scopes TEXT NOT NULL,
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX oauth_grant_client ON oauth_grant (client_id);
CREATE INDEX oauth_grant_account ON oauth_grant (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX oauth_grant_expiry ON oauth_grant (expires_at);
CREATE INDEX oauth_grant_revoked ON oauth_grant (revoked_at) WHERE revoked_at IS NOT NULL;

-- An authorization code: a person's word that a client may have a grant. Kept after its use, to tell
-- when it comes back.
CREATE TABLE oauth_code (
    code BYTEA PRIMARY KEY,
    client_id UUID NOT NULL REFERENCES oauth_client (id),
    account_id UUID NOT NULL REFERENCES account (id),
    redirect_uri TEXT NOT NULL,
    -- SHA-256 of the verifier that only the client knows.
    challenge BYTEA NOT NULL,
    scopes TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- What it was exchanged for.
    grant_id UUID REFERENCES oauth_grant (id)
);
CREATE INDEX oauth_code_account ON oauth_code (account_id);
CREATE INDEX oauth_code_grant ON oauth_code (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX oauth_code_client ON oauth_code (client_id);
CREATE INDEX oauth_code_expiry ON oauth_code (expires_at);

CREATE TABLE api_key (
    id UUID PRIMARY KEY,
    organizer_id UUID NOT NULL REFERENCES organizer (id),
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    -- Its first letters, for people to tell it by.
    hint TEXT NOT NULL,
    secret BYTEA NOT NULL UNIQUE,
    previous_secret BYTEA UNIQUE,
    previous_until BIGINT,
    -- Start of the day, in UTC, that it was last used on.
    used_on BIGINT,
    created_by UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    CHECK ((previous_secret IS NULL) = (previous_until IS NULL))
);
CREATE INDEX api_key_organizer ON api_key (organizer_id, id);
CREATE INDEX api_key_revoked ON api_key (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX api_key_expiry ON api_key (expires_at) WHERE expires_at IS NOT NULL;
