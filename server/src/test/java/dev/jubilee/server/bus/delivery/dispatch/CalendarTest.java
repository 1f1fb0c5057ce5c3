package dev.jubilee.server.bus.delivery.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.delivery.TestSubscriptions;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class CalendarTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final Instant FAR = NOW.plusSeconds(3_600);

    private final Calendar calendar = new Calendar();
    private final Outlet outlet = OutletTest.outlet(TestSubscriptions.batching(0));
    private final UUID id = outlet.subscription().id();
    private final Map<UUID, Outlet> open = Map.of(id, outlet);

    @Test
    void whatIsToBeLookedAtSoonerIsNotLookedAtTwice() {
        for (int i = 0; i < 100; i++) {
            Instant now = NOW.plusSeconds(i);
            calendar.schedule(outlet, FAR);
            calendar.schedule(outlet, now.plusMillis(100));
            assertThat(calendar.size()).isEqualTo(1);
            assertThat(calendar.due(now.plusMillis(100), open)).containsExactly(id);
        }
        assertThat(calendar.isEmpty()).isTrue();
    }

    @Test
    void whatIsLaterThanWhatIsAlreadyWaitedForChangesNothing() {
        calendar.schedule(outlet, NOW);
        calendar.schedule(outlet, FAR);

        assertThat(calendar.due(NOW, open)).containsExactly(id);
        assertThat(calendar.due(FAR, open)).isEmpty();
        calendar.schedule(outlet, FAR);
        assertThat(calendar.due(FAR, open)).containsExactly(id);
    }
}
