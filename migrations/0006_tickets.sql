-- A ticket is one place at one event for one owner. Its generation names the one barcode that
-- is good: a reissue or a transfer raises it.
CREATE TABLE ticket (
    id UUID PRIMARY KEY,
    organizer_id UUID NOT NULL,
    event_id UUID NOT NULL,
    order_id UUID NOT NULL,
    -- Counted from zero in the order's list of places: issuing an order again finds its tickets.
    position BIGINT NOT NULL,
    owner_id UUID NOT NULL,
    -- A seat has all four of these, a general-admission place has the two area columns. The seat's
    -- id is its name in every version of the seat map; its number in the map changes with the map.
    seat TEXT,
    section TEXT,
    row_label TEXT,
    seat_label TEXT,
    area TEXT,
    area_name TEXT,
    level TEXT NOT NULL,
    level_name TEXT NOT NULL,
    ticket_type TEXT NOT NULL,
    face_value_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('issued', 'used', 'refunded', 'revoked')),
    generation BIGINT NOT NULL CHECK (generation >= 1),
    issued_at BIGINT NOT NULL,
    CHECK ((seat IS NULL) = (area IS NOT NULL))
);
CREATE UNIQUE INDEX ticket_order ON ticket (order_id, position);
-- A seat has at most one live ticket.
CREATE UNIQUE INDEX ticket_live_seat ON ticket (event_id, seat)
    WHERE seat IS NOT NULL AND status IN ('issued', 'used');
CREATE INDEX ticket_owner ON ticket (owner_id, id);
CREATE INDEX ticket_event ON ticket (event_id, id);
CREATE INDEX ticket_event_issued ON ticket (event_id, issued_at);

-- Who changed a ticket after it was issued, when and why. Never updated or deleted.
CREATE TABLE ticket_change (
    ticket_id UUID NOT NULL REFERENCES ticket (id),
    -- The ticket's generation after the change.
    generation BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reissued', 'transferred', 'refunded', 'revoked')),
    -- Absent when the system did it.
    changed_by UUID,
    owner_before UUID NOT NULL,
    reason TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (ticket_id, generation, kind)
);
CREATE INDEX ticket_change_at ON ticket_change (changed_at);

-- Every scan that was judged. The barcode itself is not kept: `print` is a hash over the whole scan.
CREATE TABLE ticket_scan (
    organizer_id UUID NOT NULL,
    scan_id TEXT NOT NULL,
    print BYTEA NOT NULL,
    -- Absent when the barcode is none of this organizer's.
    ticket_id UUID REFERENCES ticket (id),
    generation BIGINT,
    gate TEXT NOT NULL,
    finding TEXT NOT NULL CHECK (finding IN ('good', 'revoked', 'wrong_event', 'unknown', 'not_yet_valid', 'expired')),
    scanned_at BIGINT NOT NULL,
    scanned_by UUID NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (organizer_id, scan_id)
);
CREATE INDEX ticket_scan_ticket ON ticket_scan (ticket_id);
CREATE INDEX ticket_scan_received ON ticket_scan (organizer_id, received_at);

-- A ticket admits once: of its good scans the one with the smallest (scanned_at, scan_id).
CREATE TABLE ticket_admission (
    ticket_id UUID PRIMARY KEY REFERENCES ticket (id),
    organizer_id UUID NOT NULL,
    scan_id TEXT NOT NULL,
    gate TEXT NOT NULL,
    scanned_at BIGINT NOT NULL,
    FOREIGN KEY (organizer_id, scan_id) REFERENCES ticket_scan (organizer_id, scan_id)
);
