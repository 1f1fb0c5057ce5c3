package dev.jubilee.events.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * How a loop consumes.
 *
 * @param group whose positions these are; its members share the partitions
 * @param clientId names the thread, and the client to Kafka
 * @param kafka how to reach Kafka ({@code bootstrap.servers}, security), and what else of its
 *     client's settings is to differ; what keeps the loop's promises cannot be changed. A {@code
 *     group.id} goes before the group's name at Kafka, so that several systems can share a cluster
 * @param maxPollRecords at most so many records a batch
 * @param alarmInterval how often a partition that cannot be consumed from is complained of
 * @param pace after a batch of {@value #MANY} records or more the next begins no sooner than so
 *     long after it began, after one of {@value #FEW} or less at once, in between as much sooner;
 *     zero if each begins at once
 */
public record LoopSettings(
        String group,
        String clientId,
        Map<String, Object> kafka,
        int maxPollRecords,
        Duration alarmInterval,
        Duration pace) {
    /** For so few records nobody waits. */
    private static final int FEW = 8;

    /** Of so many records a batch costs as much for them as for itself. */
    private static final int MANY = 40;

    private static final int DEFAULT_MAX_POLL_RECORDS = 2500;
    private static final Duration DEFAULT_ALARM_INTERVAL = Duration.ofSeconds(10);

    public LoopSettings {
        kafka = Map.copyOf(kafka);
        if (maxPollRecords < 1) {
            throw new IllegalArgumentException(
                    "maxPollRecords must be at least 1, was " + maxPollRecords);
        }
        if (!alarmInterval.isPositive()) {
            throw new IllegalArgumentException(
                    "alarmInterval must be positive, was " + alarmInterval);
        }
        if (pace.isNegative()) {
            throw new IllegalArgumentException("pace must not be negative, was " + pace);
        }
    }

    /** Batches of up to 2,500 records, alarms every 10 seconds. */
    public static LoopSettings of(String group, Map<String, Object> kafka) {
        return new LoopSettings(
                group,
                group,
                kafka,
                DEFAULT_MAX_POLL_RECORDS,
                DEFAULT_ALARM_INTERVAL,
                Duration.ZERO);
    }

    public LoopSettings withClientId(String value) {
        return new LoopSettings(group, value, kafka, maxPollRecords, alarmInterval, pace);
    }

    public LoopSettings withMaxPollRecords(int value) {
        return new LoopSettings(group, clientId, kafka, value, alarmInterval, pace);
    }

    public LoopSettings withAlarmInterval(Duration value) {
        return new LoopSettings(group, clientId, kafka, maxPollRecords, value, pace);
    }

    /**
     * While there is much, batches begin so far apart. Each costs the broker, this program and the
     * database something whatever is in it; what comes in small numbers is still handled at once.
     * In between the pause grows with the batch: else a flow whose batches stay just below some
     * size would never be gathered into fewer.
     */
    public LoopSettings withPace(Duration value) {
        return new LoopSettings(group, clientId, kafka, maxPollRecords, alarmInterval, value);
    }

    /**
     * Lets the broker hold an answer back until there is much to tell, or so long. Small batches
     * cost the broker, this program and the database more an event than large ones; what consumes
     * for the record rather than for the moment does well to wait a little.
     */
    public LoopSettings gathering(Duration longest) {
        Map<String, Object> patient = new HashMap<>(kafka);
        patient.put(ConsumerConfig.FETCH_MIN_BYTES_CONFIG, 256 << 10);
        patient.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, Math.toIntExact(longest.toMillis()));
        return new LoopSettings(group, clientId, patient, maxPollRecords, alarmInterval, pace);
    }

    /** How long after a batch of so many records began the next may begin. */
    Duration paceAfter(int records) {
        return pace.multipliedBy(Math.clamp(records, FEW, MANY) - FEW).dividedBy(MANY - FEW);
    }

    Map<String, Object> consumer() {
        Map<String, Object> all = new HashMap<>();
        // A member that dies is replaced after the session, one that comes is noticed at the next
        // heartbeat of the others; 6 s is the least that brokers allow by default.
        all.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 6000);
        all.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 500);
        all.put(ConsumerConfig.FETCH_MIN_BYTES_CONFIG, 1);
        all.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 500);
        // What is fetched ahead is memory: enough for a batch or two, whatever waits behind it.
        all.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 2 << 20);
        all.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 512 << 10);
        all.put(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
        // Notices a topic that is made later, and partitions that are added, in seconds.
        all.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, 5000);
        all.put(ConsumerConfig.ENABLE_METRICS_PUSH_CONFIG, false);
        all.putAll(kafka);
        Object prefix = kafka.get(ConsumerConfig.GROUP_ID_CONFIG);
        all.put(ConsumerConfig.GROUP_ID_CONFIG, prefix == null ? group : prefix + "." + group);
        all.put(ConsumerConfig.CLIENT_ID_CONFIG, clientId);
        all.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, Math.min(maxPollRecords, Gathered.A_POLL));
        all.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "classic");
        all.put(
                ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
                CooperativeStickyAssignor.class.getName());
        all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        all.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        all.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        return all;
    }
}
