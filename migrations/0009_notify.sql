-- Messages on their way out; a row is gone once its message was handed over, or is of no use any
-- more. content is sealed JSON (address, subject, text), because it may hold a code.
CREATE TABLE message (
    id UUID PRIMARY KEY,
    person_id UUID NOT NULL,
    content BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    -- From then on it is of no use: its code is no longer good, its news is old.
    expires_at BIGINT NOT NULL
);
CREATE INDEX message_person ON message (person_id);
