-- What waits with high priority is found without going through all that waits. It is little.
CREATE INDEX pending_deliveries_high
    ON bus.pending_deliveries ((CASE WHEN NOT taken AND priority = 0 THEN subscription_id END), id)
    WHERE NOT taken AND priority = 0;

-- Whether anything older of its key waits. Only what waits is in it: what is sent straight away never is.
CREATE INDEX pending_deliveries_keys
    ON bus.pending_deliveries ((CASE WHEN NOT taken THEN subscription_id END), key, id)
    WHERE NOT taken AND key IS NOT NULL;
