-- Taking what waits reads this index and nothing else. With the plain column the primary key gave the same order at, by stale
-- statistics, the same cost, and was read past everything that is leased. A statement that names the expression has no choice.
DROP INDEX bus.pending_deliveries_waiting;
CREATE INDEX pending_deliveries_waiting ON bus.pending_deliveries ((CASE WHEN NOT taken THEN subscription_id END), id)
    WHERE NOT taken;

-- What was tried or leased before, by when it is due: leases that ended are found without looking at those that did not.
-- What is sent straight away and arrives is not in it.
CREATE INDEX pending_deliveries_tried ON bus.pending_deliveries ((CASE WHEN attempts > 0 THEN subscription_id END), due_at)
    WHERE attempts > 0;
