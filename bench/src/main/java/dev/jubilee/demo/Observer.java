package dev.jubilee.demo;

import dev.jubilee.bench.client.Answer;
import dev.jubilee.bench.client.Platform;
import dev.jubilee.demo.Books.Score;
import dev.jubilee.demo.Observed.Grant;
import dev.jubilee.demo.Observed.Place;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.JsonNode;

/** Asks the platform for everything that can be held against the books. */
final class Observer {
    private static final int PAGE = 200;
    private static final int TOP = 100;

    private final Platform platform;
    private final Stage stage;
    private final String eventId;
    private final String search;

    /**
     * @param topic where the events were published
     * @param began before the first of them was
     */
    Observer(Platform platform, Stage stage, String eventId, String topic, Instant began) {
        this.platform = platform;
        this.stage = stage;
        this.eventId = eventId;
        this.search = "/events?topic=" + topic + "&start_time=" + began + "&limit=" + PAGE;
    }

    /** Asks for every event, participant and player. */
    Observed look(Collection<String> eventIds, Collection<String> users) {
        AtomicLong known = new AtomicLong();
        stage.each(
                "Asking for the status of every event",
                eventIds,
                id -> {
                    Answer answer = platform.busGet("/events/" + id + "/status");
                    if (answer.ok()) {
                        known.incrementAndGet();
                    }
                });
        Map<String, Score> participants = new ConcurrentHashMap<>();
        Set<String> completed = ConcurrentHashMap.newKeySet();
        long total = participants(participants, completed);
        List<Place> ranking = ranking();
        Set<Grant> grants = ConcurrentHashMap.newKeySet();
        Set<Grant> claimed = ConcurrentHashMap.newKeySet();
        stage.each(
                "Asking for the rewards of every player",
                users,
                user -> rewards(user, grants, claimed));
        return new Observed(
                known.get(),
                stored(eventIds),
                total,
                participants,
                completed,
                ranking,
                ranking(),
                grants,
                claimed);
    }

    /** How often these events are stored, all together. Others may be on the topic as well. */
    private long stored(Collection<String> eventIds) {
        Set<String> ours = Set.copyOf(eventIds);
        AtomicLong rows = new AtomicLong();
        stage.each(
                "Searching for them on their topic",
                List.of(search),
                first -> {
                    String page = first;
                    while (page != null) {
                        JsonNode found = platform.busGet(page).expect("Searching").body();
                        for (JsonNode event : found.path("events")) {
                            if (ours.contains(event.path("event_id").asString())) {
                                rows.incrementAndGet();
                            }
                        }
                        JsonNode next = found.path("next_cursor");
                        page = next.isString() ? search + "&cursor=" + next.asString() : null;
                    }
                });
        return rows.get();
    }

    private long participants(Map<String, Score> participants, Set<String> completed) {
        String path = "/events/" + eventId + "/participants?limit=" + PAGE + "&page=";
        Answer first = platform.get(path + 1).expect("Reading the participants");
        long total = first.body().path("total").asLong(-1);
        List<Integer> pages = new ArrayList<>();
        for (int page = 1; (long) (page - 1) * PAGE < total; page++) {
            pages.add(page);
        }
        stage.each(
                "Reading the participants, 200 a page",
                pages,
                page -> {
                    Answer answer = platform.get(path + page).expect("Reading the participants");
                    for (JsonNode one : answer.body().path("participants")) {
                        String user = one.path("user_id").asString();
                        JsonNode progress = one.path("progress");
                        participants.put(
                                user,
                                new Score(
                                        progress.path("kills").asInt(0),
                                        progress.path("headshots").asInt(0)));
                        if (one.path("status").asString("").equals("completed")) {
                            completed.add(user);
                        }
                    }
                });
        return total;
    }

    private List<Place> ranking() {
        Answer answer =
                platform.get("/events/" + eventId + "/leaderboard?limit=" + TOP)
                        .expect("Reading the ranking");
        List<Place> places = new ArrayList<>();
        for (JsonNode entry : answer.body().path("entries")) {
            places.add(
                    new Place(
                            entry.path("rank").asInt(),
                            entry.path("user_id").asString(),
                            entry.path("score").asInt()));
        }
        return places;
    }

    private void rewards(String user, Set<Grant> grants, Set<Grant> claimed) {
        Answer answer =
                platform.get("/users/" + user + "/rewards?limit=" + PAGE + "&event_id=" + eventId)
                        .expect("Reading a player's rewards");
        for (JsonNode reward : answer.body().path("rewards")) {
            Grant grant = new Grant(reward.path("reward_id").asString(), user);
            String status = reward.path("status").asString();
            if (!grants.add(grant)) {
                throw new IllegalStateException(grant + " was made twice");
            }
            if (status.equals("claimed") || status.equals("delivered")) {
                claimed.add(grant);
            }
        }
    }
}
