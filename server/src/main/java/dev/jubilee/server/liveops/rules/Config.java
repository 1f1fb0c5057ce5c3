package dev.jubilee.server.liveops.rules;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The configuration of a live event, as it was written and as it was compiled.
 *
 * @param requirements a JSON object
 * @param settings a JSON object
 * @param rewards a JSON array, each with its id and its condition spelt out
 */
public record Config(JsonNode requirements, JsonNode settings, JsonNode rewards, Rules rules) {
    /** The configuration of a live event that sets nothing: join by request, no rules. */
    static final Config EMPTY =
            new Config(
                    JsonNodeFactory.instance.objectNode(),
                    JsonNodeFactory.instance.objectNode(),
                    JsonNodeFactory.instance.arrayNode(),
                    new Rules(
                            Rules.Join.MANUAL,
                            null,
                            List.of(),
                            null,
                            null,
                            List.of("score", "reached_at"),
                            List.of()));

    /**
     * A stored configuration without its rules, for callers that handle an event whether or not its
     * rules can be read.
     */
    public static Config withoutRules(JsonNode requirements, JsonNode settings, JsonNode rewards) {
        return new Config(requirements, settings, rewards, EMPTY.rules);
    }

    /** The form that is frozen into an occurrence. */
    public ObjectNode asJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.set("requirements", requirements);
        json.set("settings", settings);
        json.set("rewards", rewards);
        return json;
    }
}
