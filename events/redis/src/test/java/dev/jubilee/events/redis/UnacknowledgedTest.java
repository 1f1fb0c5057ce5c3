package dev.jubilee.events.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.events.tck.Await;
import dev.jubilee.events.tck.servers.RedisServer;
import io.lettuce.core.Consumer;
import io.lettuce.core.XAddArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.sync.RedisCommands;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The entries in hand, and what a real Redis holds of them. */
@ExtendWith(RealRedis.class)
class UnacknowledgedTest {
    private static final String ID = "1-1";

    private final String stream = "acks" + Long.toHexString(ThreadLocalRandom.current().nextLong());
    private final RedisLink link;
    private final Unacknowledged entries;

    UnacknowledgedTest(RedisServer server) {
        this.link = RedisLink.to(RedisSettings.at(server.uri()).address());
        this.entries = new Unacknowledged(link.shared().async(), stream, stream);
    }

    @AfterEach
    void disconnect() {
        link.close();
    }

    @Test
    void anAcknowledgementThatTheServerRefusedIsSentAgain() {
        redis().set(stream, "no stream");
        assertThat(entries.take(ID)).isTrue();
        entries.handled(ID);
        redis().del(stream);
        readOne();

        entries.flush(Await.PATIENCE);

        assertThat(pending()).isZero();
        assertThat(entries.take(ID)).isTrue();
    }

    /** The answer of the server may be of before; by then nobody knows the entry any more. */
    @Test
    void whatIsAcknowledgedDuringAClaimIsNotTakenByIt() {
        readOne();
        assertThat(entries.take(ID)).isTrue();

        boolean taken =
                entries.claiming(() -> {
                    entries.handled(ID);
                    entries.flush(Await.PATIENCE);
                    return entries.take(ID);
                });

        assertThat(taken).isFalse();
        assertThat(pending()).isZero();
        assertThat(entries.take(ID)).isTrue();
    }

    @SuppressWarnings("unchecked") // an array of one offset
    private void readOne() {
        redis().xadd(stream, new XAddArgs().id(ID), Map.of("a", "b"));
        GroupReceiver.create(redis(), stream, stream, "0-0");
        redis().xreadgroup(Consumer.from(stream, "c"), StreamOffset.lastConsumed(stream));
        assertThat(pending()).isEqualTo(1);
    }

    private long pending() {
        return redis().xpending(stream, stream).getCount();
    }

    private RedisCommands<String, String> redis() {
        return link.shared().sync();
    }
}
