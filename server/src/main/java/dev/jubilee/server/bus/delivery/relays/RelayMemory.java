package dev.jubilee.server.bus.delivery.relays;

/**
 * The memory that events may take while they are written to topics, shared by all subscriptions of
 * this instance that have them written: however many catch up at once, the program stays alive. Who
 * finds none waits until others have written theirs. Thread-safe.
 */
public final class RelayMemory {
    /** Bytes of events that are written at once, unless a single one has more. */
    static final long MOST = 4L << 20;

    /** Fewer are not worth a transaction, where others are about to give back theirs. */
    private static final long LEAST = 64L << 10;

    /** An event is there as it was read, as a record, and in the producer's buffer. */
    private static final int COPIES = 3;

    private static final int PART = 4;
    private static final long AT_LEAST = 12L << 20;

    private final long size;
    private long taken;

    /**
     * @param size in bytes
     */
    RelayMemory(long size) {
        this.size = size;
    }

    /** An eighth of the heap, and 12 MiB at least. */
    public static RelayMemory ofHeap() {
        return new RelayMemory(Math.max(AT_LEAST, Runtime.getRuntime().maxMemory() / 8));
    }

    /**
     * Waits until there is some, and takes it: a quarter of what is free, so that there is
     * something left for others.
     *
     * @return to be closed
     */
    synchronized Share share() throws InterruptedException {
        while (taken > 0 && bytes() < LEAST) {
            wait();
        }
        Share share = new Share(bytes());
        taken += COPIES * share.bytes;
        return share;
    }

    private long bytes() {
        return Math.min(MOST, (size - taken) / PART / COPIES);
    }

    synchronized long taken() {
        return taken;
    }

    /** The memory of one batch. For one thread. */
    final class Share implements AutoCloseable {
        private long bytes;

        private Share(long bytes) {
            this.bytes = bytes;
        }

        /** Of events. */
        long bytes() {
            return bytes;
        }

        /** It turned out to be so many: fewer, or one event that is larger. */
        void holds(long actual) {
            synchronized (RelayMemory.this) {
                taken += COPIES * (actual - bytes);
                bytes = actual;
                RelayMemory.this.notifyAll();
            }
        }

        @Override
        public void close() {
            holds(0);
        }
    }
}
