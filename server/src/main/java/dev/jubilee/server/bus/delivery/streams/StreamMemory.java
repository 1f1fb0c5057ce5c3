package dev.jubilee.server.bus.delivery.streams;

import dev.jubilee.server.bus.delivery.pending.Delivery;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that all streams of this instance share for events on their way to readers, however
 * slowly these read. A stream that finds none leaves all but a few small events in PostgreSQL until
 * others have sent theirs. Thread-safe.
 */
public final class StreamMemory {
    /**
     * Bytes of events that one stream takes from PostgreSQL at once, unless a single one has more.
     */
    static final int MOST = 256 << 10;

    /**
     * The memory held for a stream while it takes something: that of as large an event as is usual.
     */
    static final long TO_TAKE = cost(1 << 20);

    /**
     * Bytes of small events that each stream takes, and is handed, also where no memory is left:
     * who does not read must not stop those who do.
     */
    static final int LEAST = 4 << 10;

    private static final long AT_LEAST = 8L << 20;

    private final long size;
    private final AtomicLong taken = new AtomicLong();

    StreamMemory(long size) {
        this.size = size;
    }

    /** An eighth of the heap, and 8 MiB at least. */
    public static StreamMemory ofHeap() {
        return new StreamMemory(Math.max(AT_LEAST, Runtime.getRuntime().maxMemory() / 8));
    }

    /** The memory of an event of so many bytes: itself, and the text in which it is sent. */
    static long cost(int bytes) {
        return 2L * bytes;
    }

    static long cost(Delivery one) {
        return cost(one.body().length);
    }

    static long cost(Collection<Delivery> deliveries) {
        return deliveries.stream().mapToLong(StreamMemory::cost).sum();
    }

    /** Takes so much, if it is free or nothing else is taken; else false. */
    boolean take(long bytes) {
        long before = taken.getAndAdd(bytes);
        if (before == 0 || before + bytes <= size) {
            return true;
        }
        taken.addAndGet(-bytes);
        return false;
    }

    /** Takes so much whether it is free or not. */
    void takeAnyway(long bytes) {
        taken.addAndGet(bytes);
    }

    /**
     * @param bytes negative when what is there already turned out to be more than was taken for it
     */
    void giveBack(long bytes) {
        taken.addAndGet(-bytes);
    }

    long taken() {
        return taken.get();
    }
}
