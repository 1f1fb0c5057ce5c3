package dev.jubilee.events.redis;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Dispatcher;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.sync.RedisCommands;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Feeds a subscription that is not durable: it remembers itself where it is. */
final class TailReceiver extends StreamReceiver {
    private static final Logger LOG = LoggerFactory.getLogger(TailReceiver.class);

    private String position;
    private int fetched;

    /** Begins after the position. */
    TailReceiver(
            String name,
            String stream,
            String position,
            TopicPattern pattern,
            RedisLink link,
            RedisMessages messages,
            Supplier<Dispatcher> workers) {
        super(name, stream, pattern, link, messages, workers);
        this.position = position;
    }

    @Override
    @SuppressWarnings("unchecked") // an array of one offset
    void read(RedisCommands<String, String> redis) {
        while (!isEnding()) {
            bringBack();
            List<StreamMessage<String, String>> page =
                    redis.xread(
                            XReadArgs.Builder.count(PAGE).block(block()),
                            StreamOffset.from(stream(), position));
            fetched = page.size();
            for (StreamMessage<String, String> entry : page) {
                if (!handOver(redis, entry)) {
                    return;
                }
                position = entry.getId();
                fetched--;
            }
        }
    }

    @Override
    RedisDelivery.Claim claimOf(String id) {
        return RedisDelivery.Claim.NONE;
    }

    @Override
    boolean mayHandle(RedisCommands<String, String> redis) {
        return true;
    }

    @Override
    void finish() {
        int lost = fetched + backlog().size();
        if (lost > 0) {
            LOG.warn("{} ends before it handled {} events, which are lost", name(), lost);
        }
    }
}
