-- Barcodes that change with time: an event may take nothing else at its doors.
ALTER TABLE event ADD COLUMN barcodes TEXT NOT NULL DEFAULT 'any' CHECK (barcodes IN ('any', 'live'));
