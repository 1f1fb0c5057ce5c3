-- What is owed to a subscription whose events are written to a topic is taken in numbered batches; the number is
-- committed to Kafka with the events, which tells afterwards whether they were written.
ALTER TABLE bus.pending_deliveries ADD COLUMN batch bigint;
CREATE INDEX pending_deliveries_batch ON bus.pending_deliveries (subscription_id, batch) WHERE batch IS NOT NULL;

-- On whose behalf it is delivered; NULL: made before this was kept, and not restricted.
ALTER TABLE bus.event_subscriptions
    ADD COLUMN owner_id   varchar(255),
    ADD COLUMN owner_role varchar(20);

-- Where a replay reads, and, from Kafka, how far each partition is.
ALTER TABLE bus.replays
    ADD COLUMN source    varchar(10) NOT NULL DEFAULT 'store' CHECK (source IN ('kafka', 'store')),
    ADD COLUMN positions jsonb;
