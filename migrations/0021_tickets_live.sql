-- One more finding about a scan: a barcode that was not live.
-- postgres:
ALTER TABLE ticket_scan DROP CONSTRAINT ticket_scan_finding_check;
ALTER TABLE ticket_scan ADD CONSTRAINT ticket_scan_finding_check CHECK
    (finding IN ('good', 'revoked', 'wrong_event', 'not_live', 'unknown', 'not_yet_valid', 'expired'));
-- end
-- sqlite:
-- A condition of a table stays as long as the table.
ALTER TABLE ticket_admission RENAME TO ticket_admission_before;
ALTER TABLE ticket_scan RENAME TO ticket_scan_before;
CREATE TABLE ticket_scan (
    organizer_id UUID NOT NULL,
    scan_id TEXT NOT NULL,
    print BYTEA NOT NULL,
    ticket_id UUID REFERENCES ticket (id),
    generation BIGINT,
    gate TEXT NOT NULL,
    finding TEXT NOT NULL CHECK
        (finding IN ('good', 'revoked', 'wrong_event', 'not_live', 'unknown', 'not_yet_valid', 'expired')),
    scanned_at BIGINT NOT NULL,
    scanned_by UUID NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (organizer_id, scan_id)
);
CREATE TABLE ticket_admission (
    ticket_id UUID PRIMARY KEY REFERENCES ticket (id),
    organizer_id UUID NOT NULL,
    scan_id TEXT NOT NULL,
    gate TEXT NOT NULL,
    scanned_at BIGINT NOT NULL,
    FOREIGN KEY (organizer_id, scan_id) REFERENCES ticket_scan (organizer_id, scan_id)
);
INSERT INTO ticket_scan
    SELECT organizer_id, scan_id, print, ticket_id, generation, gate, finding, scanned_at, scanned_by, received_at
      FROM ticket_scan_before;
INSERT INTO ticket_admission
    SELECT ticket_id, organizer_id, scan_id, gate, scanned_at FROM ticket_admission_before;
DROP TABLE ticket_admission_before;
DROP TABLE ticket_scan_before;
CREATE INDEX ticket_scan_ticket ON ticket_scan (ticket_id);
CREATE INDEX ticket_scan_received ON ticket_scan (organizer_id, received_at);
-- end
