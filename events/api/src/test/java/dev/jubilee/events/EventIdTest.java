package dev.jubilee.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class EventIdTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

    @Test
    void growsWithinOneMillisecondAndSaysWhenItWasMade() {
        EventId ids = new EventId(InstantSource.fixed(NOON));
        UUID previous = ids.next();
        for (int i = 0; i < 10_000; i++) {
            UUID next = ids.next();
            assertThat(next.toString()).isGreaterThan(previous.toString());
            previous = next;
        }
        assertThat(EventId.timeOf(previous)).isBetween(NOON, NOON.plusMillis(3));
        assertThat(previous.version()).isEqualTo(7);
        assertThat(previous.variant()).isEqualTo(2);
    }

    @Test
    void derivesTheSameIdFromTheSamePartsOnly() {
        UUID id = EventId.derived("principal", "key", "0");

        assertThat(id).isEqualTo(EventId.derived("principal", "key", "0"));
        assertThat(id).isNotEqualTo(EventId.derived("principalkey", "", "0"));
        assertThat(id).isNotEqualTo(EventId.derived("principal", "key", "1"));
        assertThat(id.version()).isEqualTo(8);
        assertThat(id.variant()).isEqualTo(2);
    }

    @Test
    void givesTheItemsOfAWholeIdsNextToItsOwn() {
        UUID whole = new EventId(() -> NOON).next();

        Set<UUID> items = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            UUID item = EventId.ofItem(whole, i);
            items.add(item);
            assertThat(item).isEqualTo(EventId.ofItem(whole, i));
            assertThat(item.toString()).startsWith(whole.toString().substring(0, 19));
            assertThat(EventId.timeOf(item)).isEqualTo(EventId.timeOf(whole));
            assertThat(item.variant()).isEqualTo(2);
        }
        assertThat(items).hasSize(1_000);
    }

    @Test
    void makesIdsOfAMillisecondThatWasGiven() {
        UUID id = EventId.at(NOON.plusNanos(999_999));

        assertThat(EventId.timeOf(id)).isEqualTo(NOON);
        assertThat(id.variant()).isEqualTo(2);
        assertThat(EventId.at(NOON)).isNotEqualTo(EventId.at(NOON));
    }

    @Test
    void knowsNoTimeOfADerivedId() {
        assertThatThrownBy(() -> EventId.timeOf(EventId.derived("a")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("version 8");
    }
}
