package dev.jubilee.events.redis;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.DeadLetters;
import dev.jubilee.events.Rfc3339;
import dev.jubilee.events.core.FailedDelivery;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Dead letters in a stream of their address. */
final class RedisDeadLetters implements DeadLetters {
    /** How many are in memory while they are redriven. */
    private static final int PAGE = 100;

    private final RedisLink link;
    private final RedisMessages messages;
    private final InstantSource clock;
    private final Predicate<Entry> redrive;

    /**
     * A letter with the message that it is about.
     *
     * @param stream where it lies
     */
    record Entry(DeadLetter letter, String stream, String text) {}

    /**
     * Redriving moves a letter to its subscription, in one step, and says whether it was there and
     * the subscription is.
     */
    RedisDeadLetters(
            RedisLink link, RedisMessages messages, InstantSource clock, Predicate<Entry> redrive) {
        this.link = link;
        this.messages = messages;
        this.clock = clock;
        this.redrive = redrive;
    }

    void put(FailedDelivery failed) throws ExecutionException, InterruptedException {
        RedisDelivery delivery = (RedisDelivery) failed.delivery();
        Map<String, String> letter =
                Map.of(
                        RedisMessages.EVENT,
                        delivery.text(),
                        "subscription",
                        failed.subscription(),
                        "reason",
                        failed.reason(),
                        "attempts",
                        Integer.toString(failed.attempts()),
                        "failed_at",
                        Rfc3339.text(clock.instant()));
        String unused = link.shared().async().xadd(failed.route().joined(), letter).get();
    }

    @Override
    public List<DeadLetter> view(DeadLetterRoute route, int limit) {
        return read(route, Range.unbounded(), limit).stream().map(Entry::letter).toList();
    }

    @Override
    public int redrive(DeadLetterRoute route, Predicate<DeadLetter> which) {
        List<StreamMessage<String, String>> newest =
                link.shared().sync().xrevrange(route.joined(), Range.unbounded(), Limit.from(1));
        if (newest.isEmpty()) {
            return 0;
        }
        Range.Boundary<String> last = Range.Boundary.including(newest.getFirst().getId());
        int redriven = 0;
        List<Entry> page = read(route, Range.from(Range.Boundary.unbounded(), last), PAGE);
        while (!page.isEmpty()) {
            for (Entry entry : page) {
                redriven += which.test(entry.letter()) && redrive.test(entry) ? 1 : 0;
            }
            Range.Boundary<String> seen = Range.Boundary.excluding(page.getLast().letter().id());
            page = read(route, Range.from(seen, last), PAGE);
        }
        return redriven;
    }

    private List<Entry> read(DeadLetterRoute route, Range<String> range, int limit) {
        return link.shared().sync().xrange(route.joined(), range, Limit.from(limit)).stream()
                .map(entry -> entry(entry, route))
                .toList();
    }

    private Entry entry(StreamMessage<String, String> entry, DeadLetterRoute route) {
        Map<String, String> fields = entry.getBody();
        RedisMessages.Received received = messages.received(field(fields, RedisMessages.EVENT));
        DeadLetter letter =
                new DeadLetter(
                        entry.getId(),
                        field(fields, "subscription"),
                        received.id(),
                        received.type(),
                        readable(received),
                        route,
                        field(fields, "reason"),
                        Integer.parseInt(field(fields, "attempts")),
                        Rfc3339.parse(field(fields, "failed_at")));
        return new Entry(letter, route.joined(), received.text());
    }

    private static String field(Map<String, String> fields, String name) {
        String value = fields.get(name);
        if (value == null) {
            throw new IllegalStateException("a dead letter has no field " + name);
        }
        return value;
    }

    private @Nullable BaseEvent readable(RedisMessages.Received received) {
        try {
            return messages.event(received);
        } catch (RuntimeException e) { // a codec's own: the other letters can be seen all the same
            return null;
        }
    }
}
