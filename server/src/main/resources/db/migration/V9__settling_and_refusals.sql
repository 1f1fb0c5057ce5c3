-- How far each instance has settled: everything that it accepted before this moment is in Kafka or has failed, and it will
-- accept nothing any more that counts as from before. An occurrence that ends waits for those whose lease runs.
CREATE TABLE bus.instances (
    instance_id     uuid        PRIMARY KEY,
    settled_through timestamptz NOT NULL, -- by the clock that sets accepted_at
    lease_until     timestamptz NOT NULL  -- by PostgreSQL's own clock
) WITH (fillfactor = 50);

-- Events of the outbox that the bus will never take, with the reason: set aside, so that those behind them go on.
CREATE TABLE platform.outbox_refused (
    batch_id   uuid        NOT NULL,
    position   integer     NOT NULL, -- in its batch, from 0; with the batch's id it gives the event's
    topic      text        NOT NULL,
    event      json        NOT NULL, -- {type, key, time, causation_id, data}
    reason     text        NOT NULL,
    refused_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, position)
);
