package dev.jubilee.demo;

import dev.jubilee.bench.client.Answer;
import dev.jubilee.bench.client.Platform;
import dev.jubilee.bench.client.PlatformException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The live event of the demo, as its live-ops people see it. */
final class LiveEvent {
    static final String FINISHER = "finisher";
    static final String MILESTONE = "five";
    static final String PODIUM = "podium";

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration GLANCE = Duration.ofMillis(50);

    private final Platform platform;
    private final String id;

    LiveEvent(Platform platform, String id) {
        this.platform = platform;
        this.id = id;
    }

    String id() {
        return id;
    }

    /** Makes the topic unless it is there. */
    static void topic(Platform platform, String name) {
        if (platform.busGet("/topics/" + name).status() == 200) {
            return;
        }
        Map<String, Object> topic =
                Map.of(
                        "name",
                        name,
                        "description",
                        "What happens in the demo's game",
                        "partitions",
                        6,
                        "replication_factor",
                        1,
                        "retention_hours",
                        24,
                        "category",
                        "game",
                        "owner_service",
                        "demo");
        platform.busPost("/topics", topic, Map.of()).expect("Creating the topic " + name);
    }

    /** Creates the event and waits until it is active. */
    void create(GamePlan plan, Instant now) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("event_id", id);
        event.put("name", "Boss Rush");
        event.put("description", "Ten kills finish it; the ten best stand on the podium.");
        event.put("event_type", "special");
        event.put("category", "limited");
        event.put("start_time", now.minusSeconds(1).toString());
        event.put("end_time", now.plus(Duration.ofHours(2)).toString());
        event.put("max_participants", plan.capacity());
        event.put("requirements", Map.of("when", "player.level >= " + GamePlan.REQUIRED_LEVEL));
        event.put("settings", settings());
        event.put("rewards", rewards(plan));
        platform.post("/events", event).expect("Creating the live event");
        await("active");
    }

    private static Map<String, Object> settings() {
        return Map.of(
                "progress",
                List.of(
                        Map.of("metric", "kills", "on", "game.kill", "add", "1"),
                        Map.of(
                                "metric", "headshots",
                                "on", "game.kill",
                                "when", "data.action_data.headshot",
                                "add", "1")),
                "complete_when",
                "progress.kills >= " + GamePlan.KILLS_TO_FINISH,
                "score",
                "progress.kills",
                "tie_break",
                List.of("score", "reached_at"));
    }

    private static List<Map<String, Object>> rewards(GamePlan plan) {
        return List.of(
                Map.of(
                        "reward_id", FINISHER,
                        "reward_type", "gold",
                        "reward_value", Map.of("amount", 100),
                        "reward_condition", Map.of("on", "complete"),
                        "max_claims", plan.finisherClaims()),
                Map.of(
                        "reward_id",
                        MILESTONE,
                        "reward_type",
                        "experience",
                        "reward_value",
                        Map.of("amount", 50),
                        "reward_condition",
                        Map.of(
                                "on",
                                "milestone",
                                "when",
                                "progress.kills >= " + GamePlan.KILLS_FOR_MILESTONE)),
                Map.of(
                        "reward_id",
                        PODIUM,
                        "reward_type",
                        "title",
                        "reward_value",
                        Map.of("title", "Slayer"),
                        "reward_condition",
                        Map.of("on", "rank", "top", GamePlan.PODIUM),
                        "max_claims",
                        GamePlan.PODIUM));
    }

    /** Ends the event for everyone; returns once it takes nothing more. */
    void end() {
        platform.post("/events/" + id + "/complete", Map.of()).expect("Ending the live event");
    }

    /** Waits until the event has reached a status. */
    void await(String status) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        String found = status();
        while (!found.equals(status)) {
            if (System.nanoTime() > deadline) {
                throw new PlatformException(
                        "The live event is %s, and not %s within %d s"
                                .formatted(found, status, PATIENCE.toSeconds()));
            }
            try {
                Thread.sleep(GLANCE);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new PlatformException("Interrupted", e);
            }
            found = status();
        }
    }

    private String status() {
        Answer answer = platform.get("/events/" + id).expect("Reading the live event");
        return answer.body().path("event_info").path("status").asString("unknown");
    }
}
