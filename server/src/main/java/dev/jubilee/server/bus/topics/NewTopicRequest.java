package dev.jubilee.server.bus.topics;

import dev.jubilee.events.TopicName;
import dev.jubilee.server.http.Input;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A topic that someone asks for, defaults filled in. */
record NewTopicRequest(
        String name,
        @Nullable String description,
        @Nullable String schema,
        int partitions,
        int replicationFactor,
        int retentionHours,
        String category,
        @Nullable String ownerService,
        boolean isSystemTopic,
        boolean requiresAuth,
        boolean enableDlq) {
    static final int MAX_TEXT = 10_000;
    private static final int MAX_SCHEMA = 100_000;

    /** Reads a body, naming every fault at once. */
    static NewTopicRequest read(Input input, TopicSettings settings) {
        String name = input.text("name", TopicName.MAX_LENGTH);
        if (!name.isEmpty() && (!TopicName.isValid(name) || name.indexOf('.') < 0)) {
            input.reject(
                    "name",
                    "must be {domain}.{entity}[.{action}], segments of a-z, 0-9, _ and - joined by"
                            + " dots, such as game.match.end; was \""
                            + name
                            + "\"");
        }
        String category = input.optionalText("category", 20);
        NewTopicRequest request =
                new NewTopicRequest(
                        name,
                        input.optionalText("description", MAX_TEXT),
                        schema(input),
                        input.integer(
                                "partitions",
                                1,
                                TopicSettings.MAX_PARTITIONS,
                                settings.defaultPartitions()),
                        input.integer(
                                "replication_factor",
                                1,
                                TopicSettings.MAX_REPLICAS,
                                settings.defaultReplicas()),
                        input.integer(
                                "retention_hours",
                                1,
                                TopicSettings.MAX_RETENTION_HOURS,
                                settings.defaultRetentionHours()),
                        category == null ? domainOf(name) : category,
                        input.optionalText("owner_service", 100),
                        input.flag("is_system_topic", false),
                        input.flag("requires_auth", false),
                        input.flag("enable_dlq", true));
        input.check();
        return request;
    }

    /** The JSON Schema of a topic, as text or as an object; null when there is none. */
    static @Nullable String schema(Input input) {
        JsonNode given = input.optionalValue("schema");
        if (given == null) {
            return null;
        }
        String text = given.isString() ? given.stringValue() : given.toString();
        if (text.length() > MAX_SCHEMA) {
            input.reject("schema", "must have at most " + MAX_SCHEMA + " characters");
            return null;
        }
        for (String fault : PayloadSchema.faultsOf(text)) {
            input.reject("schema", fault);
        }
        return text;
    }

    /** A topic of the platform itself. */
    static NewTopicRequest system(String name, int partitions, TopicSettings settings) {
        return new NewTopicRequest(
                TopicName.require(name),
                null,
                null,
                partitions,
                settings.defaultReplicas(),
                settings.defaultRetentionHours(),
                "system",
                "jubilee",
                true,
                false,
                true);
    }

    private static String domainOf(String name) {
        int dot = name.indexOf('.');
        return dot > 0 && dot <= 20 ? name.substring(0, dot) : "game";
    }
}
