package dev.jubilee.server.bus.delivery.pending;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;

class PendingLockOrderTest extends LockOrderContract {
    @Override
    protected Stream<Named<Ending>> endings() {
        return Stream.of(Named.of("leave", (c, s) -> PendingStore.leave(c, List.of(first(s)))));
    }

    /**
     * Whoever deletes one counts the version up first. Else what is routed to it meanwhile would be
     * owed to nobody, for ever.
     */
    @Test
    void whoDeletesASubscriptionWaitsUntilWhatIsRoutedToItIsWritten() throws Exception {
        UUID instance = UUID.randomUUID();
        try (Connection routing = platform.connection();
                Connection other = platform.connection()) {
            execute(
                    routing,
                    "INSERT INTO bus.delivery_instances VALUES ('" + instance + "', 'infinity')");
            routing.setAutoCommit(false);
            assertThat(PendingStore.head(routing, instance)).isPresent();
            int pid = pid(other);
            CompletableFuture<Void> deleted = CompletableFuture.runAsync(() -> countUp(other));
            Await.untilAsserted("it waits", () -> assertThat(waits(pid)).isTrue());

            routing.commit();
            deleted.get(2, TimeUnit.MINUTES);
        }
    }

    private static void countUp(Connection connection) {
        try {
            execute(connection, "UPDATE bus.subscription_version SET version = version + 1");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
