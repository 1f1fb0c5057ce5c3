-- Its end has moved, and what was earned is still to follow: many grants do not follow in one transaction. Each move has an
-- id of its own, so that whoever follows one notices the next.
ALTER TABLE liveops.occurrences ADD COLUMN end_move uuid;
CREATE INDEX occurrences_end_moved ON liveops.occurrences (occurrence_id) WHERE end_move IS NOT NULL;
UPDATE liveops.occurrences SET end_move = gen_random_uuid() WHERE cancelling;

-- A place is one from the moment on at which the ranking is frozen; until then some stand and others do not.
CREATE OR REPLACE VIEW gameplay.event_participants AS
SELECT p.id, p.participation_id, p.event_id, p.occurrence_id, p.user_id, p.participation_type, p.status, p.progress,
       p.rewards_claimed, p.score, p.reached_at,
       CASE WHEN o.frozen_at IS NOT NULL THEN p.final_rank END AS final_rank,
       p.participation_time, p.completion_time, p.created_at, p.user_id AS player_id
  FROM liveops.event_participations p LEFT JOIN liveops.occurrences o ON o.occurrence_id = p.occurrence_id;
