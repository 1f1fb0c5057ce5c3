package dev.jubilee.events.kafka;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;

/** What Kafka's clients may not be told by others, because a promise of the bus rests on it. */
final class ClientProperties {
    /** With the only values that keep the promise, if any. */
    private static final List<Fixed> FIXED =
            List.of(
                    new Fixed(
                            ProducerConfig.ACKS_CONFIG,
                            Set.of("all", "-1"),
                            "what is published survives the loss of brokers"),
                    new Fixed(
                            ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
                            Set.of("true"),
                            "what is sent again keeps its place"),
                    new Fixed(
                            ProducerConfig.PARTITIONER_IGNORE_KEYS_CONFIG,
                            Set.of("false"),
                            "events of a key lie in one partition"),
                    new Fixed(
                            ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                            Set.of(),
                            "each event is published by itself"),
                    new Fixed(
                            ConsumerConfig.GROUP_ID_CONFIG,
                            Set.of(),
                            "the group is the durable name of a subscription"),
                    new Fixed(
                            ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
                            Set.of(),
                            "a bus has several members of a group"),
                    new Fixed(
                            ConsumerConfig.GROUP_PROTOCOL_CONFIG,
                            Set.of("classic"),
                            "a group commits what it handled before its partitions move"),
                    new Fixed(
                            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                            Set.of("false"),
                            "only what was handled is committed"),
                    new Fixed(
                            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                            Set.of("earliest"),
                            "a durable subscription skips nothing"),
                    new Fixed(
                            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                            Set.of("read_committed"),
                            "what was never published is not handled"),
                    new Fixed(
                            ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, Set.of(), "keys are bytes"),
                    new Fixed(
                            ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG,
                            Set.of(),
                            "values are bytes"),
                    new Fixed(
                            ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
                            Set.of(),
                            "keys are bytes"),
                    new Fixed(
                            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
                            Set.of(),
                            "values are bytes"));

    private record Fixed(String name, Set<String> allowed, String promise) {
        String problem(Object given) {
            String allows =
                    allowed.isEmpty()
                            ? "cannot be set"
                            : "can only be "
                                    + String.join(" or ", allowed.stream().sorted().toList());
            return "'%s' %s, because %s; was '%s'".formatted(name, allows, promise, given);
        }
    }

    private ClientProperties() {}

    /**
     * Refuses what breaks a promise.
     *
     * @throws IllegalArgumentException naming every property that does, and why
     */
    static void require(Map<String, Object> kafka) {
        List<String> problems = new ArrayList<>();
        if (!kafka.containsKey(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG)) {
            problems.add("'bootstrap.servers' is missing");
        }
        for (Fixed fixed : FIXED) {
            Object given = kafka.get(fixed.name);
            if (given != null && !fixed.allowed.contains(String.valueOf(given))) {
                problems.add(fixed.problem(given));
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "the bus cannot use Kafka so: " + String.join("; ", problems));
        }
    }
}
