package dev.jubilee.events.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.jubilee.events.Backoff;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventMetadata;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.PublishException;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.DurableEventBusContract;
import dev.jubilee.events.tck.servers.RabbitMqServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;

@ExtendWith(RealRabbitMq.class)
class RabbitEventBusTest extends DurableEventBusContract {
    private static final int MEBI = 1 << 20;

    private final RabbitMqServer server;

    RabbitEventBusTest(RabbitMqServer server) {
        this.server = server;
    }

    @Override
    protected EventBus open(EventRegistry registry, EventTracker tracker) {
        return new RabbitEventBus(
                settings().withBus(BusSettings.defaults().withTracker(tracker)),
                new JsonEventCodec(registry));
    }

    private RabbitSettings settings() {
        return RabbitSettings.fromEnvironment(server.environment());
    }

    @Override
    protected void restartServer() {
        server.restart();
    }

    @Test
    void whatIsPublishedWhileTheServerIsAwayIsSentInOrderWhenItIsBack() {
        Queue<String> handled = new ConcurrentLinkedQueue<>();
        bus().subscribe(family + ".score", SubscriptionOptions.durable(family), noting(handled));
        List<DomainEvent<Score>> all = scores("ada", 30);
        bus().publishAll(all.subList(0, 10));
        server.kill();

        List<CompletableFuture<Void>> waiting;
        try {
            waiting = all.subList(10, 30).stream().map(bus()::publishAsync).toList();
        } finally {
            server.start();
        }

        Await.until(
                "all are confirmed", () -> waiting.stream().allMatch(CompletableFuture::isDone));
        Await.until("all came", () -> handled.containsAll(idsOf(all)));
        assertThat(handled.stream().distinct()).isEqualTo(idsOf(all));
    }

    @Test
    void publishingFailsWhenTheServerStaysAwayForLongerThanThePatience() {
        EventBus hasty =
                new RabbitEventBus(
                        settings().withPatience(Duration.ofSeconds(3)),
                        new JsonEventCodec(registry));
        try (hasty) {
            server.kill();

            try {
                assertThatThrownBy(
                                () -> hasty.publishAsync(score("ada", 1)).get(2, TimeUnit.MINUTES))
                        .hasCauseInstanceOf(PublishException.class)
                        .hasMessageContaining("PT3S");
            } finally {
                server.start();
            }
            Await.untilAsserted("it heals", () -> hasty.publish(score("ada", 2)));
        }
    }

    @Test
    void aSubscriptionOutlivesItsQueue() throws Exception {
        Queue<String> handled = new ConcurrentLinkedQueue<>();
        bus().subscribe(family + ".score", SubscriptionOptions.durable(family), noting(handled));
        bus().publish(score("ada", 1));
        Await.until("the first came", () -> handled.size() == 1);

        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            channel.queueDelete("events." + family);
            Await.until("it is made and consumed again", () -> consumers(connection) == 1);
        }

