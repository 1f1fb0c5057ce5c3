package dev.jubilee.server.bus.delivery.deadletters;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.events.json.InvalidCloudEvent;
import dev.jubilee.server.bus.publish.PublishException;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.scheduling.PeriodicTask;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies dead letters to the dead-letter topic, where their own topic asks for it, be they redriven
 * or dropped meanwhile. A copy may come twice, with the same id. Thread-safe.
 */
public final class DeadLetterCopies implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DeadLetterCopies.class);
    private static final int CHUNK = 100;

    /** One is read however large it is, and the last may reach beyond. */
    private static final long MOST_BYTES = 2L << 20;

    private static final Duration LOOK = Duration.ofSeconds(2);
    private static final int PATIENCE_SECONDS = 30;
    private static final String FOREIGN = "/jubilee/dead-letters";

    private final Database database;
    private final CloudEventsJson json;
    private final Predicate<String> wanted;
    private final Target target;
    private final ScheduledExecutorService worker =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("dead-letter-copies").daemon().factory());

    /** The dead-letter topic. */
    public interface Target {
        /** Completes when the events are kept. */
        CompletableFuture<?> publish(List<Envelope> events);
    }

    private record Letter(
            UUID id,
            String eventId,
            String eventType,
            String topic,
            @Nullable String key,
            String reason,
            UUID subscription,
            Instant acceptedAt,
            byte[] body) {}

    /**
     * @param wanted whether the dead letters of a topic are copied
     */
    public DeadLetterCopies(
            Database database, InstantSource clock, Predicate<String> wanted, Target target) {
        this.database = database;
        this.json = new CloudEventsJson(clock);
        this.wanted = wanted;
        this.target = target;
    }

    /** Looks every two seconds, for the whole instance, with one small query. */
    public void start() {
        PeriodicTask.named("dead-letter copy", this::work).repeat(worker, LOOK, LOOK);
    }

    /**
     * Returns when nothing runs here any more. What the target was given last it may still keep; it
     * is copied again then.
     */
    @Override
    public void close() {
        PeriodicTask.end(worker, "dead-letter copy");
    }

    private void work() throws Exception {
        boolean more = true;
        while (more && !Thread.currentThread().isInterrupted()) {
            more = step();
        }
    }

    /** Returns whether there may be more that can be copied now. */
    boolean step() throws Exception {
        List<Letter> letters = read();
        if (letters.isEmpty()) {
            return false;
        }
        List<Envelope> copies = new ArrayList<>();
        for (Letter letter : letters) {
            if (wanted.test(letter.topic())) {
                copies.add(copy(letter));
            }
        }
        if (!copies.isEmpty()) {
            publish(copies);
        }
        UUID[] ids = letters.stream().map(Letter::id).toArray(UUID[]::new);
        return database.transaction(connection -> copied(connection, ids));
    }

    /**
     * Waits for nobody who deletes or edits: what they hold is copied once more, at worst. Returns
     * false when they hold all of it: to go on at once would copy the same again and again.
     */
    private static boolean copied(Connection connection, UUID[] ids) throws SQLException {
        try (PreparedStatement update =
                        connection.prepareStatement(
                                """
                                UPDATE bus.dead_letters SET copy_due = false WHERE id IN (
                                    SELECT id FROM bus.dead_letters WHERE id = ANY (?) FOR UPDATE SKIP LOCKED)
                                """);
                PreparedStatement delete =
                        connection.prepareStatement(
                                "DELETE FROM bus.removed_dead_letters WHERE id = ANY (?)")) {
            int noted = 0;
            for (PreparedStatement statement : List.of(update, delete)) {
                statement.setArray(1, connection.createArrayOf("uuid", ids));
                noted += statement.executeUpdate();
            }
            return noted > 0;
        }
    }

    /**
     * Publishes the copies; each by itself if together they are too large, so that one that Kafka
     * will never take does not keep the others.
     */
    private void publish(List<Envelope> copies) throws Exception {
        if (isTooLarge(copies)) {
            for (Envelope copy : copies) {
                if (isTooLarge(List.of(copy))) {
                    log.warn(
                            "dead letter of event {} is not copied: it is too large for Kafka with"
                                    + " what is said of it",
                            copy.causationId());
                }
            }
        }
    }

    private boolean isTooLarge(List<Envelope> copies) throws Exception {
        try {
            target.publish(copies).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return false;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof PublishException failure
                    && failure.reason() == PublishException.Reason.TOO_LARGE) {
                return true;
            }
            throw e;
        }
    }

    private List<Letter> read() {
        return database.read(connection -> {
            List<Letter> letters = new ArrayList<>();
            try (PreparedStatement select =
                    connection.prepareStatement(
                            """
                            WITH due AS (
                                (SELECT id, event_id, event_type, topic, key, reason, subscription_id, accepted_at, body
                                    FROM bus.removed_dead_letters ORDER BY id LIMIT ?)
                                UNION ALL
                                (SELECT id, event_id, event_type, topic, key, reason, subscription_id, accepted_at, body
                                    FROM bus.dead_letters WHERE copy_due ORDER BY id LIMIT ?)
                            ), measured AS (
                                SELECT *, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS before
                                FROM due
                            )
                            SELECT * FROM measured WHERE before < ? ORDER BY id
                            """)) {
                select.setInt(1, CHUNK);
                select.setInt(2, CHUNK);
                select.setLong(3, MOST_BYTES);
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        letters.add(letter(row));
                    }
                }
            }
            return letters;
        });
    }

    private static Letter letter(ResultSet row) throws SQLException {
        return new Letter(
                row.getObject(1, UUID.class),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                row.getObject(7, UUID.class),
                Timestamps.instant(row, 8),
                row.getBytes(9));
    }

    private Envelope copy(Letter letter) {
        Envelope event = event(letter);
        Map<String, String> extensions = new HashMap<>(event.extensions());
        extensions.put("deadlettersubscription", letter.subscription().toString());
        extensions.put("deadletterreason", letter.reason());
        extensions.put("deadlettertopic", letter.topic());
        extensions.put("deadletterevent", event.id());
        String id = EventId.derived("dead letter", letter.id().toString()).toString();
        return Envelope.of(id, event.type(), event.source(), event.time())
                .subject(event.subject())
                .partitionKey(event.partitionKey())
                .data(event.contentType(), event.data())
                .correlationId(event.correlationId())
                .causationId(event.id())
                .extensions(extensions)
                .build();
    }

    /**
     * The event; or, of what somebody wrote to Kafka that is no CloudEvent, one that holds its text
     * as it would be delivered.
     */
    private Envelope event(Letter letter) {
        try {
            return json.read(letter.body());
        } catch (InvalidCloudEvent | IllegalArgumentException e) {
            log.warn(
                    "dead letter {} is copied as it stands, for it is no CloudEvent: {}",
                    letter.id(),
                    e.getMessage());
            return Envelope.of(letter.eventId(), letter.eventType(), FOREIGN, letter.acceptedAt())
                    .partitionKey(letter.key())
                    .data(CloudEventsJson.MEDIA_TYPE, letter.body())
                    .build();
        }
    }
}
