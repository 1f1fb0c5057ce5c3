package dev.jubilee.events.tck;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventCodec;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What programs of different ages that pass events to one another may expect of their codec. */
public abstract class EventCodecContract {
    private static final Instant TIME = Instant.parse("2026-11-21T12:00:00.123456789Z");

    /** The payload as it was, as it is, and as it will be. */
    record DepositedV1(String member, long gold) {}

    record Share(String member, long amount) {}

    record Deposited(String member, long amount, String currency, List<Share> shares) {}

    record LaterShare(String member, long amount, @Nullable String why) {}

    record LaterDeposited(
            String member,
            long amount,
            String currency,
            List<LaterShare> shares,
            Map<String, String> bonus) {}

    private static final EventRegistry BEFORE =
            EventRegistry.builder().type("guild.deposited", DepositedV1.class).build();

    private static final EventRegistry NOW =
            EventRegistry.builder()
                    .type("guild.deposited", 3, Deposited.class)
                    .upcaster("guild.deposited", 1, payload -> payload.rename("gold", "amount"))
                    .upcaster(
                            "guild.deposited",
                            2,
                            payload ->
                                    payload.setIfAbsent("currency", "gold")
                                            .setIfAbsent("shares", List.of()))
                    .build();

    private static final EventRegistry LATER =
            EventRegistry.builder().type("guild.deposited", 4, LaterDeposited.class).build();

    private static final Deposited FIVE =
            new Deposited("ada", 5, "gold", List.of(new Share("bob", 2)));

    /** A codec for the types of this registry, whose payloads are records. */
    protected abstract EventCodec open(EventRegistry registry);

    private static EventFactory events(EventRegistry registry) {
        return new EventFactory(registry, InstantSource.fixed(TIME), "guild-service", "test");
    }

    private static List<BaseEvent> everyKind() {
        DomainEvent<Deposited> deposited = events(NOW).domain("guild", "g 1/ü", FIVE);
        EventMetadata whole =
                new EventMetadata(
                        "corr", "cause", "ada", "guild-service", "test", UnknownFields.NONE);
        Map<String, @Nullable Object> details = new HashMap<>();
        details.put("attempt", 3);
        details.put("rate", new BigDecimal("0.10"));
        details.put("nothing", null);
        details.put("path", List.of("a", Map.of("b", true)));
        return List.of(
                deposited,
                deposited.withVersion(7),
                deposited.withMetadata(whole),
                events(NOW).integration("guilds", "deposited", FIVE),
                events(NOW).causedBy(deposited).integration("guilds", "deposited", FIVE),
                events(NOW).with(whole).integration("guilds", "deposited", FIVE),
                events(NOW).system(SystemEvent.Level.CRITICAL, "treasury", "vault gone", details),
                events(NOW).system(SystemEvent.Level.INFO, "treasury", "", Map.of()));
    }

    @Test
    void whatWasWrittenIsReadBackOfEveryKind() {
        EventCodec codec = open(NOW);

        for (BaseEvent event : everyKind()) {
            assertThat(codec.decode(codec.encode(event))).isEqualTo(event);
        }
    }

    @Test
    void theEnvelopeSaysWhatEverybodyOnTheWayNeeds() {
        for (BaseEvent event : everyKind()) {
            Envelope envelope = open(NOW).encode(event);

            assertThat(envelope.id()).isEqualTo(event.id());
            assertThat(envelope.type()).isEqualTo(event.type());
            assertThat(envelope.source()).isEqualTo("guild-service");
            assertThat(envelope.time()).isEqualTo(TIME);
            assertThat(envelope.partitionKey()).isEqualTo(event.orderingKey());
            assertThat(envelope.correlationId()).isEqualTo(event.correlationId());
            assertThat(envelope.causationId()).isEqualTo(event.metadata().causationId());
        }
    }

    @Test
    void aPayloadOfAnOldVersionIsBroughtUpStepByStep() {
        Envelope old =
                open(BEFORE).encode(events(BEFORE).domain("guild", "g", new DepositedV1("ada", 5)));

        assertThat(((DomainEvent<?>) open(NOW).decode(old)).data())
                .isEqualTo(new Deposited("ada", 5, "gold", List.of()));
    }

    @Test
    void whatIsReadOfAnOldVersionIsWrittenAtTheCurrentOne() {
        Envelope old =
                open(BEFORE).encode(events(BEFORE).domain("guild", "g", new DepositedV1("ada", 5)));
        EventRegistry onlyNow =
                EventRegistry.builder().type("guild.deposited", 3, Deposited.class).build();

        Envelope again = open(NOW).encode(open(NOW).decode(old));

        assertThat(((DomainEvent<?>) open(onlyNow).decode(again)).data())
                .isEqualTo(new Deposited("ada", 5, "gold", List.of()));
    }

