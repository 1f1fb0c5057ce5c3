package dev.jubilee.events.redis;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.PublishException;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.DurableEventBusContract;
import dev.jubilee.events.tck.servers.RedisServer;
import io.lettuce.core.Consumer;
import io.lettuce.core.KillArgs;
import io.lettuce.core.SetArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;

@ExtendWith(RealRedis.class)
class RedisStreamsEventBusTest extends DurableEventBusContract {
    private final RedisServer server;
    private final RedisSettings settings;
    private final RedisLink link;
    private final CountDownLatch gate = new CountDownLatch(1);
    private final ConcurrentLinkedQueue<String> handled = new ConcurrentLinkedQueue<>();

    RedisStreamsEventBusTest(RedisServer server) {
        this.server = server;
        this.settings = RedisSettings.at(server.uri()).withStream(family);
        this.link = RedisLink.to(settings.address());
    }

    @Override
    protected EventBus open(EventRegistry registry, EventTracker tracker) {
        return new RedisStreamsEventBus(
                settings.withBus(BusSettings.defaults().withTracker(tracker)),
                new JsonEventCodec(registry));
    }

    @Override
    protected void restartServer() {
        server.restart();
    }

    @AfterEach
    void disconnect() {
        gate.countDown(); // also when a test failed before it did
        link.close();
    }

    private RedisCommands<String, String> redis() {
        return link.shared().sync();
    }

    private SubscriptionOptions durable() {
        return SubscriptionOptions.durable(family);
    }

    private EventBus open(RedisSettings other) {
        return new RedisStreamsEventBus(other, new JsonEventCodec(registry));
    }

    private List<String> distinct() {
        return handled.stream().distinct().toList();
    }

    @Test
    @SuppressWarnings("unchecked") // an array of one offset
    void whatADeadConsumerHeldIsClaimedAndComesFirst() {
        bus().subscribe(family + ".score", durable(), event -> {}).close();
        List<DomainEvent<Score>> all = scores("ada", 30);
        bus().publishAll(all.subList(0, 20));
        assertThat(
                        redis().xreadgroup(
                                        Consumer.from(family, "dead"),
                                        StreamOffset.lastConsumed(family)))
                .hasSize(20);
        bus().publishAll(all.subList(20, 30));
        bus().subscribe(family + ".score", durable(), event -> handled.add(event.id()));
        Await.until("all are handled", () -> handled.size() >= 30);
        assertThat(handled).containsExactlyElementsOf(idsOf(all));
        awaitNothingPending();
    }

    @Test
    void whileAnotherProgramOwnsTheSubscriptionItWaitsUntilTheLeaseIsGone() {
        redis().set(
                        StreamLease.keyOf(family, family),
                        "a program that was killed",
                        SetArgs.Builder.px(Duration.ofMinutes(1)));
        bus().subscribe(family + ".score", durable(), event -> handled.add(event.id()));
        List<DomainEvent<Score>> all = scores("ada", 5);
        bus().publishAll(all);
        assertThat(redis().exists(StreamLease.keyOf(family, family))).isEqualTo(1);
        assertThat(handled).isEmpty();
        redis().del(StreamLease.keyOf(family, family));
        Await.until("all are handled", () -> handled.size() >= 5);
        assertThat(handled).containsExactlyElementsOf(idsOf(all));
    }

    @Test
    void aLeaseThatCannotBeRenewedRunsOutByOurOwnClock() {
        AtomicLong nanos = new AtomicLong();
        StreamLease lease = new StreamLease(family, family, nanos::get);
        assertThat(lease.runs()).isFalse();
        assertThat(lease.take(redis())).isTrue();
        nanos.addAndGet(StreamLease.LENGTH.toNanos() - 1);
        assertThat(lease.runs()).isTrue();
        nanos.incrementAndGet();
        assertThat(lease.runs()).isFalse();
        assertThat(lease.take(redis())).isTrue();
        assertThat(lease.runs()).isTrue();
        lease.release(link.shared().async(), Await.PATIENCE);
        assertThat(lease.runs()).isFalse();
    }

