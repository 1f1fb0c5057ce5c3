package dev.jubilee.server.bus.replay;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.kafka.Gathered;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import dev.jubilee.events.postgres.SqlArray;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.forwarding.ForwardedMarks;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a replay from Kafka, partition by partition in order. What the store leaves out is left out
 * here as well: what was forwarded, and an id that was published again. Throws Kafka's {@code
 * OffsetOutOfRangeException} when retention was quicker or the topic was deleted. For one thread.
 */
final class KafkaSource implements ReplaySource {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration ANSWER = Duration.ofSeconds(5);

    /** After so many polls without a record we ask whether the topics are still there. */
    private static final int EMPTY_POLLS = 5;

    private final Replay replay;
    private final int most;
    private @Nullable Gathered gathered;
    private final Database database;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final ReplayFilter filter;
    private final Map<TopicPartition, KafkaPositions.Range> open;
    private final Map<TopicPartition, KafkaPositions.Range> done;
    private List<Read> piece = List.of();
    private int emptyPolls;

    private record Read(TopicPartition partition, long offset, Envelope event) {}

    private record Place(String topic, int partition, long offset) {}

    /**
     * @param kafka how clients reach Kafka
     * @param most events at once
     */
    KafkaSource(Replay replay, Map<String, Object> kafka, Database database, int most) {
        this.replay = replay;
        this.most = most;
        this.database = database;
        this.filter = ReplayFilter.of(replay.filter());
        this.done = new HashMap<>(KafkaPositions.of(replay.positions()).ranges());
        this.open = new HashMap<>(done);
        open.values().removeIf(KafkaPositions.Range::isDone);
        this.consumer = new KafkaConsumer<>(settings(kafka, replay.replayId(), most));
        consumer.assign(open.keySet());
        open.forEach((partition, range) -> consumer.seek(partition, range.next()));
    }

