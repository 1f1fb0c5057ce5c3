package dev.jubilee.server.bus.delivery.streams;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.windows.Window;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What routing hands straight to the streams of one subscription that are open at this instance:
 * leased to them already when it is written. Its window keeps the order: while something waits in
 * PostgreSQL nothing is handed over. Thread-safe.
 */
public final class StreamInbox {
    /** How often the subscription had been rewound when this was opened. */
    final int rewinds;

    final Window window = new Window();
    private final StreamMemory memory;
    private final AtomicInteger bytes = new AtomicInteger();
    private final Deque<Delivery> handed = new ArrayDeque<>();
    private int streams;
    private boolean closed;

    StreamInbox(int rewinds, StreamMemory memory) {
        this.rewinds = rewinds;
        this.memory = memory;
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

    /** Takes a place for one delivery, and memory, if it may be handed over. */
    boolean reserve(Delivery one) {
        int size = one.body().length;
        int together = bytes.addAndGet(size);
        if (together <= StreamMemory.MOST && window.reserve()) {
            if (memory.take(StreamMemory.cost(one))) {
                return true;
            }
            if (together <= StreamMemory.LEAST) {
                memory.takeAnyway(StreamMemory.cost(one));
                return true;
            }
            window.release(1);
        }
        bytes.addAndGet(-size);
        return false;
    }

    /** It is not handed over after all. */
    public void unreserve(Delivery one) {
        memory.giveBack(StreamMemory.cost(one));
        left(one);
    }

    private void left(Delivery one) {
        bytes.addAndGet(-one.body().length);
        window.release(1);
    }

    /** Takes what a place was reserved for; false if nobody reads any more. */
    synchronized boolean hand(Delivery one) {
        if (closed) {
            return false;
        }
        handed.add(one);
        return true;
    }

    /** The next so many, in order. Whoever takes them gives their memory back. */
    synchronized List<Delivery> poll(int most) {
        List<Delivery> next = new ArrayList<>(Math.min(most, handed.size()));
        while (next.size() < most && !handed.isEmpty()) {
            Delivery one = handed.remove();
            left(one);
            next.add(one);
        }
        return next;
    }

    /** All that was handed over and nobody took; the caller must see to it. */
    List<Delivery> empty() {
        List<Delivery> rest = poll(Integer.MAX_VALUE);
        memory.giveBack(StreamMemory.cost(rest));
        return rest;
    }
}
