package dev.jubilee.events.tck;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventFactory;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.RetryStrategy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * What the suites of an {@link EventBus} share: buses to open, events to publish, and letters to
 * wait for. Each test uses a family of types of its own, so a server may be shared by all tests.
 */
public abstract class EventBusSuite {
    /** Types begin with this; different in every test. */
    protected final String family =
            "tck" + Long.toHexString(ThreadLocalRandom.current().nextLong());

    protected final EventRegistry registry =
            EventRegistry.builder()
                    .type(family + ".score", Score.class)
                    .type(family + ".match.end", MatchEnd.class)
                    .type(family, Bare.class)
                    .build();
    protected final EventFactory events =
            new EventFactory(registry, InstantSource.system(), "tck", "test");

    /** Every bus of a test tells it. */
    final RecordingTracker tracker = new RecordingTracker();

    private final List<EventBus> opened = new ArrayList<>();
    private @Nullable EventBus opening;

    /** A payload of the type {@code <family>.score}. */
    public record Score(String player, int points) {}

    /** A payload of the type {@code <family>.match.end}. */
    public record MatchEnd(String match) {}

    /** A payload of the type that is the family's name alone. */
    public record Bare(int number) {}

    /**
     * A bus of its own on the transport under test, which other buses share. The suite closes it.
     *
     * @param registry of the events that the test uses
     * @param tracker which the bus is to tell of them
     */
    protected abstract EventBus open(EventRegistry registry, EventTracker tracker);

    /** Opens a bus that is closed after the test. */
    protected final EventBus connect() {
        EventBus made = open(registry, tracker);
        opened.add(made);
        return made;
    }

    /** The bus of this test. */
    protected final EventBus bus() {
        return Objects.requireNonNull(opening, "opened before each test");
    }

    @BeforeEach
    final void openBus() {
        opening = connect();
    }

    @AfterEach
    final void closeBuses() {
        opened.forEach(EventBus::close);
    }

    /** A fact about the player, which is its key. */
    protected final DomainEvent<Score> score(String player, int points) {
        return events.domain("player", player, new Score(player, points));
    }

    /** So many scores of the player, in order. */
    protected final List<DomainEvent<Score>> scores(String player, int count) {
        return IntStream.range(0, count).mapToObj(points -> score(player, points)).toList();
    }

    /** Retries so often, with a pause of a few milliseconds, then to an address of this test's. */
    protected final RetryStrategy quick(int attempts) {
        return RetryStrategy.attempts(attempts)
                .backoff(Backoff.fixed(Duration.ofMillis(20)))
                .deadLetterTo(family, "dead");
    }

    /** Where {@link #quick} puts dead letters. */
    protected final DeadLetterRoute dead() {
        return new DeadLetterRoute(family, "dead");
    }

    protected static List<String> idsOf(List<? extends BaseEvent> events) {
        return events.stream().map(BaseEvent::id).toList();
    }

    /** Waits until so many letters lie at {@link #dead()}, and gives them. */
    protected final List<DeadLetter> awaitLetters(int count) {
        Await.until(
                count + " dead letters",
                () -> bus().deadLetters().view(dead(), 100).size() == count);
        return bus().deadLetters().view(dead(), 100);
    }
}
