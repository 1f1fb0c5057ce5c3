package dev.jubilee.events;

import java.util.List;
import java.util.function.Predicate;

/**
 * What could not be handled, to look at and to try again. Nothing here holds all letters of an
 * address in memory: {@link #view} holds no more than are asked for, {@link #redrive} some at a
 * time. Thread-safe.
 */
public interface DeadLetters {
    /**
     * The oldest letters that lie at this address, at most so many; they stay where they are. On
     * RabbitMQ, where they lie in any order, the oldest of the first 10,000.
     */
    List<DeadLetter> view(DeadLetterRoute route, int limit);

    /**
     * Gives the events of these letters to their subscription again, and to no other, with all
     * attempts ahead of them, and removes the letters; they come after what was published
     * meanwhile. Looks at those that lie there when it is called, of each key the oldest first; on
     * RabbitMQ, of each 10,000 or 16 MiB.
     *
     * @return how many
     */
    int redrive(DeadLetterRoute route, Predicate<DeadLetter> which);
}
