package dev.jubilee.events.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.Priority;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CloudEventsJsonTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

    private final CloudEventsJson json = new CloudEventsJson(InstantSource.fixed(NOON));
    private final JsonMapper mapper = new JsonMapper();

    @Test
    void readsBackEverythingThatItWrote() {
        Envelope sent =
                Envelope.of("1", "game.kill", "/arena", NOON.plusNanos(1))
                        .subject("päul")
                        .partitionKey("p\"1")
                        .acceptedAt(NOON.plusSeconds(1))
                        .json("{\"weapon\": \"bow\"}".getBytes(UTF_8))
                        .correlationId("c")
                        .causationId("0")
                        .priority(Priority.HIGH)
                        .replayable(false)
                        .extensions(Map.of("region", "eu", "dataschema", "urn:kill:1"))
                        .build();

        assertThat(json.read(json.write(sent))).isEqualTo(sent);
        assertThat(json.readBatch(json.writeBatch(List.of(sent, sent))))
                .containsExactly(sent, sent);
        assertThat(json.readBatch(json.writeBatch(List.of()))).isEmpty();
    }

    @Test
    void writesTheAttributesOfTheStandard() {
        Envelope event =
                Envelope.of("1", "game.kill", "/arena", NOON)
                        .json("{\"a\":[1,2]}".getBytes(UTF_8))
                        .build();

        assertThat(new String(json.write(event), UTF_8))
                .isEqualTo(
                        """
                        {"specversion":"1.0","id":"1","source":"/arena","type":"game.kill",\
                        "time":"2026-11-21T12:00:00Z","datacontenttype":"application/json",\
                        "data":{"a":[1,2]}}\
                        """);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{\"a\": {\"b\": []}}", "[ 1 , 2 ]", "\"te\\u00e4xt\"", "12.50", "true"})
    void keepsJsonDataByteForByte(String data) {
        Envelope event = json.read(document("\"datax\":\"y\",\"data\" : " + data + " "));

        assertThat(new String(event.data(), UTF_8)).isEqualTo(data);
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16LE", "UTF-16BE", "UTF-16", "UTF-32LE", "UTF-32BE", "BOM"})
    void jsonThatIsNoPlainUtf8IsCarriedAsBytes(String encoding) {
        String text = "{\"weapon\":\"bow\"}";
        byte[] data =
                encoding.equals("BOM")
                        ? ("\uFEFF" + text).getBytes(UTF_8)
                        : text.getBytes(Charset.forName(encoding));
        Envelope event = Envelope.of("1", "game.kill", "/arena", NOON).json(data).build();

        byte[] written = json.write(event);

        assertThat(mapper.readTree(new String(written, UTF_8)).has("data_base64")).isTrue();
        assertThat(json.read(written)).isEqualTo(event);
    }

    @Test
    void readsADataContentTypeThatComesAfterTheData() {
        Envelope event =
                json.read(document("\"data\":\"a\\nb\",\"datacontenttype\":\"text/plain\""));

        assertThat(new String(event.data(), UTF_8)).isEqualTo("a\nb");
        assertThat(json.read(json.write(event))).isEqualTo(event);
    }

    @Test
    void carriesBytesAsBase64() {
        byte[] bytes = {0, -1, 'x', '"'};
        Envelope event = Envelope.of("1", "t", "s", NOON).data("image/png", bytes).build();

        JsonNode written = mapper.readTree(json.write(event));

        assertThat(written.get("data_base64").asString()).isEqualTo("AP94Ig==");
        assertThat(written.has("data")).isFalse();
        assertThat(json.read(json.write(event))).isEqualTo(event);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":", "{} {}", "nonsense", " ", "{\"a\":\"\u0001\"}"})
    void neverWritesADocumentThatBrokenDataWouldBreak(String data) {
        Envelope event = Envelope.of("1", "t", "s", NOON).json(data.getBytes(UTF_8)).build();

        Envelope read = json.read(json.write(event));

        assertThat(read).isEqualTo(event);
    }

    @Test
    void takesTheTimeOfReadingForAnEventWithoutTime() {
        assertThat(json.read(document("\"data\":1")).time()).isEqualTo(NOON);
    }

    @Test
    void keepsUnknownAttributesAsTextAndForgetsUnsetOnes() {
        Envelope event =
                json.read(document("\"region\":\"eu\",\"shard\":7,\"test\":true,\"x\":null"));

        assertThat(event.extensions())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of("region", "eu", "shard", "7", "test", "true"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "id          | 'type':'t','source':'s'                             | is missing",
                "type        | 'id':'1','type':'','source':'s'                     | is empty",
                "source      | 'id':'1','type':'t','source':{'a':[1]}              | an object",
                "specversion | 'id':'1','type':'t','source':'s','specversion':'0'  | twice",
                "id          | 'id':1,'type':'t','source':'s'                      | a number",
                "id          | 'id':'1','id':'2','type':'t','source':'s'           | twice",
                "time        | 'id':'1','type':'t','source':'s','time':'now'       | 'now'",
                "priority    | 'id':'1','type':'t','source':'s','priority':'max'   | 'max'",
                "replayable  | 'id':'1','type':'t','source':'s','replayable':3     | '3'",
                "a_b         | 'id':'1','type':'t','source':'s','a_b':'1'          | a-z",
                "data_base64 | 'id':'1','type':'t','source':'s','data_base64':'!'  | Base64",
                "data        | 'id':'1','type':'t','source':'s','data_base64':'','data':1 | twice",
            })
    void namesTheAttributeAtFault(String attribute, String members, String complaint) {
        byte[] document =
                ("{'specversion':'1.0'," + members + "}").replace('\'', '"').getBytes(UTF_8);

        assertThatThrownBy(() -> json.read(document))
                .asInstanceOf(type(InvalidCloudEvent.class))
                .satisfies(e -> assertThat(e.attribute()).isEqualTo(attribute))
                .satisfies(e -> assertThat(e).hasMessageContaining(complaint));
    }

    @Test
    void refusesAnotherVersionOfTheStandard() {
        assertThatThrownBy(() -> json.read("{\"specversion\":\"0.3\"}".getBytes(UTF_8)))
                .isInstanceOf(InvalidCloudEvent.class)
                .hasMessage("'specversion' must be '1.0', was '0.3'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "7", "{\"id\":\"1\"", "{} {}", "{\"id\":\"\\x\"}"})
    void refusesWhatIsNoJsonObject(String document) {
        assertThatThrownBy(() -> json.read(document.getBytes(UTF_8)))
                .isInstanceOf(InvalidCloudEvent.class);
    }

    @Test
    void refusesWhatIsNotInUtf8() {
        String event = new String(document("\"data\":{\"a\":1}"), UTF_8);
        for (Charset other :
                List.of(
                        StandardCharsets.UTF_16,
                        StandardCharsets.UTF_16LE,
                        Charset.forName("UTF-32"))) {
            assertThatThrownBy(() -> json.read(event.getBytes(other)))
                    .isInstanceOf(InvalidCloudEvent.class);
            assertThatThrownBy(() -> json.readBatch(("[" + event + "]").getBytes(other)))
                    .isInstanceOf(InvalidCloudEvent.class);
        }
    }

    @Test
    void judgesEachElementOfABatchByItself() {
        String good = new String(document("\"data\":1"), UTF_8);
        byte[] batch = ("[" + good + ",{\"id\":[{}],\"a\":{}},4," + good + "]").getBytes(UTF_8);

        List<ParsedEvent> events = json.readEach(batch);

        assertThat(events)
                .extracting(event -> event instanceof ParsedEvent.Valid)
                .containsExactly(true, false, false, true);
        assertThatThrownBy(() -> json.readBatch(batch))
                .isInstanceOf(InvalidCloudEvent.class)
                .hasMessage("event 1: 'id' must be a string, was an array");
    }

    private static byte[] document(String members) {
        return ("{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\",\"source\":\"s\","
                        + members
                        + "}")
                .getBytes(UTF_8);
    }
}
