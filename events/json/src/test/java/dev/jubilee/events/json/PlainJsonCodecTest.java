package dev.jubilee.events.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventMetadata;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.IntegrationEvent;
import dev.jubilee.events.Priority;
import dev.jubilee.events.SystemEvent;
import dev.jubilee.events.UnknownFields;
import dev.jubilee.events.UnreadableEventException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The names of the event system's guide, which programs in other languages write and read. */
class PlainJsonCodecTest {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final String DOMAIN =
            """
            {"id":"e1","type":"guild.gold.deposited","timestamp":"2026-11-21T12:00:00.000Z",
             "version":7,
             "metadata":{"correlationId":"c1","causationId":"e0","userId":"ada",
                         "source":"guild-service","environment":"production"},
             "aggregateId":"dragons","aggregateType":"treasury",
             "data":{"member":"ada","amount":5}}
            """;
    private static final String INTEGRATION =
            """
            {"id":"e2","type":"guild.gold.deposited","timestamp":"2026-11-21T12:00:00.000Z",
             "version":0,
             "metadata":{"correlationId":"c1","source":"guild-service","environment":"production"},
             "service":"guilds","action":"deposited","payload":{"member":"ada","amount":5}}
            """;
    private static final String SYSTEM =
            """
            {"id":"e3","type":"system.treasury","timestamp":"2026-11-21T12:00:00.000Z",
             "version":0,
             "metadata":{"correlationId":"c1","source":"guild-service","environment":"production"},
             "level":"critical","component":"treasury","message":"vault gone",
             "details":{"rate":0.10}}
            """;

    private record GoldDeposited(String member, long amount) {}

    private final EventRegistry registry =
            EventRegistry.builder().type("guild.gold.deposited", GoldDeposited.class).build();
    private final PlainJsonCodec codec = new PlainJsonCodec(registry);

    private BaseEvent read(String json) {
        return codec.read(json.getBytes(UTF_8));
    }

    /** What is written of what was read; without the version of the payload's schema. */
    private String again(String json) {
        JsonNode written = MAPPER.readTree(codec.write(read(json)));
        ((tools.jackson.databind.node.ObjectNode) written).remove("schemaVersion");
        return written.toString();
    }

    private static void assertSame(String found, String expected) {
        assertThat(MAPPER.readTree(found))
                .isEqualTo(MAPPER.readTree(expected.replace(".000Z", "Z")));
    }

    @Test
    void aDomainEventHasTheNamesOfTheGuide() {
        EventMetadata metadata =
                new EventMetadata(
                        "c1", "e0", "ada", "guild-service", "production", UnknownFields.NONE);

        assertThat(read(DOMAIN))
                .isEqualTo(
                        new DomainEvent<>(
                                "e1",
                                "guild.gold.deposited",
                                Instant.parse("2026-11-21T12:00:00Z"),
                                7,
                                metadata,
                                "dragons",
                                "treasury",
                                new GoldDeposited("ada", 5)));
        assertSame(again(DOMAIN), DOMAIN);
    }

    @Test
    void anIntegrationEventHasTheNamesOfTheGuide() {
        IntegrationEvent<?> event = (IntegrationEvent<?>) read(INTEGRATION);

        assertThat(event.service()).isEqualTo("guilds");
        assertThat(event.action()).isEqualTo("deposited");
        assertThat(event.payload()).isEqualTo(new GoldDeposited("ada", 5));
        assertThat(event.metadata())
                .isEqualTo(EventMetadata.of("c1", "guild-service", "production"));
        assertSame(again(INTEGRATION), INTEGRATION);
    }

    @Test
    void aSystemEventHasTheNamesOfTheGuide() {
        SystemEvent event = (SystemEvent) read(SYSTEM);

        assertThat(event.level()).isEqualTo(SystemEvent.Level.CRITICAL);
        assertThat(event.component()).isEqualTo("treasury");
        assertThat(event.message()).isEqualTo("vault gone");
        assertThat(event.details()).containsOnlyKeys("rate");
        assertSame(again(SYSTEM), SYSTEM);
    }

    @ParameterizedTest
    @ValueSource(strings = {DOMAIN, INTEGRATION, SYSTEM})
    void whatNobodyHereKnowsSurvivesAtEveryDepth(String json) {
        String more =
                json.replaceFirst(
                                "\"version\"",
                                "\"shard\":{\"n\":[1,null,0.50]},\"tags\":[\"x\"],\"version\"")
                        .replaceFirst(
                                "\"source\"",
                                "\"tenant\":\"eu\",\"traceParent\":\"00-1\",\"kind\":\"odd\",\"hops\":2,\"source\"")
                        .replaceFirst("\"amount\"", "\"note\":{\"by\":\"bob\"},\"amount\"");

        assertSame(again(more), more);
        assertThat(codec.read(codec.write(read(more)))).isEqualTo(read(more));
    }

