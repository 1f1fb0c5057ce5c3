package dev.jubilee.server.bus.topics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Where the topics end at the moment. Thread-safe. */
public final class TopicEnds {
    private static final long TIMEOUT_SECONDS = 10;

    /**
     * The end of one partition.
     *
     * @param offset the next one that will be written
     */
    public record End(String topic, int partition, long offset) {}

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
        try {
            Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
            for (KafkaFuture<TopicDescription> description :
                    admin.describeTopics(List.copyOf(catalogue.names()))
                            .topicNameValues()
                            .values()) {
                want(description, wanted);
            }
            List<End> ends = new ArrayList<>();
            admin.listOffsets(wanted)
                    .all()
                    .get(TIMEOUT_SECONDS, TimeUnit.SECONDS)
                    .forEach((at, end) ->
                            ends.add(new End(at.topic(), at.partition(), end.offset())));
            return ends;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while Kafka was asked for its ends", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("Kafka does not say where its topics end", e);
        }
    }

    private static void want(
            KafkaFuture<TopicDescription> description, Map<TopicPartition, OffsetSpec> wanted)
            throws InterruptedException, ExecutionException, TimeoutException {
        try {
            TopicDescription topic = description.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            for (var partition : topic.partitions()) {
                wanted.put(
                        new TopicPartition(topic.name(), partition.partition()),
                        OffsetSpec.latest());
            }
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                throw e;
            }
        }
    }
}