        bus().publish(score("ada", 2));
        Await.until("the next came", () -> handled.size() == 2);
    }

    @Test
    void aSubscriptionOutlivesWhatIsThrownWhileItIsOpenedAgain() throws Exception {
        Queue<String> handled = new ConcurrentLinkedQueue<>();
        AtomicBoolean failing = new AtomicBoolean();
        EventHandler<BaseEvent> handler =
                new EventHandler<>() {
                    @Override
                    public void handle(BaseEvent event) {
                        handled.add(event.id());
                    }

                    @Override
                    public Optional<RetryStrategy> retryStrategy() {
                        if (failing.getAndSet(false)) {
                            throw new IllegalStateException("not now");
                        }
                        return Optional.empty();
                    }
                };
        bus().subscribe(family + ".score", SubscriptionOptions.durable(family), handler);

        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            failing.set(true);
            channel.queueDelete("events." + family);
            Await.until("it is made and consumed again", () -> consumers(connection) == 1);
        }

        assertThat(failing).isFalse();
        bus().publish(score("ada", 1));
        Await.until("it came", () -> handled.size() == 1);
    }

    private static EventHandler<BaseEvent> noting(Queue<String> handled) {
        return event -> handled.add(event.id());
    }

    private long consumers(Connection connection) throws IOException, TimeoutException {
        try (Channel channel = connection.createChannel()) {
            return channel.consumerCount("events." + family);
        }
    }

    @Test
    void anExchangeThatIsGoneIsMadeAgain() throws Exception {
        EventBus alone =
                new RabbitEventBus(settings().withExchange(family), new JsonEventCodec(registry));
        try (alone;
                Connection connection = connection();
                Channel channel = connection.createChannel()) {
            alone.publish(score("ada", 1));
            channel.exchangeDelete(family);

            try {
                alone.publish(score("ada", 2));
            } catch (PublishException e) {
                // What was on its way fails, unless the answer overtook its sending.
                assertThat(e).hasMessageContaining("404");
            }

            alone.publish(score("ada", 3));
            channel.exchangeDelete(family);
        }
    }

    @Test
    void aQueueThatIsOtherwiseThanAskedForIsUsedAsItIs() throws Exception {
        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            channel.queueDeclare("events." + family, true, false, false, Map.of());
        }
        Queue<String> handled = new ConcurrentLinkedQueue<>();

        bus().subscribe(family + ".score", SubscriptionOptions.durable(family), noting(handled));

        bus().publish(score("ada", 1));
        Await.until("it came", () -> handled.size() == 1);
    }

    @Test
    void theServerHoldsBackWhatTheCapacityDoesNotAllow() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger handled = new AtomicInteger();
        SubscriptionOptions options = SubscriptionOptions.durable(family).withCapacity(10);
        bus().subscribe(
                        family + ".score",
                        options,
                        event -> {
                            gate.await();
                            handled.incrementAndGet();
                        });

        bus().publishAll(scores("ada", 100));

        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            Await.until(
                    "90 wait at the server", () -> channel.messageCount("events." + family) == 90);
            gate.countDown();
            Await.until("all are handled", () -> handled.get() == 100);
            Await.until("none is left", () -> channel.messageCount("events." + family) == 0);
        }
    }

    @Test
    void whenNoneWaitsForARetryAnyMoreTheServerSendsNoMoreAheadThanBefore() {
        AtomicBoolean broken = new AtomicBoolean(true);
        Queue<String> handled = new ConcurrentLinkedQueue<>();
        EventHandler<BaseEvent> handler =
                event -> {
                    if (broken.get()) {
                        throw new IOException("not yet");
                    }
                    handled.add(event.id());
                };
        Logger logger = (Logger) LoggerFactory.getLogger(RabbitReceiver.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        logger.setLevel(Level.INFO);
        try {
            bus().subscribe(
                            family + ".score",
                            SubscriptionOptions.durable(family).withCapacity(10),
                            handler.retrying(quick(1000)));
            bus().publishAll(scores("ada", 15));
            Await.until("it sends more", () -> isSaid(lines, "gets 20 events ahead"));
            broken.set(false);

            Await.until("all are handled", () -> handled.size() >= 15);
            Await.until("it sends no more", () -> isSaid(lines, "gets 10 events ahead"));
        } finally {
            logger.detachAppender(lines);
            logger.setLevel(null);
        }
        bus().publish(score("ada", 15));
        Await.until("the next came", () -> handled.size() >= 16);
    }

    private static boolean isSaid(ListAppender<ILoggingEvent> lines, String words) {
        return List.copyOf(lines.list).stream()
                .anyMatch(line -> line.getFormattedMessage().contains(words));
    }

    @Test
    void aMessageThatIsNoEventIsADeadLetter() throws Exception {
        DeadLetter letter =
                letterOfNoEvent(
                        RabbitMessages.properties("m1", family + ".score", Map.of()).build());

        assertThat(letter.eventId()).isEqualTo("m1");
        assertThat(letter.event()).isEmpty();
        assertThat(letter.attempts()).isEqualTo(1);
    }

    @Test
    void aMessageThatSaysNothingOfItselfIsADeadLetterToo() throws Exception {
        assertThat(letterOfNoEvent(new AMQP.BasicProperties()).event()).isEmpty();
    }

    /** What becomes of a message to a subscription that is no event. */
    private DeadLetter letterOfNoEvent(AMQP.BasicProperties properties) throws Exception {
        EventHandler<BaseEvent> handler = event -> {};
        bus().subscribe(
                        family + ".score",
                        SubscriptionOptions.durable(family),
                        handler.retrying(quick(3)));
        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            channel.basicPublish(
                    "", "events." + family, properties, "{".getBytes(StandardCharsets.UTF_8));
        }
        return awaitLetters(1).getFirst();
    }

    @Test
    void aLetterAtTheEventsOwnExchangeReachesNoSubscription() {
        EventBus alone =
                new RabbitEventBus(settings().withExchange(family), new JsonEventCodec(registry));
        AtomicInteger attempts = new AtomicInteger();
        Queue<String> seen = new ConcurrentLinkedQueue<>();
        EventHandler<BaseEvent> failing =
                event -> {
                    attempts.incrementAndGet();
                    throw new IOException("always");
                };
        try (alone) {
            alone.subscribe("#", SubscriptionOptions.durable("all"), failing.retrying(quick(2)));
            alone.subscribe("#", noting(seen));
            DomainEvent<Score> poison = score("ada", 1);
            alone.publish(poison);
            Await.until(
                    "it is a dead letter", () -> alone.deadLetters().view(dead(), 10).size() == 1);
            DomainEvent<Score> next = score("ada", 2);
            alone.publish(next);
            Await.until("the next came", () -> seen.contains(next.id()));
            assertThat(seen).containsExactly(poison.id(), next.id());
            Await.until(
                    "both are dead letters",
                    () -> alone.deadLetters().view(dead(), 10).size() == 2);
            assertThat(attempts).hasValue(4);
        }
    }

    @Test
    void refusesADurableNameWhoseQueueIsThatOfItsDeadLetters() {
        EventHandler<BaseEvent> handler = event -> {};
        assertThatThrownBy(() ->
                        bus().subscribe(
                                        "#",
                                        SubscriptionOptions.durable("dead"),
                                        handler.retrying(RetryStrategy.DEFAULT)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("events.dead");
    }

    @Test
    void aLetterWhoseQueueIsGoneIsNotLost() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        EventHandler<BaseEvent> failing =
                event -> {
                    gate.await();
                    throw new IOException("always");
                };
        bus().subscribe(family + ".score", failing.retrying(quick(1)));
        DomainEvent<Score> poison = score("ada", 1);
        bus().publish(poison);
        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            channel.queueDelete(dead().joined());
        }

        gate.countDown();

        // Not by looking at the letters, which makes their queue.
        Await.until("it lies there", () -> waiting(dead().joined()) == 1);
        assertThat(awaitLetters(1).getFirst().eventId()).isEqualTo(poison.id());
    }

    @Test
    void whileLettersAreRedrivenNoMoreThanAPageIsHere() {
        int count = RabbitDeadLetters.PAGE_BYTES / MEBI + 3;
        EventHandler<BaseEvent> failing =
                event -> {
                    throw new IOException("always");
                };
        bus().subscribe(family + ".score", failing.retrying(quick(1)));
        for (int i = 0; i < count; i++) {
            bus().publish(events.domain("player", "ada", new Score("x".repeat(MEBI), i)));
        }
        Await.until("all lie there", () -> waiting(dead().joined()) == count);
        List<Long> left = new ArrayList<>();

        int redriven =
                bus().deadLetters()
                        .redrive(
                                dead(),
                                letter -> {
                                    left.add(waitingNow(dead().joined()));
                                    return false;
                                });

        assertThat(redriven).isZero();
        assertThat(left).hasSize(count).startsWith(3L).endsWith(0L);
        Await.until("all lie there again", () -> waiting(dead().joined()) == count);
    }

    private long waitingNow(String queue) {
        try {
            return waiting(queue);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void anEventMaySayMoreThanThePropertiesOfAMessageTake() {
        Queue<String> handled = new ConcurrentLinkedQueue<>();
        bus().subscribe(family + ".score", noting(handled));
        DomainEvent<Score> wordy = score("ada", 1);
        DomainEvent<Score> longer =
                wordy.withMetadata(EventMetadata.of("c".repeat(1000), "tck", "test"));

        bus().publish(longer);
        bus().publish(score("ada", 2));

        Await.until("both came", () -> handled.size() == 2);
        assertThat(handled).startsWith(wordy.id());
    }

    @Test
    void aMessageThatTheClientWillNotSendFailsAlone() throws Exception {
        AMQP.BasicProperties tooLong =
                RabbitMessages.properties("m1", "t", Map.of("h", "x".repeat(MEBI))).build();
        AMQP.BasicProperties fine = RabbitMessages.properties("m2", "t", Map.of()).build();
        try (RabbitConnection connection = new RabbitConnection(settings(), "tck")) {
            ConfirmingPublisher publisher =
                    new ConfirmingPublisher(
                            connection,
                            new RabbitTopology(connection, family),
                            10,
                            Duration.ofMinutes(1));
            CompletableFuture<Void> refused = publisher.publish(family, "t", tooLong, new byte[0]);
            CompletableFuture<Void> next = publisher.publish(family, "t", fine, new byte[0]);

            assertThatThrownBy(() -> refused.get(2, TimeUnit.MINUTES))
                    .hasCauseInstanceOf(PublishException.class);
            next.get(2, TimeUnit.MINUTES);
            publisher.close(Duration.ofSeconds(1));
        }
    }

    private long waiting(String queue) throws Exception {
        try (Connection connection = connection();
                Channel channel = connection.createChannel()) {
            return channel.messageCount(queue);
        }
    }

    @Test
    void subscriptionsThatAreFullHoldUpNoOther() throws Exception {
        CountDownLatch first = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger began = new AtomicInteger();
        Queue<String> handled = new ConcurrentLinkedQueue<>();
        int full = 4 * Runtime.getRuntime().availableProcessors();
        for (int i = 0; i < full; i++) {
            AtomicInteger begun = new AtomicInteger();
            bus().subscribe(
                            family + ".score",
                            SubscriptionOptions.DEFAULT.withCapacity(3),
                            event -> {
                                switch (begun.incrementAndGet()) {
                                    case 1 -> {
                                        began.incrementAndGet();
                                        first.await();
                                    }
                                    case 2 -> {} // makes room at the server for one more
                                    default -> gate.await();
                                }
                            });
        }
        bus().subscribe(family + ".match.end", noting(handled));
        try {
            bus().publishAll(scores("ada", 10));
            Await.until("all have begun", () -> began.get() == full);
            // Those that wait behind the first arrive meanwhile.
            assertThat(gate.await(300, TimeUnit.MILLISECONDS)).isFalse();
            first.countDown();
            assertThat(gate.await(300, TimeUnit.MILLISECONDS)).isFalse();
            DomainEvent<MatchEnd> end = events.domain("match", "m1", new MatchEnd("m1"));
            bus().publish(end);
            Await.until("it came", () -> handled.contains(end.id()));
        } finally {
            first.countDown();
            gate.countDown();
        }
    }

    @Test
    void aServerThatLimitsRedeliveriesIsToldNotTo() {
        Map<String, Object> quorum = Map.of("x-queue-type", "quorum");
        assertThat(RabbitTopology.withoutLimit(quorum, "3.13.7")).isEqualTo(quorum);
        assertThat(RabbitTopology.withoutLimit(quorum, "4.0.0-beta.1"))
                .isEqualTo(Map.of("x-queue-type", "quorum", "x-delivery-limit", -1));
        assertThat(RabbitTopology.withoutLimit(quorum, "10.1.0"))
                .containsEntry("x-delivery-limit", -1);
    }

    @Test
    void aTrailingStarIsBoundAsOneOrMoreSegments() {
        assertThat(RabbitTopology.bindingKey(TopicPattern.of("game.*"))).isEqualTo("game.*.#");
        assertThat(RabbitTopology.bindingKey(TopicPattern.of("*"))).isEqualTo("*.#");
        assertThat(RabbitTopology.bindingKey(TopicPattern.of("*.end"))).isEqualTo("*.end");
        assertThat(RabbitTopology.bindingKey(TopicPattern.of("game.#"))).isEqualTo("game.#");
    }

    @Test
    void refusesRetriesThatWaitForLongerThanTheServerDoes() {
        EventHandler<BaseEvent> handler = event -> {};
        RetryStrategy tooLong = quick(3).backoff(Backoff.fixed(Duration.ofMinutes(15)));

        assertThatThrownBy(() -> bus().subscribe(family + ".score", handler.retrying(tooLong)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PT30M")
                .hasMessageContaining("consumer_timeout");

        EventBus patient =
                new RabbitEventBus(
                        settings()
                                .withAcknowledgementTimeout(Duration.ofMinutes(31))
                                .withBus(BusSettings.defaults().withRetry(tooLong)),
                        new JsonEventCodec(registry));
        try (patient) {
            assertThat(patient.subscribe(family + ".score", handler).isActive()).isTrue();
        }
    }

    @Test
    void refusesACapacityThatTheProtocolCannotExpress() {
        assertThatThrownBy(() ->
                        bus().subscribe(
                                        family + ".score",
                                        SubscriptionOptions.DEFAULT.withCapacity(65_536),
                                        event -> {}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private Connection connection() throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        RabbitSettings at = settings();
        factory.setHost(at.host());
        factory.setPort(at.port());
        factory.setUsername(at.username());
        factory.setPassword(at.password());
        factory.setVirtualHost(at.virtualHost());
        return factory.newConnection();
    }
}
