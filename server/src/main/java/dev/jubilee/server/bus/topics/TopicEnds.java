package dev.jubilee.server.bus.topics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** Where the topics end at the moment. Thread-safe. */
public final class TopicEnds {
    private static final long TIMEOUT_SECONDS = 10;

    /**
     * The end of one partition.
     *
     * @param topicId Kafka's: a topic that is deleted and made again is another one
     * @param offset the next one that will be written
     */
    public record End(String topic, UUID topicId, int partition, long offset) {}

    private final Admin admin;
    private final TopicCatalogue catalogue;

    public TopicEnds(Admin admin, TopicCatalogue catalogue) {
        this.admin = admin;
        this.catalogue = catalogue;
    }

    /**
     * The ends of every partition of every topic; one that somebody deleted from Kafka has none.
     * Blocks.
     *
     * @throws IllegalStateException when Kafka does not answer within ten seconds
     */
    public List<End> now() {
        return asked(() -> {
            Map<String, TopicDescription> topics = describe();
            Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
            topics.forEach((name, topic) ->
                    topic.partitions()
                            .forEach(one ->
                                    wanted.put(
                                            new TopicPartition(name, one.partition()),
                                            OffsetSpec.latest())));
            List<End> ends = new ArrayList<>();
            admin.listOffsets(wanted)
                    .all()
                    .get(TIMEOUT_SECONDS, TimeUnit.SECONDS)
                    .forEach((at, end) ->
                            ends.add(
                                    new End(
                                            at.topic(),
                                            id(topics.get(at.topic())),
                                            at.partition(),
                                            end.offset())));
            return ends;
        });
    }

    /**
     * Kafka's ids of the topics, of those that it has. Blocks.
     *
     * @throws IllegalStateException when Kafka does not answer within ten seconds
     */
    public Map<String, UUID> ids() {
        return asked(() -> {
            Map<String, UUID> ids = new HashMap<>();
            describe().forEach((name, topic) -> ids.put(name, id(topic)));
            return ids;
        });
    }

    /** A question to Kafka. */
    @FunctionalInterface
    private interface Question<T> {
        T ask() throws InterruptedException, ExecutionException, TimeoutException;
    }

    private static <T> T asked(Question<T> question) {
        try {
            return question.ask();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while Kafka was asked for its ends", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("Kafka does not say where its topics end", e);
        }
    }

    private Map<String, TopicDescription> describe()
            throws InterruptedException, ExecutionException, TimeoutException {
        Map<String, TopicDescription> found = new HashMap<>();
        for (KafkaFuture<TopicDescription> description :
                admin.describeTopics(List.copyOf(catalogue.names())).topicNameValues().values()) {
            try {
                TopicDescription topic = description.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
                found.put(topic.name(), topic);
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
            }
        }
        return found;
    }

    private static UUID id(@Nullable TopicDescription topic) {
        Uuid id = Objects.requireNonNull(topic).topicId();
        return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }
}
