package dev.jubilee.events.tck;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.Priority;
import dev.jubilee.events.store.AppendResult;
import dev.jubilee.events.store.EventStore;
import dev.jubilee.events.store.StoredEvent;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Events to store, and short ways to store and to read them. */
final class SampleEvents {
    static final Instant TIME = Instant.parse("2026-11-21T10:00:00.123456789Z");

    private SampleEvents() {}

    static Envelope event(String id) {
        return Envelope.of(id, "guild.gold.deposited", "guild-service", TIME)
                .json(("{\"id\":\"" + id + "\"}").getBytes(StandardCharsets.UTF_8))
                .build();
    }

    /** Events of these ids. */
    static List<Envelope> events(String... ids) {
        return java.util.Arrays.stream(ids).map(SampleEvents::event).toList();
    }

    /** So many events, named after a prefix and their number. */
    static List<Envelope> many(String prefix, int count) {
        return IntStream.rangeClosed(1, count).mapToObj(i -> event(prefix + i)).toList();
    }

    /** An event in which nothing is as it is by default. */
    static Envelope unusual() {
        return Envelope.of("id \"1\"\\", "guild.örtlich", "urn:guild:1", TIME)
                .subject("player 7")
                .partitionKey("guild\n7\u0001")
                .acceptedAt(Instant.parse("2026-11-21T10:00:01.5Z"))
                .data("application/octet-stream", new byte[] {0, 1, -1, 34})
                .correlationId("c")
                .causationId("d")
                .priority(Priority.HIGH)
                .replayable(false)
                .idOrigin(IdOrigin.SERVER)
                .extensions(Map.of("environment", "ünit \"test\"", "priority", "{\\}", "empty", ""))
                .build();
    }

    static AppendResult save(EventStore store, String stream, long expected, String... ids) {
        return store.saveEvents(stream, events(ids), expected);
    }

    static List<String> ids(List<StoredEvent> events) {
        return events.stream().map(stored -> stored.event().id()).toList();
    }

    /** Everything after a position, read in small steps. */
    static List<StoredEvent> readAll(EventStore store, long afterPosition) {
        List<StoredEvent> all = new ArrayList<>();
        long position = afterPosition;
        while (true) {
            List<StoredEvent> next = store.getAllEvents(position, 7);
            if (next.isEmpty()) {
                return all;
            }
            all.addAll(next);
            position = next.getLast().position();
        }
    }
}
