package dev.jubilee.server.bus.delivery.routing;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.OffsetAdvance;
import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.events.kafka.Batch;
import dev.jubilee.events.kafka.BatchHandler;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import dev.jubilee.events.kafka.RetryableException;
import dev.jubilee.events.postgres.PostgresOffsets;
import dev.jubilee.server.bus.delivery.clearance.Clearance;
import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.pending.PendingStore;
import dev.jubilee.server.bus.delivery.shards.Ownership;
import dev.jubilee.server.bus.filters.FilterEvent;
import dev.jubilee.server.bus.store.BinaryCopy;
import dev.jubilee.server.bus.subscriptions.Subscription;
import dev.jubilee.server.bus.subscriptions.SubscriptionDirectory;
import dev.jubilee.server.bus.subscriptions.SubscriptionIndex;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.forwarding.ForwardedMarks;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Matches each event against the subscriptions, and writes a row for each match in the transaction
 * that moves the consumer on: each event is owed exactly once, whenever an instance dies. The
 * subscriptions are those of that moment: the transaction compares their version. For the consuming
 * loop's thread.
 */
public final class DeliveryRouter implements BatchHandler {
    private static final Most MOST = new Most(20_000, 8 << 20);

    private final Database database;
    private final PostgresOffsets offsets;
    private final SubscriptionDirectory directory;
    private final Ownership ownership;
    private final Clearance clearance;
    private final DeliveryPlacer placer;
    private final InstantSource clock;
    private final RoutingMetrics metrics;
    private final CloudEventsJson json;
    private final String deadLetterTopic;
    private final Most most;
    private final BinaryCopy copy = new BinaryCopy();
    private final UncertainCommits uncertain;
    private volatile boolean closing;

    /**
     * The most that one transaction writes, unless a single record makes more due.
     *
     * @param bytes of bodies, each once however many are owed it
     */
    record Most(int deliveries, int bytes) {
        boolean isReached(int deliveries, long bytes) {
            return deliveries >= this.deliveries || bytes >= this.bytes;
        }
    }

    /** The deliveries that the next so many records make due. */
    private record Matched(List<Delivery> deliveries, int records) {}

    /** The parts that the router works with. */
    public record Parts(
            Database database,
            PostgresOffsets offsets,
            SubscriptionDirectory directory,
            Ownership ownership,
            Clearance clearance,
            InstantSource clock) {}

    public DeliveryRouter(
            Parts parts, DeliveryPlacer placer, String deadLetterTopic, RoutingMetrics metrics) {
        this(parts, placer, deadLetterTopic, metrics, MOST);
    }

    DeliveryRouter(
            Parts parts,
            DeliveryPlacer placer,
            String deadLetterTopic,
            RoutingMetrics metrics,
            Most most) {
        this.database = parts.database();
        this.offsets = parts.offsets();
        this.directory = parts.directory();
        this.ownership = parts.ownership();
        this.clearance = parts.clearance();
        this.clock = parts.clock();
        this.placer = placer;
        this.deadLetterTopic = deadLetterTopic;
        this.metrics = metrics;
        this.most = most;
        this.json = new CloudEventsJson(clock);
        this.uncertain = new UncertainCommits(database, placer);
    }

    /** The transaction wrote nothing, for this reason. */
    private static final class Undone extends RuntimeException {
        private static final long serialVersionUID = 1L;

        enum Reason {
            OVERTAKEN,
            OUTDATED,
            DEPOSED
        }

        private final Reason reason;

        Undone(Reason reason) {
            super(reason.name(), null, false, false);
            this.reason = reason;
        }
    }

    @Override
    public Handled handle(Batch batch) {
        settleUncertain();
        if (batch.advance().steps().stream().anyMatch(OffsetAdvance.Step::isBack)) {
            return goBack(batch.advance());
        }
        BatchParts parts = new BatchParts(batch);
        // With many subscriptions one poll may make more due than memory holds.
        while (!parts.isDone()) {
            if (closing) {
                throw new RetryableException("this instance ends; others go on from here", null);
            }
            if (handleNext(parts) == Handled.FENCED) {
                return Handled.FENCED;
            }
        }
        return Handled.ADVANCED;
    }

    /** Ends the batch under way with its part under way. Any thread may call this. */
    public void closing() {
        closing = true;
    }