    @Test
    void whatIsReadAsPlainJsonTravelsAsACloudEventAndComesBackWhole() {
        String more =
                DOMAIN.replaceFirst("\"version\"", "\"shard\":{\"n\":1},\"version\"")
                        .replaceFirst("\"source\"", "\"traceParent\":\"00-1\",\"source\"");
        JsonEventCodec other = new JsonEventCodec(registry);
        CloudEventsJson wire = new CloudEventsJson(InstantSource.system());

        BaseEvent there = other.decode(wire.read(wire.write(other.encode(read(more)))));

        assertThat(there).isEqualTo(read(more));
        JsonNode back = MAPPER.readTree(codec.write(there));
        assertThat(back.at("/shard/n").intValue()).isEqualTo(1);
        assertThat(back.at("/metadata/traceParent").stringValue()).isEqualTo("00-1");
    }

    @Test
    void whatCloudEventsHasBesideIsInTheMetadata() {
        EventFactory events =
                new EventFactory(registry, InstantSource.fixed(Instant.EPOCH), "guilds", "test");
        JsonEventCodec other = new JsonEventCodec(registry);
        BaseEvent event =
                other.decode(
                        other
                                .encode(
                                        events.domain(
                                                "treasury", "dragons", new GoldDeposited("a", 1)))
                                .toBuilder()
                                .partitionKey("elsewhere")
                                .priority(Priority.HIGH)
                                .replayable(false)
                                .build());

        JsonNode metadata = MAPPER.readTree(codec.write(event)).path("metadata");

        assertThat(metadata.path("partitionkey").stringValue()).isEqualTo("elsewhere");
        assertThat(metadata.path("priority").stringValue()).isEqualTo("high");
        assertThat(metadata.path("replayable").stringValue()).isEqualTo("false");
        assertThat(codec.read(codec.write(event))).isEqualTo(event);
    }

    @Test
    void asACodecItsDataIsTheObject() {
        BaseEvent event = read(DOMAIN);

        assertThat(MAPPER.readTree(codec.encode(event).data()))
                .isEqualTo(MAPPER.readTree(codec.write(event)));
        assertThat(codec.encode(event).extensions())
                .isEqualTo(new JsonEventCodec(registry).encode(event).extensions());
    }

    @Test
    void emptyAndMissingMembersMeanTheSame() {
        String bare =
                """
                {"id":"e1","type":"guild.gold.deposited","timestamp":"2026-11-21T12:00:00Z",
                 "metadata":{"userId":null,"source":"guild-service"},
                 "service":"guilds","action":"deposited","payload":{"member":"ada","amount":5}}
                """;

        BaseEvent event = read(bare);

        assertThat(event.correlationId()).isEqualTo("e1");
        assertThat(event.userId()).isNull();
        assertThat(event.metadata().environment()).isEqualTo("unknown");
        assertThat(event.version()).isZero();
        assertThat(event.metadata().unknown().attributes()).isEqualTo(Map.of("correlationid", ""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{\"id\":",
                "{\"id\":\"e1\"}",
                "{\"id\":\"e1\",\"type\":\"t\",\"timestamp\":\"now\",\"metadata\":{\"source\":\"s\"},\"service\":\"s\",\"action\":\"a\"}",
                "{\"id\":\"e1\",\"type\":\"t\",\"timestamp\":\"2026-11-21T12:00:00Z\",\"metadata\":{\"source\":\"s\"}}",
                "{\"id\":7,\"type\":\"t\",\"timestamp\":\"2026-11-21T12:00:00Z\",\"metadata\":{\"source\":\"s\"},\"service\":\"s\",\"action\":\"a\"}",
                "{\"id\":\"e1\",\"type\":\"t\",\"timestamp\":\"2026-11-21T12:00:00Z\",\"version\":\"1\",\"metadata\":{\"source\":\"s\"},\"service\":\"s\",\"action\":\"a\"}"
            })
    void whatIsNoEventIsUnreadable(String json) {
        assertThatThrownBy(() -> read(json)).isInstanceOf(UnreadableEventException.class);
    }
}
