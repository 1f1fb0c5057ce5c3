package dev.jubilee.events.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventMetadata;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.IntegrationEvent;
import dev.jubilee.events.Priority;
import dev.jubilee.events.SystemEvent;
import dev.jubilee.events.UnknownFields;
import dev.jubilee.events.UnreadableEventException;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class JsonEventCodecTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
    private static final JsonMapper MAPPER = new JsonMapper();

    private record Share(String member, long amount) {}

    private record GoldDeposited(String member, long amount, String currency) {}

    private record LootSplit(List<Share> shares) {}

    private static final EventRegistry REGISTRY =
            EventRegistry.builder()
                    .type("guild.gold.deposited", 3, GoldDeposited.class)
                    .upcaster(
                            "guild.gold.deposited", 1, payload -> payload.rename("gold", "amount"))
                    .upcaster(
                            "guild.gold.deposited",
                            2,
                            payload -> payload.setIfAbsent("currency", "gold"))
                    .type("guild.loot.split", LootSplit.class)
                    .build();
    private static final EventFactory EVENTS =
            new EventFactory(REGISTRY, InstantSource.fixed(NOON), "guild-service", "test");

    private final JsonEventCodec codec = new JsonEventCodec(REGISTRY);

    static Stream<BaseEvent> everyKind() {
        DomainEvent<GoldDeposited> deposited =
                EVENTS.domain("guild", "g1", new GoldDeposited("ada", 5, "gold"));
        return Stream.of(
                deposited,
                deposited.withVersion(7),
                deposited.withMetadata(
                        new EventMetadata(
                                "corr",
                                "cause",
                                "ada",
                                "guild-service",
                                "test",
                                UnknownFields.NONE)),
                EVENTS.causedBy(deposited)
                        .integration("guilds", "loot_split", new LootSplit(List.of())),
                EVENTS.system(
                        SystemEvent.Level.CRITICAL,
                        "treasury",
                        "vault unreachable",
                        Map.of("attempt", 3, "rate", new BigDecimal("0.10"))));
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void whatWasWrittenIsReadBack(BaseEvent event) {
        assertThat(codec.decode(codec.encode(event))).isEqualTo(event);
    }

    @Test
    void anEnvelopeIsCloudEventsWithTheSchemaVersionAndTheAggregateAsSubject() {
        Envelope envelope =
                codec.encode(
                        EVENTS.domain("guild", "g1", new GoldDeposited("ada", 5, "gold"))
                                .withVersion(7));

        assertThat(envelope.type()).isEqualTo("guild.gold.deposited");
        assertThat(envelope.source()).isEqualTo("guild-service");
        assertThat(envelope.subject()).isEqualTo("g1");
        assertThat(envelope.partitionKey()).isEqualTo("g1");
        assertThat(envelope.extensions())
                .isEqualTo(
                        Map.of(
                                "kind", "domain",
                                "schemaversion", "3",
                                "environment", "test",
                                "aggregatetype", "guild",
                                "streamversion", "7"));
        assertThat(MAPPER.readTree(envelope.data()))
                .isEqualTo(
                        MAPPER.readTree("{\"member\":\"ada\",\"amount\":5,\"currency\":\"gold\"}"));
    }

    @Test
    void aPayloadOfAnOldVersionIsBroughtUpStepByStep() {
        assertThat(
                        ((DomainEvent<?>)
                                        codec.decode(
                                                deposited(1, "{\"member\":\"ada\",\"gold\":5}")))
                                .data())
                .isEqualTo(new GoldDeposited("ada", 5, "gold"));
        assertThat(
                        ((DomainEvent<?>)
                                        codec.decode(
                                                deposited(2, "{\"member\":\"ada\",\"amount\":5}")))
                                .data())
                .isEqualTo(new GoldDeposited("ada", 5, "gold"));
    }

    @Test
    void anOldPayloadIsWrittenAgainAtTheCurrentVersion() {
        Envelope old = deposited(1, "{\"member\":\"ada\",\"gold\":5,\"note\":\"hi\"}");

        Envelope again = codec.encode(codec.decode(old));

        assertThat(again.extensions()).containsEntry("schemaversion", "3");
        assertThat(MAPPER.readTree(again.data()))
                .isEqualTo(
                        MAPPER.readTree(
                                """
                                {"member":"ada","amount":5,"currency":"gold","note":"hi"}
                                """));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"shares\":[],\"bonus\":{\"x\":[1,0.10,null,true]}}",
                "{\"before\":1,\"shares\":[{\"why\":\"first\",\"member\":\"ada\",\"amount\":5}]}",
                "{\"shares\":[{\"member\":\"ada\",\"amount\":5,\"tags\":[\"a/b\"]},"
                        + "{\"member\":\"bob\",\"amount\":6,\"a/b~c\":{\"d\":1}}]}"
            })
    void fieldsThatTheClassDoesNotHaveSurviveARoundTrip(String json) {
        Envelope came =
                Envelope.of("1", "guild.loot.split", "guild-service", NOON)
                        .subject("g1")
                        .json(json.getBytes(UTF_8))
                        .extensions(Map.of("kind", "domain", "aggregatetype", "guild"))
                        .build();

        BaseEvent event = codec.decode(came);

        assertThat(((DomainEvent<?>) event).data()).isInstanceOf(LootSplit.class);
        assertThat(MAPPER.readTree(codec.encode(event).data())).isEqualTo(MAPPER.readTree(json));
    }

    @Test
    void aNewerVersionIsReadAsFarAsItIsKnownAndPassedOnWhole() {
        Envelope newer =
                deposited(4, "{\"member\":\"ada\",\"amount\":5,\"currency\":\"gold\",\"tax\":1}");

        BaseEvent event = codec.decode(newer);

        assertThat(((DomainEvent<?>) event).data()).isEqualTo(new GoldDeposited("ada", 5, "gold"));
        Envelope again = codec.encode(event);
        assertThat(again.extensions()).isEqualTo(withEnvironment(newer.extensions()));
        assertThat(MAPPER.readTree(again.data())).isEqualTo(MAPPER.readTree(newer.data()));
    }

    @Test
    void whatAnotherProgramPublishedIsAnIntegrationEventAndItsEnvelopeSurvives() {
        Envelope foreign =
                Envelope.of("k1", "game.kill", "/arena/7", NOON)
                        .subject("ada")
                        .partitionKey("ada")
                        .data("application/vnd.kill+json", "{\"weapon\":\"bow\"}".getBytes(UTF_8))
                        .priority(Priority.HIGH)
                        .replayable(false)
                        .extensions(Map.of("region", "eu"))
                        .build();

        BaseEvent event = codec.decode(foreign);

        assertThat(event).isInstanceOf(IntegrationEvent.class);
        IntegrationEvent<?> kill = (IntegrationEvent<?>) event;
        assertThat(kill.payload()).isEqualTo(Map.of("weapon", "bow"));
        assertThat(kill.service()).isEqualTo("/arena/7");
        assertThat(kill.metadata().correlationId()).isEqualTo("k1");
        Envelope again = codec.encode(event);
        assertThat(again.extensions()).containsEntry("region", "eu");
        assertThat(again.toBuilder().extensions(Map.of("region", "eu")).build()).isEqualTo(foreign);
    }

    @Test
    void aPayloadThatIsNotWhatItsTypeSaysIsUnreadable() {
        assertUnreadable(deposited(3, "{\"member\":"));
        assertUnreadable(deposited(3, "[]"));
        assertUnreadable(deposited(3, "null"));
        assertUnreadable(deposited(1, "[1]"));
        assertUnreadable(deposited(0, "{}"));
        assertUnreadable(deposited(3, "{}").toBuilder().data("image/png", new byte[1]).build());
        assertUnreadable(deposited(3, "{}").toBuilder().subject(null).build());
        assertUnreadable(Envelope.of("1", "Not.A-Name", "s", NOON).build());
    }

    @Test
    void anUpcasterThatThrowsMakesTheEventUnreadable() {
        EventRegistry registry =
                EventRegistry.builder()
                        .type("guild.gold.deposited", 2, GoldDeposited.class)
                        .upcaster("guild.gold.deposited", 1, payload -> payload.object("member"))
                        .build();

        assertThatThrownBy(() ->
                        new JsonEventCodec(registry).decode(deposited(1, "{\"member\":\"ada\"}")))
                .isInstanceOf(UnreadableEventException.class)
                .hasMessageContaining("schema version 1");
    }

    @Test
    void aPayloadOfAnotherClassThanRegisteredIsNotWritten() {
        DomainEvent<Share> wrong =
                new DomainEvent<>(
                        "1",
                        "guild.gold.deposited",
                        NOON,
                        0,
                        EventMetadata.of("c", "s", "test"),
                        "g1",
                        "guild",
                        new Share("ada", 1));

        assertThatThrownBy(() -> codec.encode(wrong))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("GoldDeposited")
                .hasMessageContaining("Share");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "2147483648", "99999999999", "x"})
    void aSchemaVersionThatIsNoneMakesAnEventUnreadable(String version) {
        Envelope sound = deposited(1, "{\"member\":\"ada\",\"amount\":1}");
        Map<String, String> extensions = new HashMap<>(sound.extensions());
        extensions.put("schemaversion", version);

        assertUnreadable(sound.toBuilder().extensions(extensions).build());
    }

    private void assertUnreadable(Envelope envelope) {
        assertThatThrownBy(() -> codec.decode(envelope))
                .isInstanceOf(UnreadableEventException.class);
    }

    private static Envelope deposited(int schemaVersion, String json) {
        return Envelope.of("1", "guild.gold.deposited", "guild-service", NOON)
                .subject("g1")
                .partitionKey("g1")
                .correlationId("c")
                .json(json.getBytes(UTF_8))
                .extensions(
                        Map.of(
                                "kind", "domain",
                                "aggregatetype", "guild",
                                "schemaversion", Integer.toString(schemaVersion)))
                .build();
    }

    private static Map<String, String> withEnvironment(Map<String, String> extensions) {
        Map<String, String> all = new HashMap<>(extensions);
        all.put("environment", "unknown");
        return all;
    }
}
