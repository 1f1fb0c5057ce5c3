package dev.jubilee.bench;

import dev.jubilee.bench.client.Answer;
import dev.jubilee.bench.client.Platform;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** A live event that a scenario makes, and takes away when it is done with it. */
final class Campaign implements AutoCloseable {
    private static final int ROOM = 1_000_000;
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration GLANCE = Duration.ofMillis(50);

    private final Platform platform;
    private final String id;

    private Campaign(Platform platform, String id) {
        this.platform = platform;
        this.id = id;
    }

    /** One that is active and has room for everyone. */
    static Campaign start(
            Stand stand,
            String name,
            Map<String, Object> settings,
            List<Map<String, Object>> rewards) {
        Campaign campaign = new Campaign(stand.platform(), "bench_" + stand.run() + "_" + name);
        Instant now = Instant.now();
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("event_id", campaign.id);
        event.put("name", "Bench " + name);
        event.put("event_type", "special");
        event.put("category", "limited");
        event.put("start_time", now.minusSeconds(1).toString());
        event.put("end_time", now.plus(Duration.ofHours(6)).toString());
        event.put("max_participants", ROOM);
        event.put("settings", settings);
        event.put("rewards", rewards);
        stand.platform().post("/events", event).expect("Creating a live event");
        campaign.awaitActive();
        return campaign;
    }

    private void awaitActive() {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!info().path("status").asString("").equals("active")) {
            if (System.nanoTime() > deadline) {
                throw new BenchException("The live event " + id + " does not become active");
            }
            LockSupport.parkNanos(GLANCE.toNanos());
        }
    }

    private tools.jackson.databind.JsonNode info() {
        Answer answer = platform.get("/events/" + id).expect("Reading a live event");
        return answer.body().path("event_info");
    }

    String id() {
        return id;
    }

    String join() {
        return "/events/" + id + "/join";
    }

    String claim() {
        return "/events/" + id + "/rewards/claim";
    }

    /** How many take part, by the platform's own word. */
    long participants() {
        return platform.get("/events/" + id + "/participants?limit=1")
                .expect("Counting participants")
                .body()
                .path("total")
                .asLong(-1);
    }

    @Override
    public void close() {
        platform.delete("/events/" + id).expect("Cancelling a live event");
    }
}
