package dev.jubilee.events.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.Backoff;
import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DomainEvent;
import dev.jubilee.events.EventBus;
import dev.jubilee.events.EventHandler;
import dev.jubilee.events.EventRegistry;
import dev.jubilee.events.EventTracker;
import dev.jubilee.events.RetryStrategy;
import dev.jubilee.events.SubscriptionOptions;
import dev.jubilee.events.core.BusSettings;
import dev.jubilee.events.json.JsonEventCodec;
import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.EventBusSuite;
import dev.jubilee.events.tck.servers.RedisServer;
import io.lettuce.core.KillArgs;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** When the connection or the right to read is lost while events are in hand. */
@ExtendWith(RealRedis.class)
class GroupReceiverTest extends EventBusSuite {
    private final RedisSettings settings;
    private final RedisLink link;
    private final CountDownLatch gate = new CountDownLatch(1);
    private final ConcurrentLinkedQueue<String> handled = new ConcurrentLinkedQueue<>();

    GroupReceiverTest(RedisServer server) {
        this.settings = RedisSettings.at(server.uri()).withStream(family);
        this.link = RedisLink.to(settings.address());
    }

    @Override
    protected EventBus open(EventRegistry registry, EventTracker tracker) {
        return new RedisStreamsEventBus(
                settings.withBus(BusSettings.defaults().withTracker(tracker)),
                new JsonEventCodec(registry));
    }

    @AfterEach
    void disconnect() {
        gate.countDown(); // also when a test failed before it did
        link.close();
    }

    private RedisCommands<String, String> redis() {
        return link.shared().sync();
    }

    private String lease() {
        return StreamLease.keyOf(family, family);
    }

    @Test
    void whatWaitedForRoomWhenTheConnectionWasLostIsHandled() {
        bus().subscribe(
                        family + ".score",
                        SubscriptionOptions.durable(family).withCapacity(1),
                        event -> {
                            gate.await();
                            handled.add(event.id());
                        });
        List<DomainEvent<Score>> all = scores("ada", 3);
        bus().publishAll(all);
        Await.until("they are read", () -> pending() > 1);

        redis().clientKill(KillArgs.Builder.typeNormal().skipme());
        redis().pexpire(lease(), Duration.ofMinutes(1));
        Await.until(
                "it is renewed on the next connection",
                () -> redis().pttl(lease()) <= StreamLease.LENGTH.toMillis());
        gate.countDown();

        Await.until("all are handled", () -> handled.size() >= 3);
        assertThat(handled).containsExactlyElementsOf(idsOf(all));
        Await.until("everything is acknowledged", () -> pending() == 0);
    }

    @Test
    void whatWaitsForARetryWhenTheLeaseIsLostStillComesBeforeWhatFollows() {
        AtomicInteger attempts = new AtomicInteger();
        EventHandler<BaseEvent> failingOnce =
                event -> {
                    if (attempts.incrementAndGet() == 1) {
                        throw new IOException("the first time");
                    }
                    handled.add(event.id());
                };
        RetryStrategy inAWhile =
                RetryStrategy.attempts(2).backoff(Backoff.fixed(Duration.ofSeconds(15)));
        bus().subscribe(
                        family + ".score",
                        SubscriptionOptions.durable(family),
                        failingOnce.retrying(inAWhile));
        List<DomainEvent<Score>> all = scores("ada", 3);
        bus().publishAll(all.subList(0, 2));
        Await.until("one waits, and one behind it", () -> attempts.get() == 1 && pending() == 2);

        long connections = connectionsMade();
        redis().set(lease(), "another program", SetArgs.Builder.px(Duration.ofMinutes(1)));
        Await.until("it sees that it is not its own", () -> connectionsMade() > connections);
        bus().publish(all.get(2));
        redis().del(lease());

        Await.until("all are handled", () -> handled.size() >= 3);
        assertThat(handled).containsExactlyElementsOf(idsOf(all));
    }

    private long connectionsMade() {
        return redis().info("stats")
                .lines()
                .filter(line -> line.startsWith("total_connections_received:"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1)))
                .sum();
    }

    private long pending() {
        return redis().xpending(family, family).getCount();
    }
}
