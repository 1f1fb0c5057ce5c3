package dev.jubilee.events.redis;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Dispatcher;
import io.lettuce.core.Consumer;
import io.lettuce.core.RedisBusyException;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAutoClaimArgs;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.models.stream.ClaimedMessages;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Feeds a durable subscription: a consumer group, for which one program at a time reads, so that
 * events of a key stay in order. Whoever begins to read first claims what another had read and did
 * not finish; whoever reads on looks from time to time for what one that had lost its right read
 * nevertheless.
 */
final class GroupReceiver extends StreamReceiver {
    /** All programs go by one name: what distinguishes them is the lease. */
    private static final String OWNER = "owner";

    private static final String START = "0-0";
    private static final int PATIENCE_FOR_LOOKING = 20;
    private static final Duration FORGOTTEN = StreamLease.LENGTH.multipliedBy(2);
    private static final Duration FLUSH_WITHIN = Duration.ofSeconds(5);
    private static final Duration RELEASE_WITHIN = Duration.ofSeconds(2);

    private final RedisLink link;
    private final StreamLease lease;
    private final Unacknowledged unacknowledged;
    private final Consumer<String> consumer;
    private volatile Tenure tenure = new Tenure();

    /** The time for which the lease is held without a gap, by our own clock too. */
    private final class Tenure {
        private volatile boolean over;

        RedisDelivery.Claim claim(String id) {
            return new RedisDelivery.Claim() {
                @Override
                public boolean isOurs() {
                    if (!lease.runs()) {
                        over = true;
                    }
                    return !over;
                }

                @Override
                public void settled() {
                    unacknowledged.handled(id);
                }

                @Override
                public boolean returned() {
                    unacknowledged.letGo(id);
                    return true;
                }
            };
        }
    }

    GroupReceiver(
            String group,
            String stream,
            TopicPattern pattern,
            RedisLink link,
            RedisMessages messages,
            Supplier<Dispatcher> workers) {
        super(group, stream, pattern, link, messages, workers);
        this.link = link;
        this.lease = new StreamLease(stream, group);
        this.unacknowledged = new Unacknowledged(link.shared().async(), stream, group);
        this.consumer = Consumer.from(group, OWNER);
    }

    /** Sees to it that the group is there; a new one begins after the position. */
    static void create(
            RedisCommands<String, String> redis, String stream, String group, String position) {
        try {
            String unused =
                    redis.xgroupCreate(
                            StreamOffset.from(stream, position),
                            group,
                            new XGroupCreateArgs().mkstream(true));
        } catch (RedisBusyException e) {
            // It is there, and knows where it stands.
        }
    }

    @Override
    @SuppressWarnings("unchecked") // an array of one offset
    void read(RedisCommands<String, String> redis) {
        while (!isEnding() && !begin(redis)) {
            pause();
        }
        if (isEnding()) {
            return;
        }
        // A server that lost its data lost the group too: everything that is there now came after.
        create(redis, stream(), name(), START);
        if (!claim(redis, Duration.ZERO)) {
            return;
        }
        long next = System.nanoTime() + FORGOTTEN.toNanos();
        while (!isEnding() && mayHandle(redis)) {
            unacknowledged.send();
            bringBack();
            if (System.nanoTime() - next > 0) {
                long begun = System.nanoTime();
                if (!claim(redis, FORGOTTEN)) {
                    return;
                }
                // Of many that are in hand it takes long to find that none is forgotten.
                long took = System.nanoTime() - begun;
                next = begun + Math.max(FORGOTTEN.toNanos(), PATIENCE_FOR_LOOKING * took);
            }
            for (StreamMessage<String, String> entry :
                    redis.xreadgroup(
                            consumer,
                            XReadArgs.Builder.count(PAGE).block(block()),
                            StreamOffset.lastConsumed(stream()))) {
                if (!take(redis, entry)) {
                    return;
                }
            }
        }
    }

    /** Takes over what nobody has finished for so long; false if it ends or has to meanwhile. */
    private boolean claim(RedisCommands<String, String> redis, Duration idle) {
        String next = START;
        do {
            if (isEnding() || !mayHandle(redis)) {
                return false;
            }
            String from = next;
            next = unacknowledged.claiming(() -> claimPage(redis, idle, from));
        } while (next != null && !next.equals(START));
        return next != null;
    }

    /** Returns where the next one begins; null if it ends or has to meanwhile. */
    private @Nullable String claimPage(
            RedisCommands<String, String> redis, Duration idle, String from) {
        ClaimedMessages<String, String> claimed =
                redis.xautoclaim(
                        stream(),
                        XAutoClaimArgs.Builder.xautoclaim(consumer, idle, from).count(PAGE));
        for (StreamMessage<String, String> entry : claimed.getMessages()) {
            if (!take(redis, entry)) {
                return null;
            }
        }
        return claimed.getId();
    }

    private boolean take(RedisCommands<String, String> redis, StreamMessage<String, String> entry) {
        return !unacknowledged.take(entry.getId()) || handOver(redis, entry);
    }

    @Override
    RedisDelivery.Claim claimOf(String id) {
        return tenure.claim(id);
    }

    private boolean begin(RedisCommands<String, String> redis) {
        if (tenure.over || !lease.runs()) {
            endTenure();
        }
        return lease.take(redis);
    }

    /** False after a gap too: what the workers gave back comes before anything newer. */
    @Override
    boolean mayHandle(RedisCommands<String, String> redis) {
        if (lease.runs() && lease.take(redis) && !tenure.over) {
            return true;
        }
        endTenure();
        return false;
    }

    private void endTenure() {
        tenure.over = true;
        giveBackAll();
        tenure = new Tenure();
        backlog().clear(unacknowledged::letGo);
    }

    @Override
    void finish() {
        unacknowledged.flush(FLUSH_WITHIN);
        if (link.shared().isOpen()) {
            lease.release(link.shared().async(), RELEASE_WITHIN);
        } // else it runs out by itself
    }
}