    private Handled handleNext(BatchParts parts) {
        while (true) {
            UUID instance = ownership.instance();
            SubscriptionIndex index = directory.index();
            Matched matched = match(index, parts);
            OffsetAdvance advance = parts.advance(matched.records());
            List<Placement> rows = new ArrayList<>();
            boolean committed = false;
            placer.batchBegins();
            try {
                database.transaction(connection -> {
                    rows.clear();
                    PendingStore.Head head = head(connection, instance, index);
                    write(connection, head, advance, matched.deliveries(), rows);
                    return rows;
                });
                committed = true;
                placer.routed(rows);
                metrics.routed(matched.records(), rows.size());
                parts.passed(matched.records(), advance);
                return Handled.ADVANCED;
            } catch (Undone e) {
                switch (e.reason) {
                    case OVERTAKEN -> {
                        return Handled.FENCED;
                    }
                    case OUTDATED -> refresh();
                    case DEPOSED -> {
                        ownership.deposed(instance);
                        throw new RetryableException("this instance was taken for dead", null);
                    }
                }
            } catch (DatabaseException e) {
                uncertain.add(instance, rows);
                throw new RetryableException(String.valueOf(e.getMessage()), e);
            } finally {
                if (!committed) {
                    placer.unreserve(rows);
                }
                placer.batchEnds();
            }
        }
    }

