package dev.jubilee.server.bus.publish;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Topics that Kafka, which answers, does not have, although the platform does. A record for such a
 * one would hold the lane up until the producer has waited for it in vain, each time anew. So it is
 * refused, and a thread of its own asks whether the topic is there again, for as long as somebody
 * publishes to it. Thread-safe; while none is missing, it costs a read.
 */
final class MissingTopics {
    private static final Logger log = LoggerFactory.getLogger(MissingTopics.class);

    private final Producer<byte[], byte[]> producer;

    /** Whether a topic is being asked for, by its name. */
    private final Map<String, AtomicBoolean> missing = new ConcurrentHashMap<>();

    MissingTopics(Producer<byte[], byte[]> producer) {
        this.producer = producer;
    }

    /** Whether Kafka did not have it when last asked; if so it is asked again. Never blocks. */
    boolean contains(String topic) {
        AtomicBoolean asking = missing.get(topic);
        if (asking == null) {
            return false;
        }
        if (asking.compareAndSet(false, true)) {
            Thread.ofVirtual().name("publish-look").start(() -> look(topic, asking));
        }
        return true;
    }

    /** Whether the failure says that Kafka has no such topic; it is then known from now on. */
    boolean isMissing(String topic, Throwable failure) {
        boolean is =
                failure instanceof TimeoutException
                        && failure.getCause() instanceof UnknownTopicOrPartitionException;
        if (is && missing.putIfAbsent(topic, new AtomicBoolean()) == null) {
            log.warn("Kafka does not have the topic {}; what is published to it is refused", topic);
        }
        return is;
    }

    private void look(String topic, AtomicBoolean asking) {
        try {
            var _ = producer.partitionsFor(topic);
            missing.remove(topic);
            log.info("Kafka has the topic {} again", topic);
        } catch (RuntimeException e) {
            log.debug("the topic {} is still missing: {}", topic, e.getMessage());
        } finally {
            asking.set(false);
        }
    }
}
