package dev.jubilee.server.bus.subscriptions;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Envelope;
import dev.jubilee.server.bus.filters.FilterEvent;
import dev.jubilee.server.bus.subscriptions.Subscription.Batching;
import dev.jubilee.server.bus.subscriptions.Subscription.Ordering;
import dev.jubilee.server.bus.subscriptions.Subscription.State;
import dev.jubilee.server.bus.subscriptions.Subscription.Status;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SubscriptionIndexTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final int EVENTS = 20_000;

    /** What else the machine does takes no time of a thread. */
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    @Test
    void anEventFindsWhomItIsForAndNobodyElse() {
        Subscription all = subscription("*", List.of(), null);
        Subscription kills = subscription("game.*", List.of("game.kill"), null);
        Subscription bows = subscription("game.#", List.of(), "{\"data\":{\"weapon\":[\"bow\"]}}");
        Subscription other = subscription("audit.*", List.of(), null);
        SubscriptionIndex index = new SubscriptionIndex(2, List.of(all, kills, bows, other));

        assertThat(match(index, "game.events", event("game.kill", "bow")))
                .containsExactlyInAnyOrder(all.id(), kills.id(), bows.id());
        assertThat(match(index, "game.events", event("game.death", "axe")))
                .containsExactly(all.id());
        assertThat(match(index, "audit.log", event("audit.login", "bow")))
                .containsExactlyInAnyOrder(all.id(), other.id());
        assertThat(index.mayWant("game.events", "game.kill")).isTrue();
        assertThat(new SubscriptionIndex(3, List.of(other)).mayWant("game.events", "game.kill"))
                .isFalse();
        assertThat(new SubscriptionIndex(3, List.of(other)).wants("game.events")).isFalse();
    }

    @Test
    void whatIsRememberedIsBoundedByTheLengthOfWhatAnybodyMadeUp() {
        SubscriptionIndex index =
                new SubscriptionIndex(1, List.of(subscription("*", List.of(), null)));
        String odd = "x".repeat(10_000);
        long longest = 0;
        for (int i = 0; i < 2_000; i++) {
            assertThat(index.mayWant("game.events", odd + i)).isTrue();
            longest = Math.max(longest, index.remembered() * 20_000L);
        }
        assertThat(longest).isBetween(1L << 20, 8L << 20);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1e400",
                "-1e400",
                "1e999999999",
                "1e-999999999",
                "12345678901234567890e300"
            })
    void aNumberBeyondAllBoundsKeepsAnEventFromNobody(String number) {
        Subscription all = subscription("*", List.of(), null);
        Subscription bows = subscription("*", List.of(), "{\"data\":{\"weapon\":[\"bow\"]}}");
        Subscription far =
                subscription("*", List.of(), "{\"data\":{\"weapon\":[{\"numeric\":[\">\",7]}]}}");
        Subscription not =
                subscription("*", List.of(), "{\"data\":{\"weapon\":[{\"anything-but\":[7]}]}}");
        Subscription seven = subscription("*", List.of(), "{\"data\":{\"weapon\":[7]}}");
        SubscriptionIndex index = new SubscriptionIndex(2, List.of(all, bows, far, not, seven));
        Envelope event =
                Envelope.of(UUID.randomUUID().toString(), "game.kill", "/test", NOW)
                        .json(("{\"weapon\":" + number + "}").getBytes(StandardCharsets.UTF_8))
                        .build();
        assertThat(match(index, "game", event))
                .contains(all.id(), not.id())
                .doesNotContain(bows.id(), seven.id());
    }

    /** What is published costs what it matches: ten times the subscriptions change little. */
    @Test
    void theCostGrowsWithTheMatchesAndNotWithTheSubscriptions() {
        SubscriptionIndex small = new SubscriptionIndex(2, many(1_000));
        SubscriptionIndex large = new SubscriptionIndex(2, many(10_000));
        List<Envelope> events = new ArrayList<>();
        for (int i = 0; i < EVENTS; i++) {
            events.add(event("game.type" + i % 50, "weapon" + i % 2_000));
        }
        long best = Long.MAX_VALUE;
        long bestLarge = Long.MAX_VALUE;
        for (int round = 0; round < 6; round++) {
            best = Math.min(best, nanosOf(small, events));
            bestLarge = Math.min(bestLarge, nanosOf(large, events));
        }
        System.out.printf(
                "routing: %,d events/s against 1,000 subscriptions, %,d against 10,000%n",
                EVENTS * 1_000_000_000L / best, EVENTS * 1_000_000_000L / bestLarge);
        assertThat(bestLarge).isLessThan(4 * best);
    }

    private static long nanosOf(SubscriptionIndex index, List<Envelope> events) {
        int[] matches = {0};
        long start = THREADS.getCurrentThreadCpuTime();
        for (Envelope event : events) {
            index.match(
                    "game.match.events",
                    event.type(),
                    () -> FilterEvent.of("game.match.events", event),
                    one -> matches[0]++);
        }
        long took = THREADS.getCurrentThreadCpuTime() - start;
        assertThat(matches[0]).isPositive();
        return took;
    }

    /** Half with a filter on one of many weapons, half on other types or topics. */
    private static List<Subscription> many(int count) {
        List<Subscription> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(
                    i % 2 == 0
                            ? subscription(
                                    "game.*",
                                    List.of(),
                                    "{\"data\":{\"weapon\":[\"weapon%d\"],\"distance\":[{\"numeric\":[\">\",100]}]}}"
                                            .formatted(i))
                            : subscription(
                                    i % 4 == 1 ? "game.#" : "other" + i + ".*",
                                    List.of("game.other" + i),
                                    null));
        }
        return all;
    }

    private static List<UUID> match(SubscriptionIndex index, String topic, Envelope event) {
        List<UUID> found = new ArrayList<>();
        index.match(
                topic,
                event.type(),
                () -> FilterEvent.of(topic, event),
                one -> found.add(one.id()));
        return found;
    }

    private static Envelope event(String type, String weapon) {
        String data =
                "{\"player_id\":\"player123\",\"weapon\":\"%s\",\"distance\":150.5,\"headshot\":true,\"position\":{\"x\":1.5,\"y\":2.5}}"
                        .formatted(weapon);
        return Envelope.of(UUID.randomUUID().toString(), type, "/test", NOW)
                .json(data.getBytes(StandardCharsets.UTF_8))
                .build();
    }

    private static Subscription subscription(
            String pattern, List<String> types, @Nullable String filter) {
        return new Subscription(
                UUID.randomUUID(),
                "service",
                pattern,
                types,
                DeliveryMethod.WEBHOOK,
                "http://127.0.0.1/",
                filter,
                null,
                null,
                new RetryPolicy(3, Duration.ofSeconds(60), null),
                0,
                new Batching(false, 100, Duration.ofMillis(100)),
                true,
                Duration.ofSeconds(30),
                Ordering.KEY,
                "now",
                Map.of(),
                null,
                new State(Status.ACTIVE, null, "closed", null, NOW, NOW, NOW, 0));
    }
}
