package dev.jubilee.server.bus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.bus.BusInstance.Answer;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.testing.Platform;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PayloadSchemaTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final String KILL =
            """
            {"type": "object", "required": ["player_id", "weapon"],
             "properties": {
               "player_id": {"type": "string", "maxLength": 5},
               "weapon": {"type": "string", "enum": ["bow", "axe"]},
               "hits": {"type": "array", "items": {"type": "integer", "minimum": 1}}}}
            """;

    private static BusInstance bus;

    @BeforeAll
    static void start() {
        bus = new BusInstance(platform, Map.of());
    }

    @AfterAll
    static void stop() {
        bus.close();
    }

    @Test
    void everyFaultOfAPayloadIsNamedWithItsPath() {
        String topic = topic("faults", KILL);
        Answer refused = publish(topic, "{\"player_id\":\"longer\",\"hits\":[1,0,\"x\"]}");

        assertThat(refused.status()).isEqualTo(422);
        assertThat(fields(refused))
                .containsExactlyInAnyOrder(
                        "payload.weapon",
                        "payload.player_id",
                        "payload.hits[1]",
                        "payload.hits[2]");
        assertThat(publish(topic, "{\"player_id\":\"ann\",\"weapon\":\"axe\"}").status())
                .isEqualTo(200);
    }

    @Test
    void aNumberBeyondAllBoundsIsRefusedLikeAnyOther() {
        String schema =
                "{\"properties\":{\"n\":{\"type\":\"integer\",\"maximum\":5,\"multipleOf\":2}}}";
        String topic = topic("bounds", schema);
        assertThat(publish(topic, "{\"n\":1e400}").status()).isEqualTo(422);
        assertThat(publish(topic, "{\"n\":-1e999999999}").status()).isEqualTo(422);
        assertThat(publish(topic, "{\"n\":4}").status()).isEqualTo(200);
    }

    @Test
    void aBatchIsJudgedItemByItem() {
        String topic = topic("batch", KILL);
        String item = "{\"event_type\":\"game.kill\",\"topic\":\"" + topic + "\",\"payload\":%s}";
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish/batch",
                        "["
                                + item.formatted("{\"player_id\":\"ann\",\"weapon\":\"bow\"}")
                                + ","
                                + item.formatted("{}")
                                + "]");
        assertThat(answer.body().get("published").intValue()).isEqualTo(1);
        assertThat(answer.body().at("/results/1/error/errors")).hasSize(2);
    }

    @Test
    void aSchemaThatIsNoneOrReachesOutIsRefused() {
        for (String schema :
                List.of(
                        "nonsense",
                        "{\"type\":\"strange\"}",
                        "{\"$ref\":\"http://127.0.0.1:1/schema.json\"}",
                        "{\"$ref\":\"#/$defs/none\"}",
                        "{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}",
                        "{\"properties\":{\"a\":{\"pattern\":\"(?=x)\"}}}")) {
            Answer answer =
                    bus.post("operator", "/topics", body(platform.topic("refused.schema"), schema));
            assertThat(answer.status()).as(schema).isEqualTo(422);
            assertThat(fields(answer)).as(schema).containsOnly("schema");
        }
    }

    @Test
    void aSchemaChangesOnlyWhereItStaysCompatibleUnlessForced() {
        String topic = topic("evolving", KILL);
        String stricter =
                KILL.replace("\"axe\"", "\"sword\"")
                        .replace("\"maxLength\": 5", "\"maxLength\": 4")
                        .replace(
                                "[\"player_id\", \"weapon\"]",
                                "[\"player_id\", \"weapon\", \"hits\"]");
        String change = Json.text(Map.of("schema", stricter));
        Answer refused = bus.send("PATCH", "operator", "/topics/" + topic, change);
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.text("code")).isEqualTo("schema_incompatible");
        assertThat(fields(refused))
                .containsExactlyInAnyOrder(
                        "schema.required",
                        "schema.properties.weapon.enum",
                        "schema.properties.player_id.maxLength");

        String looser = KILL.replace("\"axe\"", "\"axe\", \"sword\"");
        String widened = Json.text(Map.of("schema", looser));
        assertThat(bus.send("PATCH", "operator", "/topics/" + topic, widened).status())
                .isEqualTo(200);
        assertThat(publish(topic, "{\"player_id\":\"ann\",\"weapon\":\"sword\"}").status())
                .isEqualTo(200);

        assertThat(
                        bus.send("PATCH", "operator", "/topics/" + topic + "?force=true", change)
                                .status())
                .isEqualTo(200);
        assertThat(publish(topic, "{\"player_id\":\"ann\",\"weapon\":\"axe\"}").status())
                .isEqualTo(422);
    }

    /** Wherever in the schema that is: {@code definitions} was the name of earlier drafts. */
    @ParameterizedTest
    @CsvSource({
        "61, #/definitions/name",
        "62, #/x-shared/na%20me",
        "63, #/$defs/all/anyOf/0",
        "64, #named"
    })
    void whatASchemaRefersToIsComparedToo(String limit, String reference) {
        String schema =
                """
                {"type": "object", "properties": {"player_id": {"$ref": "%s"}},
                 "definitions": {"name": {"type": "string", "maxLength": 61}},
                 "x-shared": {"na me": {"type": "string", "maxLength": 62}},
                 "$defs": {"all": {"anyOf": [{"type": "string", "maxLength": 63}]},
                           "named": {"$anchor": "named", "type": "string", "maxLength": 64}}}
                """
                        .formatted(reference);
        String topic = topic("refers" + reference.hashCode(), schema);

        assertThat(changed(topic, schema.replace(limit, "4")).status()).isEqualTo(409);
        String more =
                schema.replace("{\"player_id\"", "{\"other\": {\"$ref\": \"#/new\"}, \"player_id\"")
                        .replace("\"$defs\"", "\"new\": {}, \"$defs\"");
        // Whether that is so cannot be told of a place that has a name alone.
        assertThat(changed(topic, more).status()).isEqualTo(reference.contains("/") ? 200 : 409);
    }

    private static Answer changed(String topic, String schema) {
        return bus.send(
                "PATCH", "operator", "/topics/" + topic, Json.text(Map.of("schema", schema)));
    }

    @Test
    void aSchemaMayComeAsAnObjectAndGoAgain() {
        String topic = platform.topic("object.schema");
        Map<String, Object> asked = new HashMap<>();
        asked.put("name", topic);
        asked.put("schema", Json.tree(KILL));
        assertThat(bus.post("operator", "/topics", Json.text(asked)).status()).isEqualTo(201);
        assertThat(publish(topic, "{}").status()).isEqualTo(422);

        bus.send("PATCH", "operator", "/topics/" + topic, "{\"schema\":null}");
        assertThat(publish(topic, "{}").status()).isEqualTo(200);
    }

    @Test
    void whatIsNoJsonDoesNotPassATopicWithASchema() {
        String topic = topic("binary", KILL);
        Answer answer =
                bus.post(
                        "service",
                        "/events/publish?topic=" + topic,
                        "hello",
                        "Content-Type",
                        "text/plain",
                        "ce-specversion",
                        "1.0",
                        "ce-id",
                        "t-1",
                        "ce-source",
                        "/x",
                        "ce-type",
                        "game.kill");
        assertThat(answer.status()).isEqualTo(422);
        assertThat(fields(answer)).containsExactly("payload");
    }

    private static List<String> fields(Answer answer) {
        return answer.body().get("errors").values().stream()
                .map(error -> error.get("field").stringValue())
                .toList();
    }

    private static Answer publish(String topic, String payload) {
        return bus.post(
                "service",
                "/events/publish",
                "{\"event_type\":\"game.kill\",\"topic\":\""
                        + topic
                        + "\",\"payload\":"
                        + payload
                        + "}");
    }

    private static String body(String topic, String schema) {
        return Json.text(Map.of("name", topic, "schema", schema));
    }

    private static String topic(String name, String schema) {
        String full = platform.topic(name);
        assertThat(bus.post("operator", "/topics", body(full, schema)).status()).isEqualTo(201);
        return full;
    }
}
