package dev.jubilee.server.bus.stats;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.database.Database;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

class RecentActivityTest {
    @Test
    void aDefectDoesNotEndTheStatistics() {
        AtomicInteger tries = new AtomicInteger();
        DataSource broken =
                (DataSource)
                        Proxy.newProxyInstance(
                                DataSource.class.getClassLoader(),
                                new Class<?>[] {DataSource.class},
                                (pool, method, given) -> {
                                    tries.incrementAndGet();
                                    throw new IllegalStateException("a defect");
                                });
        try (RecentActivity recent =
                new RecentActivity(new Database(broken), new Activity(), InstantSource.system())) {
            recent.start(Duration.ofMillis(1));

            Await.until("it is tried once more", () -> tries.get() > 2);
        }
    }
}
