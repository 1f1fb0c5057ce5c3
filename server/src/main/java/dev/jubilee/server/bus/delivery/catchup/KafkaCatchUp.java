package dev.jubilee.server.bus.delivery.catchup;

import dev.jubilee.events.kafka.Gathered;
import dev.jubilee.events.kafka.LoopListener;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.bus.delivery.routing.DeliveryPlacer;
import dev.jubilee.server.bus.store.BinaryCopy;
import dev.jubilee.server.bus.subscriptions.ArrivalNotices;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionIndex;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.database.Database;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BiFunction;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Brings one subscription the past events of each partition, in order, with its positions in the
 * same transaction. A partition is handed over to routing while a lock holds routing where it
 * stands: nothing is left out between the two, nothing comes twice, and what routing brings comes
 * after it.
 */
public final class KafkaCatchUp implements CatchUps.CatchUp {
    private static final int MOST_OWED = 5_000;
    private static final Duration POLL = Duration.ofMillis(100);

    /** The most events in a transaction. */
    private static final int MOST = 2_000;

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Map<String, Object> kafka;
    private final Database database;
    private final DeliveryPlacer placer;
    private final Subscription subscription;
    private final SubscriptionIndex alone;
    private final BiFunction<SubscriptionIndex, ConsumerRecord<byte[], byte[]>, List<Delivery>>
            match;
    private final LoopListener losses;
    private final BinaryCopy copy = new BinaryCopy();

    /** How many records Kafka had deleted, by partition, until it is told. */
    private final Map<TopicPartition, Long> deleted = new HashMap<>();

    /**
     * @param match what a record makes due, by an index of this subscription alone
     * @param losses is told of records that Kafka deleted before they were read
     */
    public KafkaCatchUp(
            Map<String, Object> kafka,
            Database database,
            DeliveryPlacer placer,
            Subscription subscription,
            BiFunction<SubscriptionIndex, ConsumerRecord<byte[], byte[]>, List<Delivery>> match,
            LoopListener losses) {
        this.kafka = kafka;
        this.database = database;
        this.placer = placer;
        this.subscription = subscription;
        this.alone = SubscriptionIndex.of(subscription);
        this.match = match;
        this.losses = losses;
    }

