package dev.jubilee.server.bus.delivery;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What routing hands straight to the streams of one subscription that are open at this instance:
 * leased to them already when it is written. Its window keeps the order: while something waits in
 * PostgreSQL nothing is handed over. Thread-safe.
 */
final class StreamInbox {
    /** How often the subscription had been rewound when this was opened. */
    final int rewinds;

    final Window window = new Window();
    private final Deque<Delivery> handed = new ArrayDeque<>();
    private int streams;
    private boolean closed;

    StreamInbox(int rewinds) {
        this.rewinds = rewinds;
    }

    /** One more stream reads from it; false if the last has left. */
    synchronized boolean join() {
        if (closed) {
            return false;
        }
        streams++;
        return true;
    }

    /** Whether that was the last stream; if so no other can join. */
    synchronized boolean leave() {
        streams--;
        closed = streams == 0;
        return closed;
    }

    /** Takes what a place was reserved for; false if nobody reads any more. */
    synchronized boolean hand(Delivery one) {
        if (closed) {
            return false;
        }
        handed.add(one);
        return true;
    }

    /** The next so many, in order. */
    synchronized List<Delivery> poll(int most) {
        List<Delivery> next = new ArrayList<>(Math.min(most, handed.size()));
        while (next.size() < most && !handed.isEmpty()) {
            next.add(handed.poll());
        }
        window.release(next.size());
        return next;
    }

    /** All that was handed over and nobody took; the caller must see to it. */
    List<Delivery> empty() {
        return poll(Integer.MAX_VALUE);
    }
}