    static Map<String, Object> settings(Map<String, Object> kafka, UUID replay, int most) {
        Map<String, Object> all = new HashMap<>(kafka);
        all.remove(ConsumerConfig.GROUP_ID_CONFIG);
        all.put(ConsumerConfig.CLIENT_ID_CONFIG, "replay-" + replay);
        all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        // What is fetched ahead is memory, and what a poll returns is in it several times over.
        all.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 2 << 20);
        all.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 512 << 10);
        all.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, Math.min(most, Gathered.A_POLL));
        all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        all.put(ConsumerConfig.ENABLE_METRICS_PUSH_CONFIG, false);
        all.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        all.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return all;
    }

    @Override
    public Piece read(int limit) {
        note(piece.size());
        List<Read> found = new ArrayList<>();
        if (!open.isEmpty()) {
            rethrow();
            gathered = Gathered.from(consumer, POLL, most);
            List<ConsumerRecord<byte[], byte[]>> records = gathered.records();
            emptyPolls = records.isEmpty() ? emptyPolls + 1 : 0;
            if (emptyPolls >= EMPTY_POLLS) {
                emptyPolls = 0;
                mustBeThere();
            }
            for (ConsumerRecord<byte[], byte[]> record : records) {
                TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                KafkaPositions.Range range = open.get(partition);
                if (range != null
                        && record.offset() < range.end()
                        && !ForwardedMarks.areIn(record.headers())) {
                    Envelope event = KafkaEnvelopes.read(record);
                    if (isMeant(event)) {
                        found.add(new Read(partition, record.offset(), event));
                    }
                }
            }
        }
        piece = withoutRepeated(found);
        return new Piece(
                piece.stream()
                        .map(one ->
                                new Replays.Replayed(
                                        one.partition().topic(),
                                        ReplaySource.marked(one.event(), replay.replayId())))
                        .toList(),
                open.entrySet().stream()
                        .allMatch(one -> consumer.position(one.getKey()) >= one.getValue().end()));
    }

    /** Throws the fault that ended the last poll; the records before it have been sent by now. */
    private void rethrow() {
        Gathered last = gathered;
        gathered = null;
        if (last != null) {
            last.rethrow();
        }
    }

    /**
     * A consumer that was given a partition polls for ever when its topic is deleted, or was made
     * again and is shorter now.
     */
    private void mustBeThere() {
        for (Map.Entry<TopicPartition, KafkaPositions.Range> one : open.entrySet()) {
            TopicPartition partition = one.getKey();
            List<PartitionInfo> found = consumer.partitionsFor(partition.topic(), ANSWER);
            boolean gone = found == null || found.size() <= partition.partition();
            if (gone || end(partition) < one.getValue().end()) {
                throw new OffsetOutOfRangeException(Map.of(partition, one.getValue().next()));
            }
        }
    }

    private long end(TopicPartition partition) {
        return consumer.endOffsets(List.of(partition), ANSWER).getOrDefault(partition, 0L);
    }

    @Override
    public Position after(int sent) {
        Map<TopicPartition, KafkaPositions.Range> now = new HashMap<>(done);
        open.forEach((partition, range) -> now.put(partition, at(partition, range)));
        for (Read one : piece.subList(sent, piece.size())) {
            now.computeIfPresent(
                    one.partition(),
                    (partition, range) ->
                            new KafkaPositions.Range(
                                    Math.min(range.next(), one.offset()), range.end()));
        }
        return new Position(replay.position(), new KafkaPositions(now).text());
    }

    private KafkaPositions.Range at(TopicPartition partition, KafkaPositions.Range range) {
        return new KafkaPositions.Range(
                Math.min(consumer.position(partition), range.end()), range.end());
    }

    /** Partitions that are through are read no more. */
    private void note(int sent) {
        if (sent < piece.size()) {
            throw new IllegalStateException("the last piece is not done");
        }
        boolean changed = false;
        for (TopicPartition partition : Set.copyOf(open.keySet())) {
            KafkaPositions.Range now = at(partition, open.getOrDefault(partition, NOTHING));
            done.put(partition, now);
            if (now.isDone()) {
                open.remove(partition);
                changed = true;
            }
        }
        if (changed) {
            consumer.assign(open.keySet());
            open.keySet()
                    .forEach(partition ->
                            consumer.seek(partition, done.getOrDefault(partition, NOTHING).next()));
        }
    }

    private static final KafkaPositions.Range NOTHING = new KafkaPositions.Range(0, 0);

    private boolean isMeant(Envelope event) {
        Instant accepted = event.acceptedAt() == null ? event.time() : event.acceptedAt();
        long at = accepted.toEpochMilli();
        return event.replayable()
                && at >= replay.startTime().toEpochMilli()
                && at < replay.endTime().toEpochMilli()
                && filter.test(event);
    }

    /** An id counts once: by the store's word, which knows which was the first. */
    private List<Read> withoutRepeated(List<Read> found) {
        Map<String, Instant> first =
                firstAccepted(
                        found.stream()
                                .map(Read::event)
                                .filter(event -> isNamedByClient(event) && rowOf(event) == null)
                                .map(Envelope::id)
                                .distinct()
                                .toList());
        Map<UUID, Place> stored =
                storedPlaces(
                        found.stream()
                                .map(one -> rowOf(one.event()))
                                .filter(Objects::nonNull)
                                .distinct()
                                .toList());
        Set<String> seen = new HashSet<>();
        return found.stream()
                .filter(one -> {
                    UUID row = rowOf(one.event());
                    if (row != null) {
                        return isStored(one, stored.get(row)) && seen.add(one.event().id());
                    }
                    return !isNamedByClient(one.event()) || isFirst(one, first, seen);
                })
                .toList();
    }

    private static boolean isNamedByClient(Envelope event) {
        return event.idOrigin() != IdOrigin.SERVER;
    }

    /** The row of an event that a relay may repeat, with the same moment; null for others. */
    private static @Nullable UUID rowOf(Envelope event) {
        if (event.idOrigin() != IdOrigin.RELAYED || event.id().length() != 36) {
            return null;
        }
        try {
            UUID id = UUID.fromString(event.id());
            return id.version() == 7 && EventId.timeOf(id).equals(event.acceptedAt()) ? id : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /**
     * Whether this record is the one that the store has under the id. An id that the store does not
     * know, not yet or no longer, counts where it is met.
     */
    private static boolean isStored(Read one, @Nullable Place place) {
        return place == null
                || place.equals(
                        new Place(
                                one.partition().topic(),
                                one.partition().partition(),
                                one.offset()));
    }

    private static boolean isFirst(Read one, Map<String, Instant> first, Set<String> seen) {
        Instant known = first.get(one.event().id());
        Instant accepted = one.event().acceptedAt();
        boolean matches =
                known == null
                        || accepted == null
                        || known.equals(accepted.truncatedTo(ChronoUnit.MICROS));
        return matches && seen.add(one.event().id());
    }

    private Map<UUID, Place> storedPlaces(List<UUID> ids) {
        if (ids.isEmpty()) {
            return Map.of();
        }
        List<Instant> times = ids.stream().map(EventId::timeOf).sorted().toList();
        return database.read(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement(
                            """
                            SELECT id, topic, partition, "offset" FROM bus.events
                             WHERE id = ANY (?) AND accepted_at BETWEEN ?::timestamptz AND ?::timestamptz
                            """)) {
                select.setObject(1, SqlArray.uuids(ids));
                select.setString(2, times.getFirst().toString());
                select.setString(3, times.getLast().toString());
                Map<UUID, Place> known = new HashMap<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        known.put(
                                row.getObject(1, UUID.class),
                                new Place(row.getString(2), row.getInt(3), row.getLong(4)));
                    }
                }
                return known;
            }
        });
    }

    private Map<String, Instant> firstAccepted(List<String> ids) {
        if (ids.isEmpty()) {
            return Map.of();
        }
        return database.read(connection -> {
            try (PreparedStatement select =
                    connection.prepareStatement(
                            "SELECT event_id, accepted_at FROM bus.event_ids WHERE event_id = ANY (?)")) {
                select.setArray(1, connection.createArrayOf("varchar", ids.toArray()));
                Map<String, Instant> known = new HashMap<>();
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        known.put(row.getString(1), Timestamps.instant(row, 2));
                    }
                }
                return known;
            }
        });
    }

    @Override
    public void close() {
        consumer.close();
    }
}
