-- For whom places are kept off sale. That they are is the seat engine's to say: rows follow what it did.
CREATE TABLE seat_block (
    id UUID PRIMARY KEY,
    event_id UUID NOT NULL,
    organizer_id UUID NOT NULL,
    holder TEXT,
    note TEXT,
    -- Of an area: how many of its places, and how many once the engine has done what it is being asked for.
    area_id TEXT,
    places BIGINT NOT NULL DEFAULT 0 CHECK (places >= 0),
    wanted BIGINT NOT NULL DEFAULT 0 CHECK (wanted >= 0),
    blocked_by UUID NOT NULL,
    blocked_at BIGINT NOT NULL,
    CHECK (area_id IS NOT NULL OR (places = 0 AND wanted = 0))
);
CREATE INDEX seat_block_event ON seat_block (event_id, id);

CREATE TABLE seat_block_seat (
    event_id UUID NOT NULL,
    seat_id TEXT NOT NULL,
    block_id UUID NOT NULL REFERENCES seat_block (id),
    PRIMARY KEY (event_id, seat_id)
);
CREATE INDEX seat_block_seat_block ON seat_block_seat (block_id);

-- Whose block the change is about, if it is.
ALTER TABLE seat_change ADD COLUMN block_id UUID;

-- postgres:
ALTER TABLE seat_block ENABLE ROW LEVEL SECURITY;
ALTER TABLE seat_block_seat ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_select ON seat_block FOR SELECT USING (organizer_id = (SELECT tenant()));
CREATE POLICY tenant_insert ON seat_block FOR INSERT WITH CHECK (organizer_id = (SELECT tenant()));
CREATE POLICY tenant_update ON seat_block FOR UPDATE
    USING (organizer_id = (SELECT tenant())) WITH CHECK (organizer_id = (SELECT tenant()));
CREATE POLICY tenant_delete ON seat_block FOR DELETE USING (organizer_id = (SELECT tenant()));
CREATE POLICY tenant_select ON seat_block_seat FOR SELECT
    USING (EXISTS (SELECT 1 FROM event e WHERE e.id = seat_block_seat.event_id));
CREATE POLICY tenant_insert ON seat_block_seat FOR INSERT
    WITH CHECK (EXISTS (SELECT 1 FROM event e WHERE e.id = seat_block_seat.event_id));
CREATE POLICY tenant_delete ON seat_block_seat FOR DELETE
    USING (EXISTS (SELECT 1 FROM event e WHERE e.id = seat_block_seat.event_id));
-- Who bought of a tenant, or has a ticket of theirs, is somebody they may look for.
CREATE POLICY tenant_select_buyers ON account FOR SELECT
    USING (EXISTS (SELECT 1 FROM ticket t WHERE t.owner_id = account.id)
        OR EXISTS (SELECT 1 FROM sales_order o WHERE o.fan_id = account.id));
-- end