    @Override
    public void run(Duration longest) {
        endGone();
        long until = System.nanoTime() + longest.toNanos();
        List<CatchUpStore.Position> positions =
                database.read(c -> CatchUpStore.positions(c, subscription.id(), false));
        if (positions.isEmpty() || isFull()) {
            return;
        }
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings(kafka, subscription.id()))) {
            Map<TopicPartition, CatchUpStore.Position> open = new HashMap<>();
            for (CatchUpStore.Position one : positions) {
                open.put(new TopicPartition(one.topic(), one.partition()), one);
            }
            consumer.assign(open.keySet());
            seek(consumer, open);
            while (!open.isEmpty()
                    && System.nanoTime() - until < 0
                    && !Thread.currentThread().isInterrupted()
                    && placer.owns(subscription.id())) {
                if (!step(consumer, open) || isFull()) {
                    return;
                }
            }
        }
    }

    /** To where each stands, or to what is left where Kafka was quicker to delete. */
    private void seek(
            KafkaConsumer<byte[], byte[]> consumer,
            Map<TopicPartition, CatchUpStore.Position> open) {
        Map<TopicPartition, Long> begins = consumer.beginningOffsets(open.keySet(), PATIENCE);
        deleted.clear();
        open.forEach((partition, one) -> {
            long begin = begins.getOrDefault(partition, 0L);
            // Who began with whatever is there has lost nothing of it.
            if (one.next() > 0 && begin > one.next()) {
                deleted.put(partition, begin - one.next());
            }
            consumer.seek(partition, Math.max(begin, one.next()));
        });
    }

    private boolean isFull() {
        return database.read(c -> PendingStore.isBacklogged(c, subscription.id(), MOST_OWED));
    }

    /** Ends the catch-up of topics that were deleted. */
    private void endGone() {
        if (database.read(c -> CatchUpStore.gone(c, subscription.id(), false)).isEmpty()) {
            return;
        }
        database.transaction(connection -> {
            Subscriptions.announceChange(connection, subscription.id());
            List<CatchUpStore.Position> gone =
                    CatchUpStore.gone(connection, subscription.id(), true);
            CatchUpStore.finish(connection, subscription.id(), gone);
            return gone;
        });
    }

    /** Returns whether no other instance was at work. */
    private boolean step(
            KafkaConsumer<byte[], byte[]> consumer,
            Map<TopicPartition, CatchUpStore.Position> open) {
        List<Delivery> found = new ArrayList<>();
        Gathered gathered = Gathered.from(consumer, POLL, MOST);
        for (ConsumerRecord<byte[], byte[]> record : gathered.records()) {
            found.addAll(match.apply(alone, record));
        }
        List<CatchUpStore.Position> moved = new ArrayList<>();
        open.forEach((partition, one) ->
                moved.add(
                        new CatchUpStore.Position(
                                one.topicId(),
                                one.partition(),
                                one.topic(),
                                consumer.position(partition))));
        List<CatchUpStore.Position> before = List.copyOf(open.values());
        List<CatchUpStore.Position> level =
                database.transaction(connection -> write(connection, before, moved, found));
        if (level == null) {
            return false;
        }
        deleted.forEach(losses::recordsLost);
        deleted.clear();
        placer.arrived(subscription.id());
        for (CatchUpStore.Position one : moved) {
            open.put(new TopicPartition(one.topic(), one.partition()), one);
        }
        if (!level.isEmpty()) {
            level.forEach(one -> open.remove(new TopicPartition(one.topic(), one.partition())));
            consumer.assign(open.keySet());
            seek(consumer, open);
        }
        gathered.rethrow(); // one that cannot be read keeps none of the others from moving on
        return true;
    }

    /** Returns the partitions that routing brings from now on; null when another was at work. */
    private @Nullable List<CatchUpStore.Position> write(
            Connection connection,
            List<CatchUpStore.Position> before,
            List<CatchUpStore.Position> moved,
            List<Delivery> found)
            throws SQLException {
        // What was read is of topics that were there until now: their names were not free.
        Map<CatchUpStore.Position, Long> routed = CatchUpStore.routed(connection, moved, false);
        boolean near = moved.stream().anyMatch(one -> one.next() >= routed.getOrDefault(one, 0L));
        if (near || !deleted.isEmpty()) {
            // As others do: first the version, then the positions.
            Subscriptions.announceChange(connection, subscription.id());
        }
        List<CatchUpStore.Position> there =
                CatchUpStore.positions(connection, subscription.id(), true);
        if (!there.containsAll(before) || there.size() != before.size()) {
            return null;
        }
        List<CatchUpStore.Position> level = new ArrayList<>();
        if (near) {
            Map<CatchUpStore.Position, Long> held = CatchUpStore.routed(connection, moved, true);
            moved.stream()
                    .filter(one -> one.next() >= held.getOrDefault(one, 0L))
                    .forEach(level::add);
        }
        if (!deleted.isEmpty()) {
            CatchUpStore.note(connection, subscription.id(), gap());
        }
        insert(connection, found);
        CatchUpStore.move(connection, subscription.id(), moved);
        CatchUpStore.finish(connection, subscription.id(), level);
        // Before anything is routed behind it.
        placer.leftBehind(subscription.id());
        return level;
    }

    private String gap() {
        long events = deleted.values().stream().mapToLong(Long::longValue).sum();
        List<String> topics =
                deleted.keySet().stream().map(TopicPartition::topic).distinct().sorted().toList();
        return "up to %d events of %s were deleted from Kafka before they could be brought"
                .formatted(events, String.join(", ", topics));
    }

    private void insert(Connection connection, List<Delivery> found) throws SQLException {
        if (found.isEmpty()) {
            return;
        }
        PendingStore.owe(connection, found, copy);
        ArrivalNotices.announce(connection, subscription.id());
    }

    static Map<String, Object> settings(Map<String, Object> kafka, UUID subscription) {
        Map<String, Object> all = new HashMap<>(kafka);
        all.remove(ConsumerConfig.GROUP_ID_CONFIG);
        all.put(ConsumerConfig.CLIENT_ID_CONFIG, "catch-up-" + subscription);
        all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        // Else what was deleted would be passed over without a word.
        all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        // What is fetched ahead is memory, and what a poll returns is in it several times over.
        all.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 2 << 20);
        all.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 512 << 10);
        all.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, Gathered.A_POLL);
        all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        all.put(ConsumerConfig.ENABLE_METRICS_PUSH_CONFIG, false);
        all.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        all.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return all;
    }
}
