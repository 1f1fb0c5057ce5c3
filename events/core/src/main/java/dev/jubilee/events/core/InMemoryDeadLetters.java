package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.DeadLetters;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Dead letters of this process: the newest {@value #CAPACITY} of each address. */
final class InMemoryDeadLetters implements DeadLetters {
    private static final Logger LOG = LoggerFactory.getLogger(InMemoryDeadLetters.class);
    private static final int CAPACITY = 10_000;

    private final InstantSource clock;
    private final BiPredicate<String, BaseEvent> redeliver;
    private final Map<DeadLetterRoute, Deque<DeadLetter>> letters = new HashMap<>();
    private long count;

    /** Redelivering says whether the subscription of that name is there. */
    InMemoryDeadLetters(InstantSource clock, BiPredicate<String, BaseEvent> redeliver) {
        this.clock = clock;
        this.redeliver = redeliver;
    }

    synchronized void put(FailedDelivery failed) {
        BaseEvent event = failed.delivery().event();
        Deque<DeadLetter> there =
                letters.computeIfAbsent(failed.route(), route -> new ArrayDeque<>());
        there.add(
                new DeadLetter(
                        Long.toString(++count),
                        failed.subscription(),
                        event.id(),
                        event.type(),
                        event,
                        failed.route(),
                        failed.reason(),
                        failed.attempts(),
                        clock.instant()));
        if (there.size() > CAPACITY) {
            LOG.warn("the oldest dead letter at {} is dropped", failed.route().joined());
            there.remove();
        }
    }

    @Override
    public synchronized List<DeadLetter> view(DeadLetterRoute route, int limit) {
        Deque<DeadLetter> there = letters.get(route);
        return there == null ? List.of() : there.stream().limit(limit).toList();
    }

    @Override
    public int redrive(DeadLetterRoute route, Predicate<DeadLetter> which) {
        int redriven = 0;
        for (DeadLetter letter : view(route, CAPACITY)) {
            // Taken before it is handled: it may fail, and lie here again, at once.
            if (which.test(letter) && take(letter)) {
                if (redeliver.test(letter.subscription(), letter.event().orElseThrow())) {
                    redriven++;
                } else {
                    putBack(letter);
                }
            }
        }
        return redriven;
    }

    private synchronized boolean take(DeadLetter letter) {
        return letters.getOrDefault(letter.route(), new ArrayDeque<>()).remove(letter);
    }

    private synchronized void putBack(DeadLetter letter) {
        letters.computeIfAbsent(letter.route(), route -> new ArrayDeque<>()).addFirst(letter);
    }
}
