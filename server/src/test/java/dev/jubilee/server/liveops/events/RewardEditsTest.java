package dev.jubilee.server.liveops.events;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.server.conditions.Conditions;
import dev.jubilee.server.liveops.rules.RulesReader;
import dev.jubilee.server.testing.Platform;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class RewardEditsTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static EventsInstance here;

    @BeforeAll
    static void start() {
        here = new EventsInstance(platform);
    }

    @AfterAll
    static void stop() {
        here.close();
    }

    @Test
    void aClaimUnderWayIsCountedWhenItsEventIsEdited() throws Exception {
        create("edited", Duration.ofMinutes(-1), reward("cup", 1));
        LiveEventStore store = new LiveEventStore(new RulesReader(new Conditions(), 100));
        try (Connection edit = platform.dataSource().getConnection()) {
            edit.setAutoCommit(false);
            LiveEventStore.writeRewards(edit, Objects.requireNonNull(store.lock(edit, "edited")));
            CompletableFuture<?> claim =
                    CompletableFuture.runAsync(() ->
                            here.texts(
                                    """
                                    UPDATE liveops.occurrence_rewards SET current_claims = current_claims + 1
                                     WHERE event_id = ? RETURNING reward_id
                                    """,
                                    "edited"));
            Await.until(
                    "the claim waits",
                    () ->
                            !here.texts(
                                            """
                                            SELECT query FROM pg_stat_activity
                                             WHERE datname = current_database() AND wait_event_type = ?
                                            """,
                                            "Lock")
                                    .isEmpty());
            edit.commit();
            claim.join();
        }
        assertThat(
                        here.texts(
                                "SELECT reward_id || ' ' || current_claims FROM liveops.event_rewards WHERE event_id = ?",
                                "edited"))
                .containsExactly("cup 1");
    }

    @Test
    void rewardsAreChangedAddedAndTakenAway() {
        create("prizes", Duration.ofHours(1), reward("cup", 1) + "," + reward("medal", 2));
        here.admin(
                "PUT",
                "/events/prizes",
                "{\"rewards\": [" + reward("medal", 3) + "," + reward("crown", 4) + "]}");
        assertThat(
                        here.texts(
                                """
                                SELECT reward_id || ' ' || (reward_value ->> 'amount') || ' ' || is_active
                                  FROM liveops.event_rewards WHERE event_id = ? ORDER BY reward_id
                                """,
                                "prizes"))
                .containsExactly("crown 4 true", "medal 3 true");
    }

    @Test
    void whatWasClaimedStaysInactiveUntilItComesBack() {
        create("kept", Duration.ofHours(1), reward("cup", 1));
        here.texts(
                "UPDATE liveops.event_rewards SET current_claims = 2 WHERE event_id = ? RETURNING reward_id",
                "kept");
        here.admin("PUT", "/events/kept", "{\"rewards\": []}");
        assertThat(state("kept")).isEqualTo("cup 2 false");
        here.admin("PUT", "/events/kept", "{\"rewards\": [" + reward("cup", 1) + "]}");
        assertThat(state("kept")).isEqualTo("cup 2 true");
    }

    private static String state(String eventId) {
        return here.texts(
                        "SELECT reward_id || ' ' || current_claims || ' ' || is_active FROM liveops.event_rewards WHERE event_id = ?",
                        eventId)
                .getFirst();
    }

    private static String reward(String id, int amount) {
        return "{\"reward_id\": \"%s\", \"reward_type\": \"gold\", \"reward_value\": {\"amount\": %d}}"
                .formatted(id, amount);
    }

    private static void create(String id, Duration start, String rewards) {
        Instant from = platform.clock().instant().plus(start);
        assertThat(
                        here.admin(
                                        "POST",
                                        "/events",
                                        "{\"event_id\": \"%s\", \"name\": \"%s\", \"event_type\": \"special\", \"start_time\": \"%s\", \"rewards\": [%s]}"
                                                .formatted(id, id, from, rewards))
                                .status())
                .isEqualTo(201);
    }
}
