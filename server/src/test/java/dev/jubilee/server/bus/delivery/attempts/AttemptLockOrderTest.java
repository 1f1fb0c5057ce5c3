package dev.jubilee.server.bus.delivery.attempts;

import dev.jubilee.server.bus.delivery.pending.LockOrderContract;
import dev.jubilee.server.bus.subscriptions.DeliveryMethod;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.client.Outcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

class AttemptLockOrderTest extends LockOrderContract {
    @Override
    protected Stream<Named<Ending>> endings() {
        return Stream.of(
                Named.of("record", AttemptLockOrderTest::record),
                Named.of("putBack", AttemptLockOrderTest::putBack));
    }

    @Override
    protected void prepare() {
        AttemptStore.partitions(new Database(platform.dataSource())).ensure(NOW);
    }

    private static void putBack(Connection connection, UUID subscription) throws SQLException {
        Recorder.Entry back = new Recorder.Entry.PutBack(subscription, IDS, () -> {});
        new AttemptStore(AttemptStore.partitions(new Database(platform.dataSource())))
                .write(connection, List.of(back), false);
    }

    private static void record(Connection connection, UUID subscription) throws SQLException {
        Attempt.Try made =
                new Attempt.Try(
                        DeliveryMethod.WEBHOOK,
                        1,
                        new Outcome.Answered(204, "", null, Duration.ZERO),
                        NOW);
        Attempt attempt =
                Attempt.of(
                        UUID.randomUUID(),
                        first(subscription),
                        made,
                        null,
                        new Attempt.End.Delivered());
        new AttemptStore(AttemptStore.partitions(new Database(platform.dataSource())))
                .write(connection, List.of(new Recorder.Entry.Tried(attempt)), false);
    }
}
