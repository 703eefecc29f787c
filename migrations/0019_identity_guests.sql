-- Guests: who holds places before they have an account. Nothing personal is known of one. A guest has one
-- session, which is the row. Whoever registers as a guest goes on under the same id as an account.
CREATE TABLE guest (
    id UUID PRIMARY KEY,
    session_id UUID NOT NULL UNIQUE,
    -- Of the refresh token that is live.
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    rotated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- The account that what the guest held went to.
    heir UUID,
    CHECK (heir IS NULL OR ended_at IS NOT NULL)
);
CREATE INDEX guest_expiry ON guest (expires_at);
CREATE INDEX guest_ended ON guest (ended_at) WHERE ended_at IS NOT NULL;

-- Behind the second wall: no organizer's business.
-- postgres:
ALTER TABLE guest ENABLE ROW LEVEL SECURITY;
-- end
