package dev.jubilee.server.bus.delivery.relays;

import dev.jubilee.server.bus.delivery.attempts.AttemptStore;
import dev.jubilee.server.bus.delivery.pending.LockOrderContract;
import dev.jubilee.server.database.Database;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

class RelayLockOrderTest extends LockOrderContract {
    @Override
    protected Stream<Named<Ending>> endings() {
        return Stream.of(
                Named.of("fail", (c, s) -> RelayStore.fail(c, s, 6, "fenced", NOW)),
                Named.of(
                        "take",
                        (c, s) -> RelayStore.take(c, s, 8, 10, RelayMemory.MOST, List.of())),
                Named.of("settle", (c, s) -> RelayStore.settle(c, s, 7, NOW)),
                Named.of("undo", (c, s) -> RelayStore.undo(c, s, 6)),
                Named.of("giveUpTaken", (c, s) -> RelayStore.giveUpTaken(c, s, "gone", NOW)));
    }

    @Override
    protected void prepare() {
        AttemptStore.partitions(new Database(platform.dataSource())).ensure(NOW);
    }
}
