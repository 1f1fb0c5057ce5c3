package dev.jubilee.server.bus.publish;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.Priority;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import dev.jubilee.server.bus.publish.PublishException.Reason;
import dev.jubilee.server.bus.stats.Activity;
import dev.jubilee.server.bus.topics.TopicCatalogue;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes events to Kafka with {@code acks=all}, idempotently. Never blocks the caller: a bounded
 * lane hands the records over. Events of one key that are published one after the other keep their
 * order. Thread-safe.
 */
public final class Publisher implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Publisher.class);

    /**
     * How long settling waits for a call that has stamped its events; after that the call is
     * refused when it comes.
     */
    private static final Duration STAMP_TO_LANE = Duration.ofSeconds(5);

    private final TopicCatalogue topics;
    private final PublishSettings settings;
    private final AcceptanceClock clock;
    private final InFlightEpochs epochs = new InFlightEpochs();
    private final EventId ids;
    private final SenderLane lane;
    private final KafkaBreaker breaker = new KafkaBreaker(System::nanoTime);
    private final PublishMetrics metrics;

    /**
     * @param kafka how clients reach Kafka: {@code bootstrap.servers} and the like
     */
    public Publisher(
            Map<String, Object> kafka,
            TopicCatalogue topics,
            PublishSettings settings,
            InstantSource clock,
            MeterRegistry registry,
            Activity activity) {
        this.topics = topics;
        this.settings = settings;
        this.clock = new AcceptanceClock(clock);
        this.ids = new EventId(this.clock);
        this.lane = new SenderLane(producer(kafka, settings), settings.laneRequests());
        this.metrics = new PublishMetrics(registry, activity);
        Gauge.builder("event_bus_kafka_breaker_open", breaker, b -> b.isOpen() ? 1 : 0)
                .description("Whether publishing is refused because Kafka does not answer")
                .register(registry);
        Gauge.builder("event_bus_event_buffer_size", lane, SenderLane::waiting)
                .description("Requests that wait to be handed to Kafka")
                .register(registry);
    }

    private static KafkaProducer<byte[], byte[]> producer(
            Map<String, Object> kafka, PublishSettings settings) {
        Map<String, Object> config = new HashMap<>(kafka);
        int timeout = Math.toIntExact(settings.timeout().toMillis());
        int linger = Math.toIntExact(settings.linger().toMillis());
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        config.put(ProducerConfig.LINGER_MS_CONFIG, linger);
        config.put(ProducerConfig.BATCH_SIZE_CONFIG, 128 * 1024);
        config.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 8L << 20);
        config.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, settings.compression());
        config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, settings.maxRecordBytes());
        config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, timeout);
        config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, Math.max(1, (timeout - linger) / 2));
        config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, Math.min(2_000, timeout));
        config.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Whether events are being handed to Kafka at the moment. */
    public boolean isBusy() {
        return lane.isBusy();
    }

    /** Begins to hand over. */
    public void start() {
        lane.start();
    }

    /**
     * Publishes one event. Its id stays as it is, so that a repetition is recognised; the moment of
     * acceptance is set here.
     *
     * @return completes once Kafka has acknowledged, exceptionally with a {@link PublishException}
     */
    public CompletableFuture<Published> publish(String topic, Envelope event) {
        return publish(topic, List.of(event)).thenApply(List::getFirst);
    }

    /**
     * Publishes events of one topic, in this order.
     *
     * @return completes once Kafka has acknowledged all of them, exceptionally with the {@link
     *     PublishException} of the first that failed, while others may have been published
     */
    public CompletableFuture<List<Published>> publish(String topic, List<Envelope> events) {
        return toKnown(
                topic,
                () -> accepting(() -> send(stamped(topic, events), true)).toCompletableFuture());
    }

    /**
     * Gives events their moment of acceptance. Their ids count as a client's: a caller that repeats
     * them must be recognised.
     */
    private List<Accepted> stamped(String topic, List<Envelope> events) {
        List<Accepted> accepted = new ArrayList<>(events.size());
        for (Envelope event : events) {
            Envelope stamped =
                    event.toBuilder().idOrigin(IdOrigin.CLIENT).acceptedAt(now()).build();
            accepted.add(new Accepted(topic, stamped));
        }
        return accepted;
    }

    /**
     * Sends events on to a topic as they are, in this order; the caller has marked them.
     *
     * @return as {@link #publish(String, List)}
     */
    public CompletableFuture<List<Published>> forward(String topic, List<Envelope> events) {
        return toKnown(
                topic,
                () ->
                        send(
                                events.stream().map(event -> new Accepted(topic, event)).toList(),
                                false));
    }

    /** Looks once more before it says that there is no such topic. */
    private CompletableFuture<List<Published>> toKnown(
            String topic, Supplier<CompletableFuture<List<Published>>> sending) {
        if (topics.find(topic) != null) {
            return sending.get();
        }
        return topics.refreshSoon()
                .thenCompose(fresh ->
                        topics.find(topic) != null
                                ? sending.get()
                                : CompletableFuture.failedFuture(
                                        new PublishException(
                                                Reason.UNKNOWN_TOPIC,
                                                "there is no topic \"" + topic + "\"")));
    }

    private CompletableFuture<List<Published>> send(List<Accepted> accepted, boolean fresh) {
        CompletableFuture<InFlightPublish> inFlight = ship(accepted, fresh);
        if (inFlight == null) {
            return CompletableFuture.failedFuture(
                    new PublishException(Reason.NOT_SENT, "too many events wait for Kafka"));
        }
        return inFlight.thenApply(done -> published(accepted, done));
    }

    /** An event, stamped with the moment of its acceptance, on its way to a topic that exists. */
    record Accepted(String topic, Envelope event) {
        /** When the bus took it, by the clock that stamps events. */
        long acceptedMillis() {
            Instant at = event.acceptedAt();
            return at == null ? Long.MAX_VALUE : at.toEpochMilli();
        }
    }

    /**
     * Runs a call that stamps events and hands them over. Nothing may be stamped outside of it:
     * settling has to know which calls to wait for.
     */
    <T> CompletionStage<T> accepting(Supplier<? extends CompletionStage<T>> work) {
        int begun = epochs.begin();
        CompletionStage<T> outcome;
        try {
            outcome = work.get();
        } catch (RuntimeException | Error e) {
            epochs.end(begun);
            throw e;
        }
        return outcome.whenComplete((done, failure) -> epochs.end(begun));
    }

    /** A new id of the bus's own making; its time is the moment of acceptance. */
    UUID nextId() {
        return ids.next();
    }

    /** The time to the millisecond, as ids carry it. */
    Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    /**
     * Hands over; null when the lane is full, or Kafka has not answered for a while. Completes on
     * Kafka's own thread: what follows must be brief.
     */
    @Nullable CompletableFuture<InFlightPublish> ship(List<Accepted> accepted) {
        return ship(accepted, true);
    }

    /**
     * @param fresh whether they were accepted just now, and not before they came here
     */
    private @Nullable CompletableFuture<InFlightPublish> ship(
            List<Accepted> accepted, boolean fresh) {
        if (!breaker.lets()) {
            return null;
        }
        long start = System.nanoTime();
        long earliest = Long.MAX_VALUE;
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>(accepted.size());
        List<Label> labels = new ArrayList<>(accepted.size());
        boolean urgent = !accepted.isEmpty();
        for (Accepted one : accepted) {
            records.add(KafkaEnvelopes.record(one.topic(), one.event()));
            labels.add(new Label(one.topic(), one.event().type()));
            urgent &= one.event().priority() == Priority.HIGH;
            earliest = Math.min(earliest, fresh ? one.acceptedMillis() : Long.MAX_VALUE);
        }
        // The time runs from the acceptance, so that what was held up since then is not sent late.
        long age = earliest == Long.MAX_VALUE ? 0 : Math.max(0, clock.millis() - earliest);
        long deadline = start + settings.timeout().minusMillis(age).toNanos();
        InFlightPublish inFlight = new InFlightPublish(records, earliest, deadline, urgent);
        if (!lane.offer(inFlight)) {
            return null;
        }
        return inFlight.done()
                .thenApply(done -> {
                    count(labels, done);
                    return done;
                });
    }

    /** The labels of an event in the figures, kept while its acknowledgement is awaited. */
    private record Label(String topic, String type) {}

    private void count(List<Label> labels, InFlightPublish done) {
        boolean acknowledged = false;
        boolean letDown = false;
        for (int i = 0; i < labels.size(); i++) {
            Label one = labels.get(i);
            PublishException failure = done.failure(i);
            if (failure == null) {
                metrics.acknowledged(one.topic(), one.type());
                acknowledged = true;
            } else {
                metrics.failed(one.topic(), one.type());
                letDown |= isLetDown(failure.reason());
            }
        }
        if (acknowledged) {
            breaker.acknowledged();
        } else if (letDown) {
            breaker.failed();
        }
    }

    /**
     * Whether the failure means that Kafka does not answer, and not that one topic or event is at
     * fault.
     */
    private static boolean isLetDown(Reason reason) {
        return switch (reason) {
            case NOT_SENT, OUTCOME_UNKNOWN -> true;
            case TOO_LARGE, TOPIC_MISSING, UNKNOWN_TOPIC -> false;
        };
    }

    private static List<Published> published(List<Accepted> accepted, InFlightPublish done) {
        List<Published> all = new ArrayList<>(accepted.size());
        for (int i = 0; i < accepted.size(); i++) {
            PublishException failure = done.failure(i);
            if (failure != null) {
                throw failure;
            }
            Accepted one = accepted.get(i);
            all.add(
                    new Published(
                            one.event().id(), one.topic(), done.partition(i), done.offset(i)));
        }
        return all;
    }

    /**
     * Waits until everything that this instance accepted before the moment, by its own clock, is
     * acknowledged by Kafka or has failed. Nothing is accepted as of before the moment any more:
     * calls that stamped before are waited for, and what they hold up for longer than seconds is
     * refused as not sent. One caller at a time.
     */
    public void settleThrough(Instant moment) throws InterruptedException {
        clock.promise(moment);
        if (!epochs.awaitEarlier(STAMP_TO_LANE)) {
            log.warn(
                    "some of what was accepted before {} has no outcome after {} s; what of it has not"
                            + " been handed to Kafka's producer is refused from now on",
                    moment,
                    STAMP_TO_LANE.toSeconds());
        }
        lane.settleThrough(moment.toEpochMilli());
    }

    /** Hands over what was accepted, waits for Kafka to acknowledge it, and ends. */
    @Override
    public void close() {
        lane.close();
    }
}
