package dev.jubilee.events.redis;

import dev.jubilee.events.TopicPattern;
import dev.jubilee.events.core.Dispatcher;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.sync.RedisCommands;

/** Feeds a subscription that is not durable: it remembers itself where it is. */
final class TailReceiver extends StreamReceiver {
    private final String stream;
    private String position;

    /** Begins after the position. */
    TailReceiver(
            String name,
            String stream,
            String position,
            TopicPattern pattern,
            RedisLink link,
            RedisMessages messages,
            Dispatcher dispatcher) {
        super(name, pattern, link, messages, dispatcher);
        this.stream = stream;
        this.position = position;
    }

    @Override
    @SuppressWarnings("unchecked") // an array of one offset
    void read(RedisCommands<String, String> redis) {
        while (!isEnding()) {
            for (StreamMessage<String, String> entry :
                    redis.xread(
                            XReadArgs.Builder.count(PAGE).block(BLOCK),
                            StreamOffset.from(stream, position))) {
                if (!handOver(redis, entry, RedisDelivery.Claim.NONE)) {
                    return;
                }
                position = entry.getId();
            }
        }
    }

    @Override
    boolean mayHandle(RedisCommands<String, String> redis) {
        return true;
    }

    @Override
    void finish() {}
}
