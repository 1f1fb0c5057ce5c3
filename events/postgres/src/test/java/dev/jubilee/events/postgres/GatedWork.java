package dev.jubilee.events.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;

/** Remembers its batches, and runs each only when let. */
final class GatedWork implements BatchWork<Long, Long> {
    final List<List<Long>> batches = Collections.synchronizedList(new ArrayList<>());
    final Semaphore begun = new Semaphore(0);
    final Semaphore let = new Semaphore(0);

    @Override
    public List<Long> execute(Connection connection, List<Long> items) throws SQLException {
        batches.add(List.copyOf(items));
        begun.release();
        let.acquireUninterruptibly();
        return Lanes.write(connection, items);
    }

    /** From now on nothing is held back. */
    void open() {
        let.release(1_000_000);
    }
}
