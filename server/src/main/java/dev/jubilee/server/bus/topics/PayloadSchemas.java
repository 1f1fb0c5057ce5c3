package dev.jubilee.server.bus.topics;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The schemas of topics, each compiled once. Thread-safe. */
final class PayloadSchemas {
    private static final Logger log = LoggerFactory.getLogger(PayloadSchemas.class);

    private record Compiled(String text, Optional<PayloadSchema> schema) {}

    private final Map<String, Compiled> compiled = new ConcurrentHashMap<>();

    /** The topic's schema; null when it has none. */
    @Nullable PayloadSchema of(Topic topic) {
        String text = topic.schema();
        if (text == null) {
            return null;
        }
        Compiled known = compiled.get(topic.name());
        if (known == null || !known.text().equals(text)) {
            known = new Compiled(text, compile(topic.name(), text));
            compiled.put(topic.name(), known);
        }
        return known.schema().orElse(null);
    }

    /** Forgets the schemas of topics that are gone. */
    void keepOnly(Set<String> topics) {
        compiled.keySet().retainAll(topics);
    }

    /** A text that stood here before schemas were checked may be none. */
    private static Optional<PayloadSchema> compile(String topic, String text) {
        List<String> faults = PayloadSchema.faultsOf(text);
        if (!faults.isEmpty()) {
            log.warn("the schema of {} is none, and payloads are not checked: {}", topic, faults);
            return Optional.empty();
        }
        return Optional.of(PayloadSchema.compile(text));
    }
}
