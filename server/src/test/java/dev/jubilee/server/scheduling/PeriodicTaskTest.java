package dev.jubilee.server.scheduling;

import dev.jubilee.events.tck.Await;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PeriodicTaskTest {
    @Test
    void itIsDoneAgainWhateverItThrows() {
        AtomicInteger times = new AtomicInteger();
        try (ScheduledExecutorService schedule = Executors.newSingleThreadScheduledExecutor()) {
            PeriodicTask.named(
                            "it",
                            () -> {
                                if (times.incrementAndGet() == 1) {
                                    throw new IllegalStateException("once");
                                }
                                throw new NoClassDefFoundError("and again");
                            })
                    .repeat(schedule, Duration.ZERO, Duration.ofMillis(1));

            Await.until("it is done once more", () -> times.get() > 2);
            schedule.shutdownNow();
        }
    }
}
