CREATE TABLE venue (
    id UUID PRIMARY KEY,
    organizer_id UUID NOT NULL,
    name TEXT NOT NULL,
    city TEXT NOT NULL,
    country TEXT NOT NULL,
    address TEXT,
    time_zone TEXT NOT NULL,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX venue_by_organizer ON venue (organizer_id, id);

-- name_key is the name in the form that makes two spellings one performer.
CREATE TABLE performer (
    id UUID PRIMARY KEY,
    organizer_id UUID NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (organizer_id, name_key)
);

-- A row is never updated: a changed map is a new version. levels is JSON: places by level key;
-- body is the JSON that clients get.
CREATE TABLE seat_map (
    id UUID PRIMARY KEY,
    venue_id UUID NOT NULL REFERENCES venue (id),
    version BIGINT NOT NULL,
    name TEXT,
    seats BIGINT NOT NULL,
    capacity BIGINT NOT NULL,
    levels TEXT NOT NULL,
    etag TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    body BYTEA NOT NULL,
    UNIQUE (venue_id, version)
);

-- offer is the JSON of the price levels, ticket types and sale windows, which change together
-- under the event's version. changed_at also moves when the venue or a performer changes.
CREATE TABLE event (
    id UUID PRIMARY KEY,
    organizer_id UUID NOT NULL,
    venue_id UUID NOT NULL REFERENCES venue (id),
    seat_map_id UUID REFERENCES seat_map (id),
    series_id UUID REFERENCES event (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    published_at BIGINT,
    moved_at BIGINT,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT,
    doors_at BIGINT,
    currency TEXT NOT NULL,
    offer TEXT NOT NULL,
    hold_ttl_ms BIGINT NOT NULL,
    seats_per_hold_max BIGINT NOT NULL,
    tickets_per_fan_max BIGINT,
    orphan_policy TEXT NOT NULL,
    refund_window_ms BIGINT NOT NULL,
    capacity BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX event_by_organizer ON event (organizer_id, id);
CREATE INDEX event_by_venue ON event (venue_id);
CREATE INDEX event_by_series ON event (series_id, starts_at);
CREATE INDEX event_by_change ON event (changed_at, id);

CREATE TABLE event_performer (
    event_id UUID NOT NULL REFERENCES event (id),
    position INTEGER NOT NULL,
    performer_id UUID NOT NULL REFERENCES performer (id),
    PRIMARY KEY (event_id, position),
    UNIQUE (event_id, performer_id)
);
CREATE INDEX event_performer_by_performer ON event_performer (performer_id);

-- What an organizer's imported things are called where they came from.
CREATE TABLE external_id (
    organizer_id UUID NOT NULL,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    external_id TEXT NOT NULL,
    local_id UUID NOT NULL,
    PRIMARY KEY (organizer_id, source, kind, external_id)
);
