CREATE TABLE sales_order (
    id UUID PRIMARY KEY,
    fan_id UUID NOT NULL,
    payment_id UUID NOT NULL UNIQUE,
    transaction_id TEXT NOT NULL UNIQUE,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Why it was declined, lapsed or cancelled.
    reason TEXT,
    -- Where the buyer completes the payment, and until when.
    next_action TEXT,
    buyer_until BIGINT,
    -- Goes up by one with every transition.
    version BIGINT NOT NULL,
    -- Sealed JSON.
    attendee BYTEA,
    placed_at BIGINT NOT NULL,
    state_at BIGINT NOT NULL
);
CREATE INDEX sales_order_fan ON sales_order (fan_id, id);

CREATE TABLE order_hold (
    order_id UUID NOT NULL REFERENCES sales_order (id),
    position BIGINT NOT NULL,
    hold_id UUID NOT NULL,
    event_id UUID NOT NULL,
    organizer_id UUID NOT NULL,
    -- False once the order ended without a sale, so that another order may use the hold.
    claimed BOOLEAN NOT NULL,
    PRIMARY KEY (order_id, position)
);
CREATE UNIQUE INDEX order_hold_claim ON order_hold (hold_id) WHERE claimed;
CREATE INDEX order_hold_hold ON order_hold (hold_id, order_id);
CREATE INDEX order_hold_event ON order_hold (event_id, order_id);
CREATE INDEX order_hold_organizer ON order_hold (organizer_id, order_id);
CREATE INDEX order_hold_organizer_event ON order_hold (organizer_id, event_id, order_id);

-- One person's place; a seat or a place in an area.
CREATE TABLE order_place (
    order_id UUID NOT NULL REFERENCES sales_order (id),
    position BIGINT NOT NULL,
    hold_position BIGINT NOT NULL,
    seat_id TEXT,
    area_id TEXT,
    -- Name of the section, or of the area.
    section TEXT NOT NULL,
    row_label TEXT,
    seat_label TEXT,
    level TEXT NOT NULL,
    level_name TEXT NOT NULL,
    ticket_type TEXT NOT NULL,
    -- Claimed once: a place is refunded at most once.
    refund_id UUID,
    PRIMARY KEY (order_id, position),
    CHECK ((seat_id IS NULL) <> (area_id IS NULL))
);

CREATE TABLE order_line (
    order_id UUID NOT NULL REFERENCES sales_order (id),
    position BIGINT NOT NULL,
    place BIGINT NOT NULL,
    kind TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    -- Whether a fan who cancels gets it back.
    refundable BOOLEAN NOT NULL,
    description TEXT NOT NULL,
    PRIMARY KEY (order_id, position)
);

CREATE TABLE order_refund (
    id UUID PRIMARY KEY,
    order_id UUID NOT NULL REFERENCES sales_order (id),
    amount_minor BIGINT NOT NULL,
    cause TEXT NOT NULL,
    -- The member of staff who asked, and why.
    requested_by UUID,
    note TEXT,
    state TEXT NOT NULL,
    -- Why the gateway refused.
    refusal TEXT,
    requested_at BIGINT NOT NULL,
    state_at BIGINT NOT NULL
);
CREATE INDEX order_refund_order ON order_refund (order_id);
-- Somebody must look at these.
CREATE INDEX order_refund_refused ON order_refund (order_id) WHERE state = 'refused';

-- Which places a refund is for. A refusal of the gateway frees the places, and this stays.
CREATE TABLE order_refund_place (
    refund_id UUID NOT NULL REFERENCES order_refund (id),
    position BIGINT NOT NULL,
    PRIMARY KEY (refund_id, position)
);

-- How many people an area of an event takes, where it is not what the seat map says.
CREATE TABLE area_capacity (
    event_id UUID NOT NULL,
    area_id TEXT NOT NULL,
    capacity BIGINT NOT NULL,
    PRIMARY KEY (event_id, area_id)
);

-- A change of an event's seats that the seat engine is being asked for.
CREATE TABLE seat_change (
    event_id UUID PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('map', 'capacity', 'block', 'unblock', 'block_area')),
    seat_map_id UUID,
    area_id TEXT,
    -- Of an area: how many people it takes, or how many of its places are blocked.
    places BIGINT,
    -- A list of seat ids, as JSON.
    seats TEXT,
    CHECK ((kind = 'map') = (seat_map_id IS NOT NULL)),
    CHECK ((kind IN ('capacity', 'block_area')) = (area_id IS NOT NULL)),
    CHECK ((area_id IS NULL) = (places IS NULL)),
    CHECK ((kind IN ('block', 'unblock')) = (seats IS NOT NULL))
);

-- What the operator adds to every ticket of an organizer or an event; the event's own rule comes
-- first.
CREATE TABLE fee_rule (
    scope UUID PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('organizer', 'event')),
    basis_points BIGINT NOT NULL,
    per_ticket_minor BIGINT NOT NULL,
    refundable BOOLEAN NOT NULL
);
