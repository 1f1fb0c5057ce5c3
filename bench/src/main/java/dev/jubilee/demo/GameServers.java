package dev.jubilee.demo;

import dev.jubilee.bench.client.Answer;
import dev.jubilee.bench.client.Platform;
import dev.jubilee.bench.client.PlatformException;
import dev.jubilee.demo.GamePlan.Form;
import dev.jubilee.demo.GamePlan.Kill;
import dev.jubilee.demo.GamePlan.Parcel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.JsonNode;

/** The game's servers, which publish what happens, now and then twice. Thread-safe. */
final class GameServers {
    private final Platform platform;
    private final Books books;
    private final String topic;
    private final String run;

    /**
     * @param run makes the ids of this run its own
     */
    GameServers(Platform platform, Books books, String topic, String run) {
        this.platform = platform;
        this.books = books;
        this.topic = topic;
        this.run = run;
    }

    /** Publishes a parcel as it says. Returns when every send of it was acknowledged. */
    void publish(Parcel parcel) {
        switch (parcel.repeat()) {
            case NEVER -> books.published(parcel, send(parcel));
            case LATER -> {
                List<String> first = send(parcel);
                books.published(parcel, first);
                books.repeated(first, send(parcel));
            }
            case SAME_MOMENT -> {
                CompletableFuture<List<String>> other = new CompletableFuture<>();
                Thread.ofVirtual().start(() -> complete(other, parcel));
                List<String> first = send(parcel);
                books.published(parcel, first);
                books.repeated(first, other.join());
            }
        }
    }

    private void complete(CompletableFuture<List<String>> other, Parcel parcel) {
        try {
            other.complete(send(parcel));
        } catch (RuntimeException e) {
            other.completeExceptionally(e);
        }
    }

    private List<String> send(Parcel parcel) {
        String name = run + "-" + parcel.name();
        if (parcel.form() == Form.ONE) {
            Answer answer =
                    platform.busPost(
                                    "/events/game/publish",
                                    event(parcel.kills().getFirst()),
                                    Map.of("Idempotency-Key", name))
                            .expect("Publishing a game event");
            return List.of(answer.text("event_id"));
        }
        List<Map<String, Object>> events = new ArrayList<>();
        for (Kill kill : parcel.kills()) {
            Map<String, Object> event = event(kill);
            if (parcel.form() == Form.OWN_IDS) {
                event.put("event_id", name + "-" + events.size());
            }
            events.add(event);
        }
        Map<String, String> headers =
                parcel.form() == Form.KEYED ? Map.of("Idempotency-Key", name) : Map.of();
        Answer answer =
                platform.busPost("/events/publish/batch", Map.of("events", events), headers)
                        .expect("Publishing a batch");
        return ids(answer, events.size());
    }

    private static List<String> ids(Answer answer, int size) {
        List<String> ids = new ArrayList<>(size);
        for (JsonNode result : answer.body().path("results")) {
            if (!result.path("published").asBoolean(false)) {
                throw new PlatformException("An event of a batch was refused: " + result);
            }
            ids.add(result.path("event_id").asString());
        }
        if (ids.size() != size) {
            throw new PlatformException(
                    "A batch of " + size + " events was answered with " + ids.size() + " results");
        }
        return ids;
    }

    private Map<String, Object> event(Kill kill) {
        Map<String, Object> event = new LinkedHashMap<>();
        event.put("player_id", kill.player().id());
        event.put("action_type", "kill");
        event.put("topic", topic);
        event.put("game_mode", "boss_rush");
        event.put("map_name", "Neon_City");
        event.put("action_data", Map.of("weapon", "plasma_rifle", "headshot", kill.headshot()));
        event.put("server_id", "server-01");
        event.put("region", "us-east-1");
        return event;
    }
}
