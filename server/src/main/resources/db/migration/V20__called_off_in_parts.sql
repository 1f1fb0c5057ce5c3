-- It was called off, and some who took part are still to be taken out: many are not taken out in one transaction.
ALTER TABLE liveops.occurrences ADD COLUMN cancelling boolean NOT NULL DEFAULT false;
CREATE INDEX occurrences_cancelling ON liveops.occurrences (occurrence_id) WHERE cancelling;