    @Test
    void ofTwoMembersOneHandlesSoThatAKeyStaysInOrder() {
        AtomicInteger together = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        EventHandler<BaseEvent> watching =
                event -> {
                    most.accumulateAndGet(together.incrementAndGet(), Math::max);
                    LockSupport.parkNanos(1000);
                    handled.add(event.id());
                    together.decrementAndGet();
                };
        bus().subscribe(family + ".score", durable(), watching);
        connect().subscribe(family + ".score", durable(), watching);
        List<DomainEvent<Score>> all = scores("ada", 500);
        bus().publishAll(all);
        Await.until("all are handled", () -> handled.size() >= 500);
        assertThat(handled).containsExactlyElementsOf(idsOf(all));
        assertThat(most).hasValue(1);
    }

    @Test
    void connectionsThatAreKilledAreMadeAgainAndNothingIsLost() {
        bus().subscribe(family + ".score", durable(), event -> handled.add(event.id()));
        List<DomainEvent<Score>> all = scores("ada", 200);
        for (int i = 0; i < all.size(); i++) {
            if (i % 50 == 25) {
                redis().clientKill(KillArgs.Builder.typeNormal().skipme());
            }
            bus().publish(all.get(i));
        }
        Await.until("all are handled", () -> distinct().size() == 200);
        assertThat(distinct()).isEqualTo(idsOf(all));
        awaitNothingPending();
    }

    @Test
    void whatIsInHandIsNotHandledAgainAfterALostConnection() {
        bus().subscribe(
                        family + ".score",
                        durable(),
                        event -> {
                            gate.await();
                            handled.add(event.id());
                        });
        List<DomainEvent<Score>> all = scores("ada", 6);
        bus().publishAll(all.subList(0, 5));
        Await.until("five are in hand", () -> pending() == 5);
        redis().clientKill(KillArgs.Builder.typeNormal().skipme());
        bus().publish(all.get(5));
        Await.until("it reads again", () -> pending() == 6);
        gate.countDown();
        awaitNothingPending();
        assertThat(handled).containsExactlyElementsOf(idsOf(all));
    }

    @Test
    void closingWaitsUntilWhatWasHandledIsAcknowledged() {
        EventBus first = connect();
        first.subscribe(
                family + ".score",
                durable().withCapacity(5000),
                event -> {
                    gate.await();
                    handled.add(event.id());
                });
        bus().publishAll(scores("ada", 5000));
        Await.until("all are fetched", () -> pending() == 5000);
        Client.command(link, "PAUSE", "300", "WRITE");
        gate.countDown();
        Await.until("all are handled", () -> handled.size() == 5000);
        first.close();
        assertThat(pending()).isZero();
    }

    @Test
    void closingDoesNotWaitForAServerThatIsAway() throws Exception {
        EventBus first = connect();
        for (int i = 0; i < 3; i++) {
            first.subscribe(
                    family + ".score",
                    SubscriptionOptions.durable(family + "." + i),
                    event -> handled.add(event.id()));
        }
        bus().publish(score("ada", 1));
        Await.until("all read", () -> handled.size() == 3);
        server.kill();
        try {
            // It gives acknowledgements and connections a few seconds each.
            CompletableFuture.runAsync(first::close).get(28, TimeUnit.SECONDS);
        } finally {
            server.start();
        }
    }

    @Test
    void noMoreIsFetchedThanTheCapacityAllows() throws Exception {
        bus().subscribe(
                        family + ".score",
                        durable().withCapacity(10),
                        event -> {
                            gate.await();
                            handled.add(event.id());
                        });
        bus().publishAll(scores("ada", 1000));
        Await.until("a page is fetched", () -> pending() > 0);
        // Whether it reads on is seen only after it had the time to.
        assertThat(gate.await(500, TimeUnit.MILLISECONDS)).isFalse();
        assertThat(pending()).isLessThanOrEqualTo(10 + StreamReceiver.PAGE);
        gate.countDown();
        Await.until("all are handled", () -> handled.size() == 1000);
        awaitNothingPending();
    }

