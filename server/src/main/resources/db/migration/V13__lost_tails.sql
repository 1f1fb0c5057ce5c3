-- The leader epoch of the log in which a position was reached: by that it is noticed that Kafka lost the end of a log and
-- wrote it anew. It counts while epoch_offset is next_offset; who moves a position without an epoch makes it unknown.
ALTER TABLE platform.consumer_offsets
    ADD COLUMN leader_epoch integer,
    ADD COLUMN epoch_offset bigint;

-- Where a log was cut, and in a topic that was made again, an offset comes a second time with another event.
ALTER TABLE platform.parked_events
    DROP CONSTRAINT parked_events_pkey,
    ADD PRIMARY KEY (consumer_group, topic, partition, record_offset, parked_at);
