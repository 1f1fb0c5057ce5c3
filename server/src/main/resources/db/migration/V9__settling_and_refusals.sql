-- How far each instance has settled: everything that it accepted before this moment is in Kafka or has failed, and it will
-- accept nothing any more that counts as from before. An occurrence that ends waits for those whose lease runs.
CREATE TABLE bus.instances (
    instance_id     uuid        PRIMARY KEY,
    settled_through timestamptz NOT NULL, -- by the clock that sets accepted_at
    lease_until     timestamptz NOT NULL  -- by PostgreSQL's own clock
) WITH (fillfactor = 50);
