-- What a stream that is not acknowledged was sent, and gave back when it ended: over which stream, and where in its order.
-- The client that comes back names the last event that it has, and with it those that came before on the same stream.
ALTER TABLE bus.pending_deliveries
    ADD COLUMN stream       bigint,
    ADD COLUMN stream_place integer;
CREATE INDEX pending_deliveries_stream ON bus.pending_deliveries (subscription_id, stream) WHERE stream IS NOT NULL;
