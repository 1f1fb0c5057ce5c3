package dev.jubilee.server.bus.delivery.leases;

import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.bus.delivery.pending.LockOrderContract;
import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

class LeaseLockOrderTest extends LockOrderContract {
    private static final Pauses NO_PAUSE = Pauses.of(Duration.ZERO);
    private static final List<Lease> LEASES = IDS.stream().map(id -> new Lease(id, NOW)).toList();

    @Override
    protected Stream<Named<Ending>> endings() {
        return Stream.of(
                Named.of("lease", LeaseLockOrderTest::lease),
                Named.of("ack", (c, s) -> LeaseStore.ack(c, s, IDS, NOW)),
                Named.of("nack", (c, s) -> FailedLeases.nack(c, s, IDS, 3, NO_PAUSE, NOW)),
                Named.of("nackDead", (c, s) -> FailedLeases.nackDead(c, s, IDS, 0, NOW)),
                Named.of("giveUp", (c, s) -> FailedLeases.giveUp(c, s, 10, 0, NOW)),
                Named.of("expire", (c, s) -> FailedLeases.expire(c, s, 10, NO_PAUSE, "late", NOW)),
                Named.of("release", (c, s) -> LeaseStore.release(c, s, LEASES, NOW, 1L)));
    }

    @Override
    protected void prepare() {
        AttemptStore.partitions(new Database(platform.dataSource())).ensure(NOW);
    }

    private static void lease(Connection connection, UUID subscription) throws SQLException {
        var most = LeaseStore.Most.of(10, 1_000);
        LeaseStore.lease(connection, subscription, List.of(), most, 3, NOW, NOW);
    }
}
