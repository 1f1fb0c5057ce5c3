-- Joins and claims come many to a statement. A trigger for each statement instead of each row counts them in one go.

CREATE OR REPLACE FUNCTION liveops.carry_participants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE liveops.events e SET current_participants = c.current_participants
      FROM changed c
     WHERE e.event_id = c.event_id AND e.current_participants <> c.current_participants
       AND NOT EXISTS (SELECT FROM liveops.occurrences o WHERE o.event_id = c.event_id AND o.number > c.number);
    RETURN NULL;
END $$;
DROP TRIGGER occurrences_carry_participants ON liveops.occurrences;
CREATE TRIGGER occurrences_carry_participants AFTER UPDATE ON liveops.occurrences
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION liveops.carry_participants();

CREATE OR REPLACE FUNCTION liveops.carry_claims() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE liveops.event_rewards r SET current_claims = r.current_claims + c.more
      FROM (SELECT n.event_id, n.reward_id, sum(n.current_claims - o.current_claims) AS more
              FROM changed n JOIN earlier o USING (occurrence_id, reward_id)
             GROUP BY n.event_id, n.reward_id) c
     WHERE r.event_id = c.event_id AND r.reward_id = c.reward_id AND c.more <> 0;
    RETURN NULL;
END $$;
DROP TRIGGER occurrence_rewards_carry_claims ON liveops.occurrence_rewards;
CREATE TRIGGER occurrence_rewards_carry_claims AFTER UPDATE ON liveops.occurrence_rewards
    REFERENCING OLD TABLE AS earlier NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION liveops.carry_claims();

-- A claim is noted on the participation, and progress is written to it, again and again.
ALTER TABLE liveops.event_participations SET (fillfactor = 50);

-- Each grant is claimed once, those of a page at about the same time: with room for that no index is written again.
ALTER TABLE liveops.grants SET (fillfactor = 50);
