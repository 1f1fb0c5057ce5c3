package dev.jubilee.server.bus.delivery.streams;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import dev.jubilee.server.bus.delivery.windows.DeliveryWindow;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Takes deliveries that routing hands straight to the open streams of one subscription; their rows
 * are written as leased already. Its window keeps the order: nothing is handed over while something
 * waits in PostgreSQL. Thread-safe.
 */
public final class StreamInbox {
    /** How often the subscription had been rewound when this was opened. */
    final int rewinds;

    final DeliveryWindow window = new DeliveryWindow();
    private final StreamMemory memory;
    private final AtomicInteger bytes = new AtomicInteger();
    private final Deque<Delivery> handed = new ArrayDeque<>();
    private int streams;
    private boolean closed;

    StreamInbox(int rewinds, StreamMemory memory) {
        this.rewinds = rewinds;
        this.memory = memory;
    }

    /** Adds a stream that reads from it; false if the last has left. */
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

    /** Gives back the place of a delivery that is not handed over after all. */
    public void unreserve(Delivery one) {
        memory.giveBack(StreamMemory.cost(one));
        left(one);
    }

    private void left(Delivery one) {
        bytes.addAndGet(-one.body().length);
        window.release(1);
    }

    /** Takes a delivery that has a place; false if no stream reads any more. */
    synchronized boolean hand(Delivery one) {
        if (closed) {
            return false;
        }
        handed.add(one);
        return true;
    }

    /** Removes the next deliveries, in order. The caller gives back their memory. */
    synchronized List<Delivery> poll(int most) {
        List<Delivery> next = new ArrayList<>(Math.min(most, handed.size()));
        while (next.size() < most && !handed.isEmpty()) {
            Delivery one = handed.remove();
            left(one);
            next.add(one);
        }
        return next;
    }

    /** Removes all deliveries that no stream took; the caller must see to them. */
    List<Delivery> empty() {
        List<Delivery> rest = poll(Integer.MAX_VALUE);
        memory.giveBack(StreamMemory.cost(rest));
        return rest;
    }
}
