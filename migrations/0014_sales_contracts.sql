-- How the money of orders is shared. Nothing here is changed: what is agreed anew is another version.
CREATE TABLE partner (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('venue', 'promoter', 'other')),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE contract (
    id UUID PRIMARY KEY,
    organizer_id UUID NOT NULL,
    -- Absent for all events of the organizer.
    event_id UUID,
    -- The event, else the organizer: what versions are counted for.
    scope UUID NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    valid_from BIGINT NOT NULL,
    valid_until BIGINT,
    agreed_at BIGINT NOT NULL,
    UNIQUE (scope, version),
    CHECK (valid_until IS NULL OR valid_until > valid_from)
);
CREATE INDEX contract_organizer ON contract (organizer_id, id);

-- In basis points. Who has none: the organizer has what is left of the face value, the platform of fees.
CREATE TABLE contract_share (
    contract_id UUID NOT NULL REFERENCES contract (id),
    position BIGINT NOT NULL,
    party TEXT NOT NULL CHECK (party IN ('partner', 'organizer', 'platform')),
    partner_id UUID REFERENCES partner (id),
    face_value BIGINT NOT NULL CHECK (face_value BETWEEN 0 AND 10000),
    fee BIGINT NOT NULL CHECK (fee BETWEEN 0 AND 10000),
    PRIMARY KEY (contract_id, position),
    CHECK ((party = 'partner') = (partner_id IS NOT NULL))
);

-- Which contract counts for an order's places at an event; written with the sale of its seats.
CREATE TABLE order_contract (
    order_id UUID NOT NULL REFERENCES sales_order (id),
    event_id UUID NOT NULL,
    contract_id UUID NOT NULL REFERENCES contract (id),
    PRIMARY KEY (order_id, event_id)
);

-- sqlite:
CREATE TRIGGER contract_no_update BEFORE UPDATE ON contract
BEGIN SELECT RAISE(ABORT, 'contract is append-only'); END;
CREATE TRIGGER contract_no_delete BEFORE DELETE ON contract
BEGIN SELECT RAISE(ABORT, 'contract is append-only'); END;
CREATE TRIGGER contract_share_no_update BEFORE UPDATE ON contract_share
BEGIN SELECT RAISE(ABORT, 'contract_share is append-only'); END;
CREATE TRIGGER contract_share_no_delete BEFORE DELETE ON contract_share
BEGIN SELECT RAISE(ABORT, 'contract_share is append-only'); END;
CREATE TRIGGER order_contract_no_update BEFORE UPDATE ON order_contract
BEGIN SELECT RAISE(ABORT, 'order_contract is append-only'); END;
CREATE TRIGGER order_contract_no_delete BEFORE DELETE ON order_contract
BEGIN SELECT RAISE(ABORT, 'order_contract is append-only'); END;
-- end
-- postgres:
CREATE TRIGGER contract_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contract
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER contract_share_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON contract_share
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER order_contract_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_contract
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- end
