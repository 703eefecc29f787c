-- The audit log: per chain (an organizer's id, or all zero for the platform) entries numbered from 1
-- without a gap, each with the hash over the one before and all of its own columns.
CREATE TABLE audit_entry (
    chain UUID NOT NULL,
    id UUID NOT NULL,
    seq BIGINT NOT NULL CHECK (seq > 0),
    -- Never before the entry before.
    at BIGINT NOT NULL,
    actor TEXT NOT NULL CHECK (actor IN ('nobody', 'user', 'client', 'api_key', 'operator', 'system')),
    actor_id UUID,
    action TEXT NOT NULL,
    -- The id of what was acted on, or another word for it. Nothing personal.
    subject TEXT NOT NULL,
    result TEXT NOT NULL CHECK (result IN ('done', 'denied', 'failed')),
    -- The person whose data are in the detail.
    about UUID,
    request UUID,
    -- Sealed JSON: network address, user agent and by which client; before and after.
    origin BYTEA,
    detail BYTEA,
    hash BYTEA NOT NULL,
    PRIMARY KEY (chain, seq),
    CHECK ((actor IN ('user', 'client', 'api_key')) = (actor_id IS NOT NULL))
);
CREATE UNIQUE INDEX audit_entry_id ON audit_entry (id);
CREATE INDEX audit_entry_actor ON audit_entry (chain, actor_id, seq) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_entry_subject ON audit_entry (chain, subject, seq);
CREATE INDEX audit_entry_action ON audit_entry (chain, action, seq);
CREATE INDEX audit_entry_at ON audit_entry (chain, at);

-- Entries of transactions that are done, on their way into their chain.
CREATE TABLE audit_waiting (
    -- In the order in which they were written.
-- sqlite:
    nth INTEGER PRIMARY KEY,
-- end
-- postgres:
    nth BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
-- end
    id UUID NOT NULL,
    chain UUID NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    actor_id UUID,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    result TEXT NOT NULL,
    about UUID,
    request UUID,
    origin BYTEA,
    detail BYTEA
);
CREATE INDEX audit_waiting_order ON audit_waiting (chain, nth);

-- The last entry of each chain; whoever links has its row locked until the commit.
CREATE TABLE audit_head (
    chain UUID PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    -- Up to which entry there is a checkpoint.
    checkpointed BIGINT NOT NULL
);
CREATE INDEX audit_head_moved ON audit_head (chain) WHERE seq > checkpointed;

-- Signed states of a chain.
CREATE TABLE audit_checkpoint (
    chain UUID NOT NULL,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    at BIGINT NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (chain, seq)
);

-- sqlite:
CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END;
CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
BEGIN SELECT RAISE(ABORT, 'audit_entry is append-only'); END;
CREATE TRIGGER audit_checkpoint_no_update BEFORE UPDATE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit_checkpoint is append-only'); END;
CREATE TRIGGER audit_checkpoint_no_delete BEFORE DELETE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit_checkpoint is append-only'); END;
-- end
-- postgres:
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_checkpoint_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- end