    private Handled goBack(OffsetAdvance advance) {
        try {
            database.transaction(connection -> {
                // First the subscriptions, then the positions, as ever.
                for (OffsetAdvance.Step step : advance.steps()) {
                    LogTruncations.heed(connection, step.partition(), step.next().offset());
                }
                if (!offsets.advance(connection, advance)) {
                    throw new Undone(Undone.Reason.OVERTAKEN);
                }
                return advance;
            });
            return Handled.ADVANCED;
        } catch (Undone e) {
            return Handled.FENCED;
        } catch (DatabaseException e) {
            throw new RetryableException(String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Settles deliveries whose commit outcome is unknown: those that were committed wait in
     * PostgreSQL. Routing does it before each batch; call it from time to time as well, as there
     * may be no next batch. Thread-safe.
     *
     * @throws RetryableException while PostgreSQL does not answer
     */
    public void settleUncertain() {
        uncertain.settle();
    }

    private void refresh() {
        try {
            directory.refresh();
        } catch (DatabaseException e) {
            throw new RetryableException(String.valueOf(e.getMessage()), e);
        }
    }

    private static PendingStore.Head head(
            Connection connection, UUID instance, SubscriptionIndex index) throws SQLException {
        // First the subscriptions, then the positions, as whoever ends a catch-up does.
        PendingStore.Head head =
                PendingStore.head(connection, instance)
                        .orElseThrow(() -> new Undone(Undone.Reason.DEPOSED));
        if (head.version() != index.version()) {
            throw new Undone(Undone.Reason.OUTDATED);
        }
        return head;
    }

    private void write(
            Connection connection,
            PendingStore.Head head,
            OffsetAdvance advance,
            List<Delivery> matched,
            List<Placement> rows)
            throws SQLException {
        if (!offsets.advance(connection, advance)) {
            throw new Undone(Undone.Reason.OVERTAKEN);
        }
        if (matched.isEmpty()) {
            return;
        }
        Set<UUID> concerned = new LinkedHashSet<>();
        matched.forEach(one -> concerned.add(one.subscriptionId()));
        if (head.instances() > 1) {
            Set<UUID> level = placer.level(concerned);
            PendingStore.waiting(connection, level, placer.loaded(level))
                    .forEach(placer::leftBehind);
        }
        long id = head.firstId();
        List<Delivery> numbered = new ArrayList<>(matched.size());
        for (Delivery one : matched) {
            int used = numbered.size() % PendingStore.BLOCK;
            if (used == 0 && !numbered.isEmpty()) {
                id = PendingStore.nextBlock(connection);
            }
            numbered.add(one.numbered(id + used));
        }
        Instant now = clock.instant();
        rows.addAll(inOrder(numbered, one -> placer.place(one, now)));
        PendingStore.insert(connection, rows, copy);
        placer.announce(connection, rows);
    }

    /**
     * Decides where each delivery goes, in order. Nothing goes past what waits, though there may be
     * room by now: nothing of the subscription, or of the key if that alone is parked.
     */
    static List<Placement> inOrder(List<Delivery> deliveries, Function<Delivery, Placement> place) {
        List<Placement> rows = new ArrayList<>(deliveries.size());
        Set<UUID> waiting = new HashSet<>();
        Set<KeyOf> parked = new HashSet<>();
        for (Delivery one : deliveries) {
            Placement row;
            if (waiting.contains(one.subscriptionId())) {
                row = Placement.waiting(one);
            } else if (!parked.isEmpty() && parked.contains(KeyOf.of(one))) {
                row = Placement.parked(one);
            } else {
                row = place.apply(one);
            }
            if (row.parked()) {
                parked.add(KeyOf.of(one));
            } else if (!row.taken()) {
                waiting.add(one.subscriptionId());
            }
            rows.add(row);
        }
        return rows;
    }

    private record KeyOf(UUID subscription, @Nullable String key) {
        static KeyOf of(Delivery one) {
            return new KeyOf(one.subscriptionId(), one.key());
        }
    }

    /**
     * The deliveries that the next records make due: of as many records as one transaction may
     * write, of one at least.
     */
    private Matched match(SubscriptionIndex index, BatchParts parts) {
        List<Delivery> deliveries = new ArrayList<>();
        int records = 0;
        long bytes = 0;
        for (ConsumerRecord<byte[], byte[]> record : parts.rest()) {
            // The type alone: most events are for nobody, and an envelope costs more.
            if (index.mayWant(record.topic(), KafkaEnvelopes.typeOf(record))) {
                bytes += match(index, record, parts.topicId(record), deliveries);
            }
            records++;
            if (most.isReached(deliveries.size(), bytes)) {
                break;
            }
        }
        return new Matched(deliveries, records);
    }

    /**
     * The deliveries that a record of the past makes due, whether or not a subscription starts
     * behind it. Thread-safe.
     */
    public List<Delivery> past(SubscriptionIndex index, ConsumerRecord<byte[], byte[]> record) {
        List<Delivery> found = new ArrayList<>();
        if (!index.mayWant(record.topic(), KafkaEnvelopes.typeOf(record))) {
            return found;
        }
        Envelope event = KafkaEnvelopes.read(record);
        index.match(
                record.topic(),
                event.type(),
                () -> FilterEvent.of(record.topic(), event),
                one -> {
                    if (!isOfNoConcern(one, record.topic(), event)) {
                        found.add(
                                Delivery.of(
                                        one.id(),
                                        record.topic(),
                                        event,
                                        json.write(event),
                                        clock.instant()));
                    }
                });
        return found;
    }

    /** Returns the bytes of the body that is owed; none when nobody wants it. */
    private int match(
            SubscriptionIndex index,
            ConsumerRecord<byte[], byte[]> record,
            @Nullable UUID topicId,
            List<Delivery> into) {
        Envelope event = KafkaEnvelopes.read(record);
        List<Subscription> found = new ArrayList<>();
        index.match(
                record.topic(),
                event.type(),
                () -> FilterEvent.of(record.topic(), event),
                found::add);
        byte[] body = null;
        for (Subscription subscription : found) {
            if (isBefore(subscription, topicId, record)
                    || isOfNoConcern(subscription, record.topic(), event)) {
                continue;
            }
            if (body == null) {
                body = json.write(event);
            }
            into.add(Delivery.of(subscription.id(), record.topic(), event, body, clock.instant()));
        }
        return body == null ? 0 : body.length;
    }

    private static boolean isBefore(
            Subscription subscription,
            @Nullable UUID topicId,
            ConsumerRecord<byte[], byte[]> record) {
        List<Long> starts = topicId == null ? null : subscription.startsAt().get(topicId);
        return starts != null
                && record.partition() < starts.size()
                && record.offset() < starts.get(record.partition());
    }

    /**
     * Whether the event is kept from the subscription. A dead letter is, unless the subscription
     * names the dead-letter topic: one that wants everything would get its own dead letters again.
     * An event that was relayed to a topic is not relayed again: two subscriptions would pass it on
     * for ever. And nobody gets events of topics that are closed to them.
     */
    private boolean isOfNoConcern(Subscription subscription, String topic, Envelope event) {
        boolean deadLetter =
                topic.equals(deadLetterTopic) && !subscription.topicPattern().equals(topic);
        return deadLetter
                || !clearance.allows(subscription, topic)
                || (subscription.hasTargetTopic()
                        && event.extensions().containsKey(ForwardedMarks.RELAY));
    }
}