    @Test
    void anOldVersionThatNothingTakesIsUnreadable() {
        Envelope old =
                open(BEFORE).encode(events(BEFORE).domain("guild", "g", new DepositedV1("ada", 5)));
        EventRegistry onlyNow =
                EventRegistry.builder().type("guild.deposited", 3, Deposited.class).build();

        assertUnreadable(onlyNow, old);
    }

    @Test
    void fieldsOfANewerProgramSurviveAnOlderOneAtAnyDepth() {
        LaterDeposited later =
                new LaterDeposited(
                        "ada",
                        5,
                        "gold",
                        List.of(new LaterShare("bob", 2, "first"), new LaterShare("cid", 1, null)),
                        Map.of("a/b~c", "x"));
        DomainEvent<LaterDeposited> sent = events(LATER).domain("guild", "g", later);

        BaseEvent between = open(NOW).decode(open(LATER).encode(sent));

        assertThat(((DomainEvent<?>) between).data())
                .isEqualTo(
                        new Deposited(
                                "ada",
                                5,
                                "gold",
                                List.of(new Share("bob", 2), new Share("cid", 1))));
        DomainEvent<?> received = (DomainEvent<?>) open(LATER).decode(open(NOW).encode(between));
        assertThat(received.data()).isEqualTo(later);
    }

    @Test
    void attributesThatNobodyKnowsSurvive() {
        EventCodec codec = open(NOW);
        Envelope sent = codec.encode(everyKind().getFirst());
        Map<String, String> more = new HashMap<>(sent.extensions());
        more.put("region", "eu");
        Envelope came =
                sent.toBuilder().extensions(more).priority(Priority.HIGH).replayable(false).build();

        Envelope again = codec.encode(codec.decode(came));

        assertThat(again.extensions()).containsEntry("region", "eu");
        assertThat(again.priority()).isEqualTo(Priority.HIGH);
        assertThat(again.replayable()).isFalse();
        assertThat(codec.decode(again)).isEqualTo(codec.decode(came));
    }

    @Test
    void aTypeThatIsNotRegisteredHasPlainValues() {
        Envelope sent = open(NOW).encode(events(NOW).domain("guild", "g", FIVE));
        EventRegistry nothing = EventRegistry.builder().build();

        DomainEvent<?> read = (DomainEvent<?>) open(nothing).decode(sent);

        assertThat(read.aggregateId()).isEqualTo("g");
        assertThat(read.data())
                .isInstanceOfSatisfying(
                        Map.class,
                        values -> {
                            assertThat(values.get("member")).isEqualTo("ada");
                            assertThat(values.get("shares"))
                                    .isEqualTo(List.of(Map.of("member", "bob", "amount", 2)));
                        });
    }

    @Test
    void whatAProgramWithoutTheLibrarySentIsAnIntegrationEventOfItsSource() {
        Envelope foreign =
                Envelope.of("k1", "game.kill", "/arena/7", TIME)
                        .json("{\"weapon\":\"bow\"}".getBytes(UTF_8))
                        .build();

        IntegrationEvent<?> event = (IntegrationEvent<?>) open(NOW).decode(foreign);

        assertThat(event.service()).isEqualTo("/arena/7");
        assertThat(event.payload()).isEqualTo(Map.of("weapon", "bow"));
        assertThat(event.correlationId()).isEqualTo("k1");
    }

    @Test
    void aPayloadThatIsNotWhatItsTypeSaysIsUnreadable() {
        Envelope sent = open(NOW).encode(events(NOW).domain("guild", "g", FIVE));
        List<String> wrong = new ArrayList<>(List.of("{\"member\":", "[]", "null", "5"));

        for (String payload : wrong) {
            assertUnreadable(NOW, sent.toBuilder().json(payload.getBytes(UTF_8)).build());
        }
        assertUnreadable(NOW, sent.toBuilder().data("image/png", new byte[] {1, 2}).build());
    }

    @Test
    void aPayloadOfAnotherClassThanItsTypesIsNotWritten() {
        DomainEvent<Share> wrong =
                new DomainEvent<>(
                        "1",
                        "guild.deposited",
                        TIME,
                        0,
                        EventMetadata.of("c", "s", "test"),
                        "g",
                        "guild",
                        new Share("ada", 1));

        assertThatThrownBy(() -> open(NOW).encode(wrong))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void manyThreadsMayUseOneCodec() throws Exception {
        EventCodec codec = open(NOW);
        List<BaseEvent> kinds = everyKind();

        Threads.together(
                4,
                thread -> {
                    for (int i = 0; i < 200; i++) {
                        BaseEvent event = kinds.get((thread + i) % kinds.size());
                        assertThat(codec.decode(codec.encode(event))).isEqualTo(event);
                    }
                });
    }

    private void assertUnreadable(EventRegistry registry, Envelope envelope) {
        assertThatThrownBy(() -> open(registry).decode(envelope))
                .isInstanceOf(UnreadableEventException.class);
    }
}
