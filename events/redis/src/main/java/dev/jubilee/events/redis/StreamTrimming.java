package dev.jubilee.events.redis;

import dev.jubilee.events.core.Complaints;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the stream short, and never drops what a durable subscription has not handled. Several
 * programs may do it at once.
 */
final class StreamTrimming implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(StreamTrimming.class);
    private static final Duration EVERY = Duration.ofSeconds(1);

    /**
     * Drops what is older than the retention, or, beyond the greatest length, as much as is
     * allowed; answers how many entries are left.
     */
    private static final String TRIM =
            """
            local function older(one, other)
                local ms, seq = string.match(one, '(%d+)-(%d+)')
                local otherMs, otherSeq = string.match(other, '(%d+)-(%d+)')
                if ms ~= otherMs then return tonumber(ms) < tonumber(otherMs) end
                return tonumber(seq) < tonumber(otherSeq)
            end
            if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
            local unhandled = nil
            for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
                local group = {}
                for i = 1, #fields, 2 do group[fields[i]] = fields[i + 1] end
                local first = group['last-delivered-id']
                if group['pending'] > 0 then
                    first = redis.call('XPENDING', KEYS[1], group['name'])[2]
                end
                if not unhandled or older(first, unhandled) then unhandled = first end
            end
            local time = redis.call('TIME')
            local now = time[1] * 1000 + math.floor(time[2] / 1000)
            local keep = string.format('%d-0', math.max(0, now - ARGV[1]))
            if unhandled and older(unhandled, keep) then keep = unhandled end
            redis.call('XTRIM', KEYS[1], 'MINID', keep)
            if redis.call('XLEN', KEYS[1]) > tonumber(ARGV[2]) then
                if unhandled then
                    redis.call('XTRIM', KEYS[1], 'MINID', unhandled)
                else
                    redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[2])
                end
            end
            return redis.call('XLEN', KEYS[1])
            """;

    private final RedisLink link;
    private final RedisSettings settings;
    private final Complaints complaints;
    private final Thread thread;
    private volatile boolean ending;
    private volatile boolean full;

    StreamTrimming(RedisLink link, RedisSettings settings) {
        this.link = link;
        this.settings = settings;
        this.complaints = new Complaints(LOG, settings.stream() + " is not trimmed at present");
        this.thread = Thread.ofVirtual().name("redis-trimming").unstarted(this);
    }

    void start() {
        thread.start();
    }

    void end() {
        ending = true;
        LockSupport.unpark(thread);
    }

    /** Whether the stream is longer than it may be, and nothing more of it can be dropped. */
    boolean isFull() {
        return full;
    }

    @Override
    public void run() {
        while (!ending) {
            try {
                trim();
            } catch (Throwable e) { // it is done again
                if (!ending) {
                    complaints.about(e);
                }
            }
            LockSupport.parkNanos(EVERY.toNanos());
        }
    }

    /** Does it once. */
    void trim() {
        Long length =
                link.shared()
                        .sync()
                        .eval(
                                TRIM,
                                ScriptOutputType.INTEGER,
                                new String[] {settings.stream()},
                                Long.toString(settings.retention().toMillis()),
                                Long.toString(settings.maxLength()));
        boolean now = length != null && length > settings.maxLength();
        if (now && !full) {
            LOG.warn(
                    "the stream {} holds {} events that durable subscriptions have not handled;"
                            + " nothing more is published to it (XINFO GROUPS shows which)",
                    settings.stream(),
                    length);
        }
        full = now;
    }
}