    @Test
    void whatEveryDurableSubscriptionHandledIsDroppedAndNothingElse() {
        StreamTrimming trimming = new StreamTrimming(link, settings.withRetention(Duration.ZERO));
        SubscriptionOptions late = SubscriptionOptions.durable(family + ".late");
        bus().subscribe(family + ".score", late, event -> {}).close();
        bus().subscribe(family + ".score", durable(), event -> handled.add(event.id()));
        List<DomainEvent<Score>> all = scores("ada", 50);
        bus().publishAll(all);
        Await.until("one has all", () -> handled.size() == 50);
        awaitNothingPending();
        trimming.trim();
        assertThat(redis().xlen(family)).isEqualTo(50);
        handled.clear();
        bus().subscribe(family + ".score", late, event -> handled.add(event.id()));
        Await.until("the other has all", () -> handled.size() == 50);
        Await.until(
                "it is dropped",
                () -> {
                    trimming.trim();
                    return redis().xlen(family) <= 1;
                });
    }

    @Test
    void aStreamThatIsFullTakesNothingUntilItIsHandled() {
        try (EventBus small = open(settings.withMaxLength(20))) {
            var subscription = small.subscribe(family + ".score", durable(), event -> {});
            subscription.close();
            List<DomainEvent<Score>> all = scores("ada", 30);
            bus().publishAll(all);
            DomainEvent<Score> refused = score("ada", 31);
            Await.until(
                    "it is full",
                    () -> {
                        try {
                            small.publish(refused);
                            return false;
                        } catch (PublishException e) {
                            return String.valueOf(e.getMessage()).contains("have not handled");
                        }
                    });
            small.subscribe(family + ".score", durable(), event -> handled.add(event.id()));
            Await.until("all are handled", () -> handled.containsAll(idsOf(all)));
            Await.until(
                    "there is room",
                    () -> {
                        small.publish(score("ada", 32));
                        return true;
                    });
        }
    }

    @Test
    void whatTheServerRefusesIsSaidAndTriedAgain() {
        Queue<String> said = new ConcurrentLinkedQueue<>();
        List<Logger> loggers =
                Stream.of(StreamReceiver.class, StreamTrimming.class)
                        .map(each -> (Logger) LoggerFactory.getLogger(each))
                        .toList();
        AppenderBase<ILoggingEvent> listening =
                new AppenderBase<>() {
                    @Override
                    protected void append(ILoggingEvent line) {
                        said.add(line.getFormattedMessage());
                    }
                };
        listening.start();
        loggers.forEach(logger -> logger.addAppender(listening));
        try {
            bus().subscribe(family + ".score", event -> handled.add(event.id()));
            redis().set(family, "no stream");
            Await.until(
                    "both complain",
                    () ->
                            said.stream().anyMatch(line -> line.contains("cannot read at present"))
                                    && said.contains(family + " is not trimmed at present"));
            redis().del(family);

            bus().publish(score("ada", 1));
            Await.until("it came", () -> handled.size() == 1);
        } finally {
            loggers.forEach(logger -> logger.detachAppender(listening));
        }
    }

    @Test
    void aLetterWhoseSubscriptionIsGoneStaysWhereItIs() {
        EventHandler<BaseEvent> failing =
                event -> {
                    throw new IOException("always");
                };
        var subscription =
                bus().subscribe(family + ".score", durable(), failing.retrying(quick(1)));
        bus().publish(score("ada", 1));
        awaitLetters(1);
        awaitNothingPending();
        subscription.close();
        assertThat(redis().xgroupDestroy(family, family)).isTrue();
        assertThat(bus().deadLetters().redrive(dead(), letter -> true)).isZero();
        assertThat(bus().deadLetters().view(dead(), 10)).hasSize(1);
    }

    @Test
    void anEntryThatIsNoEventIsADeadLetter() {
        bus().subscribe(
                        family + ".score",
                        durable(),
                        EventHandler.of((EventHandler<BaseEvent>) event -> {}).retrying(quick(3)));
        redis().xadd(family, Map.of(RedisMessages.EVENT, "{"));
        var letter = awaitLetters(1).getFirst();
        assertThat(letter.event()).isEmpty();
        assertThat(letter.attempts()).isEqualTo(1);
    }

    private long pending() {
        return redis().xpending(family, family).getCount();
    }

    private void awaitNothingPending() {
        Await.until("everything is acknowledged", () -> pending() == 0);
    }
}
