package dev.jubilee.server.bus.topics;

import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A topic as somebody wants it to be, beside how it is.
 *
 * @param force whether a schema may change in a way that refuses what was accepted before
 */
record TopicChange(Topic before, Topic after, boolean force) {
    /** Reads a body against the topic as it is, naming every fault at once. */
    static TopicChange read(Input input, Topic now, boolean force) {
        int partitions =
                input.integer("partitions", 1, TopicSettings.MAX_PARTITIONS, now.partitions());
        if (input.isFine() && partitions < now.partitions()) {
            input.reject(
                    "partitions",
                    "can only grow: the topic has " + now.partitions() + ", was " + partitions);
        }
        String category = input.optionalText("category", 20);
        Topic after =
                new Topic(
                        now.id(),
                        now.name(),
                        now.kafkaTopicId(),
                        input.names("description")
                                ? input.optionalText("description", NewTopicRequest.MAX_TEXT)
                                : now.description(),
                        input.names("schema") ? NewTopicRequest.schema(input) : now.schema(),
                        partitions,
                        now.replicationFactor(),
                        input.integer(
                                "retention_hours",
                                1,
                                TopicSettings.MAX_RETENTION_HOURS,
                                now.retentionHours()),
                        now.status(),
                        category == null ? now.category() : category,
                        input.names("owner_service")
                                ? input.optionalText("owner_service", 100)
                                : now.ownerService(),
                        now.createdAt(),
                        now.updatedAt(),
                        input.flag("is_system_topic", now.isSystemTopic()),
                        input.flag("requires_auth", now.requiresAuth()),
                        input.flag("enable_dlq", now.enableDlq()));
        input.check();
        TopicChange change = new TopicChange(now, after, force);
        change.mustBeCompatible();
        return change;
    }

    /** A publisher that was right yesterday must not be refused today, unless somebody means it. */
    private void mustBeCompatible() {
        if (force || after.schema() == null || Objects.equals(before.schema(), after.schema())) {
            return;
        }
        List<Problem.FieldError> breaks =
                before.schema() == null
                        ? List.of()
                        : SchemaCompatibility.breaks(before.schema(), after.schema());
        if (!breaks.isEmpty()) {
            throw new Problem(
                            409,
                            "schema_incompatible",
                            "Conflict with the present state",
                            "The new schema refuses what the present one accepts. Send force=true"
                                    + " to change it all the same.",
                            breaks,
                            null)
                    .asException();
        }
    }

    boolean changesProtection() {
        return after.isSystemTopic() != before.isSystemTopic()
                || after.requiresAuth() != before.requiresAuth();
    }

    boolean grows() {
        return after.partitions() != before.partitions();
    }

    /** For the audit log: what was and what is, by field. */
    Map<String, List<Object>> differences() {
        Map<String, List<Object>> found = new LinkedHashMap<>();
        note(found, "description", before.description(), after.description());
        note(found, "schema", before.schema(), after.schema());
        note(found, "partitions", before.partitions(), after.partitions());
        note(found, "retention_hours", before.retentionHours(), after.retentionHours());
        note(found, "category", before.category(), after.category());
        note(found, "owner_service", before.ownerService(), after.ownerService());
        note(found, "is_system_topic", before.isSystemTopic(), after.isSystemTopic());
        note(found, "requires_auth", before.requiresAuth(), after.requiresAuth());
        note(found, "enable_dlq", before.enableDlq(), after.enableDlq());
        return found;
    }

    private static void note(
            Map<String, List<Object>> found,
            String field,
            @org.jspecify.annotations.Nullable Object was,
            @org.jspecify.annotations.Nullable Object is) {
        if (!Objects.equals(was, is)) {
            List<Object> both = new ArrayList<>(2);
            both.add(was == null ? "" : was);
            both.add(is == null ? "" : is);
            found.put(field, both);
        }
    }
}
