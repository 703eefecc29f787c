-- One payment per order, moved from state to state by comparing `version`.
CREATE TABLE payment (
    id UUID PRIMARY KEY,
    order_id UUID NOT NULL UNIQUE,
    amount_minor BIGINT NOT NULL CHECK (amount_minor >= 0),
    currency TEXT NOT NULL,
    -- The gateway's token for the card; forgotten once it is of no more use.
    token TEXT,
    state TEXT NOT NULL,
    reference TEXT,
    reason TEXT,
    next_action TEXT,
    captured_minor BIGINT NOT NULL DEFAULT 0,
    -- Claimed by refunds, done or not.
    refunded_minor BIGINT NOT NULL DEFAULT 0,
    version BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK (captured_minor >= 0 AND captured_minor <= amount_minor),
    CHECK (refunded_minor >= 0 AND refunded_minor <= captured_minor)
);

CREATE TABLE refund (
    id UUID PRIMARY KEY,
    payment_id UUID NOT NULL REFERENCES payment (id),
    amount_minor BIGINT NOT NULL CHECK (amount_minor >= 0),
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX refund_payment ON refund (payment_id);

-- The ledger: rows are added, never changed. One movement of money is one entry.
CREATE TABLE ledger_entry (
    id UUID PRIMARY KEY,
    movement TEXT NOT NULL,
    subject UUID NOT NULL,
    lines BIGINT NOT NULL,
    posted_at BIGINT NOT NULL,
    UNIQUE (movement, subject)
);
CREATE TABLE ledger_line (
    entry_id UUID NOT NULL REFERENCES ledger_entry (id),
    line BIGINT NOT NULL,
    account TEXT NOT NULL,
    -- All zero for an account that belongs to nobody else.
    party UUID NOT NULL,
    -- Positive is a debit; the lines of an entry sum to zero per currency.
    amount_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (entry_id, line)
);
CREATE INDEX ledger_line_account ON ledger_line (account, party, currency);

-- sqlite:
CREATE TRIGGER ledger_entry_no_update BEFORE UPDATE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END;
CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry
BEGIN SELECT RAISE(ABORT, 'ledger_entry is append-only'); END;
CREATE TRIGGER ledger_line_no_update BEFORE UPDATE ON ledger_line
BEGIN SELECT RAISE(ABORT, 'ledger_line is append-only'); END;
CREATE TRIGGER ledger_line_no_delete BEFORE DELETE ON ledger_line
BEGIN SELECT RAISE(ABORT, 'ledger_line is append-only'); END;
-- end
-- postgres:
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_line_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_line
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- end

-- The books of the simulated gateway. It is an outside party, so nothing here refers to our rows.
CREATE TABLE simulated_gateway_payment (
    payment_id UUID PRIMARY KEY,
    reference TEXT NOT NULL,
    order_id UUID,
    amount_minor BIGINT NOT NULL,
    currency TEXT,
    token TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    captured_minor BIGINT NOT NULL DEFAULT 0,
    refunded_minor BIGINT NOT NULL DEFAULT 0,
    authorized_at BIGINT
);
CREATE TABLE simulated_gateway_refund (
    refund_id UUID PRIMARY KEY,
    payment_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    state TEXT NOT NULL
);
-- Every time money moved, one row.
CREATE TABLE simulated_gateway_movement (
    id UUID PRIMARY KEY,
    payment_id UUID NOT NULL,
    kind TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX simulated_gateway_movement_payment ON simulated_gateway_movement (payment_id);
-- Which steps already met the time-out their token asks for.
CREATE TABLE simulated_gateway_timeout (
    payment_id UUID NOT NULL,
    step TEXT NOT NULL,
    PRIMARY KEY (payment_id, step)
);
