package dev.jubilee.server.bus.delivery.streams;

import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.bus.delivery.pending.LockOrderContract;
import dev.jubilee.server.database.Database;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

class StreamLockOrderTest extends LockOrderContract {
    @Override
    protected Stream<Named<Ending>> endings() {
        return Stream.of(
                Named.of(
                        "ackUpTo",
                        (c, s) -> StreamStore.ackUpTo(c, s, new StreamEventId(3, 1L), IDS, NOW)));
    }

    @Override
    protected void prepare() {
        AttemptStore.partitions(new Database(platform.dataSource())).ensure(NOW);
    }
}
