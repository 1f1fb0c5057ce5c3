-- A dead letter that is redriven or dropped, or whose subscription is deleted, is copied to the dead-letter topic all the
-- same: what goes before it was copied waits here, whoever deletes it.
CREATE TABLE bus.removed_dead_letters (
    id              uuid         PRIMARY KEY,
    subscription_id uuid         NOT NULL,
    event_id        varchar(100) NOT NULL,
    event_type      varchar(100) NOT NULL,
    topic           varchar(255) NOT NULL,
    key             varchar(255),
    body            bytea        STORAGE EXTERNAL NOT NULL,
    reason          text         NOT NULL,
    accepted_at     timestamptz  NOT NULL
);

CREATE FUNCTION bus.keep_to_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bus.removed_dead_letters (id, subscription_id, event_id, event_type, topic, key, body, reason, accepted_at)
    VALUES (OLD.id, OLD.subscription_id, OLD.event_id, OLD.event_type, OLD.topic, OLD.key, OLD.body, OLD.reason,
        OLD.accepted_at);
    RETURN NULL;
END
$$;

CREATE TRIGGER dead_letters_are_copied AFTER DELETE ON bus.dead_letters
    FOR EACH ROW WHEN (OLD.copy_due) EXECUTE FUNCTION bus.keep_to_copy();
