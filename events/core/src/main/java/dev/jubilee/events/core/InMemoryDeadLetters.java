package dev.jubilee.events.core;

import dev.jubilee.events.BaseEvent;
import dev.jubilee.events.DeadLetter;
import dev.jubilee.events.DeadLetterRoute;
import dev.jubilee.events.DeadLetters;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
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
    private final Complaints ofRoom =
            new Complaints(LOG, "the oldest dead letters are dropped for newer ones");
    private final Map<DeadLetterRoute, NavigableMap<Long, DeadLetter>> letters = new HashMap<>();
    private long count;

    /** Redelivering says whether the subscription of that name took it. */
    InMemoryDeadLetters(InstantSource clock, BiPredicate<String, BaseEvent> redeliver) {
        this.clock = clock;
        this.redeliver = redeliver;
    }

    synchronized void put(FailedDelivery failed) {
        BaseEvent event = failed.delivery().event();
        count++;
        NavigableMap<Long, DeadLetter> there = at(failed.route());
        there.put(
                count,
                new DeadLetter(
                        Long.toString(count),
                        failed.subscription(),
                        event.id(),
                        event.type(),
                        event,
                        failed.route(),
                        failed.reason(),
                        failed.attempts(),
                        clock.instant()));
        if (there.size() > CAPACITY) {
            there.pollFirstEntry();
            ofRoom.about(failed.cause());
        }
    }

    @Override
    public synchronized List<DeadLetter> view(DeadLetterRoute route, int limit) {
        return at(route).values().stream().limit(limit).toList();
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
        return at(letter.route()).remove(Long.valueOf(letter.id())) != null;
    }

    private synchronized void putBack(DeadLetter letter) {
        at(letter.route()).put(Long.valueOf(letter.id()), letter);
    }

    private NavigableMap<Long, DeadLetter> at(DeadLetterRoute route) {
        return letters.computeIfAbsent(route, none -> new TreeMap<>());
    }
}
