package dev.jubilee.server.bus.delivery.streams;

import dev.jubilee.server.bus.delivery.leases.Lease;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one stream that is not acknowledged has sent and is not known to have arrived, in the order
 * of sending, which is not that of the ids. The stream's thread adds and takes away; the client may
 * be back, on another connection, before anybody has noticed that this one broke. Thread-safe.
 */
final class Unconfirmed {
    private final long stream;
    private final Deque<Chunk> chunks = new ArrayDeque<>();
    private List<Lease> sending = List.of();
    private boolean returned;
    private boolean ended;
    private Runnable atEnd = () -> {};

    private record Chunk(List<Lease> leases, long at) {}

    /**
     * @param stream tells this stream from all others of the subscription, at any instance
     */
    Unconfirmed(long stream) {
        this.stream = stream;
    }

    long stream() {
        return stream;
    }

    /** Is told, by another thread, that the stream has to end. */
    synchronized void atEnd(Runnable listener) {
        atEnd = listener;
    }

    /** These are about to be sent: from now on they may have arrived. */
    synchronized void sending(List<Lease> leases) {
        sending = leases;
    }

    /**
     * They were handed to the network.
     *
     * @param at by {@link System#nanoTime}
     */
    synchronized void sent(long at) {
        chunks.add(new Chunk(sending, at));
        sending = List.of();
    }

    synchronized boolean isEmpty() {
        return chunks.isEmpty();
    }

    /**
     * What was sent by then, and counts as delivered since the connection still stands; nothing
     * once the client has come back on another.
     */
    synchronized List<Long> settled(long until) {
        List<Long> ids = new ArrayList<>();
        for (Chunk chunk : chunks) {
            if (returned || until - chunk.at() < 0) {
                break;
            }
            chunk.leases().forEach(lease -> ids.add(lease.delivery()));
        }
        return ids;
    }

    /** It is written that what was sent by then is delivered. */
    synchronized void confirmed(long until) {
        while (!chunks.isEmpty() && until - chunks.peek().at() >= 0) {
            chunks.poll();
        }
    }

    /**
     * The client is back, and names the last event that it has. Nothing settles by itself any more.
     *
     * @return what arrived, all up to that event; nothing if it is not known here. If it was sent
     *     twice, it may be the first that arrived
     */
    synchronized List<Long> returned(long last) {
        returned = true;
        List<Long> ids = new ArrayList<>();
        for (Lease lease : inOrder()) {
            ids.add(lease.delivery());
            if (lease.delivery() == last) {
                return ids;
            }
        }
        return List.of();
    }

    /** Nobody reads it any more: the stream is to end, and to give back what is not confirmed. */
    void end() {
        Runnable listener;
        synchronized (this) {
            ended = true;
            listener = atEnd;
        }
        listener.run();
    }

    synchronized boolean hasEnded() {
        return ended;
    }

    /** All that is not confirmed, in the order of sending; each once, where it came first. */
    synchronized List<Lease> rest() {
        Map<Long, Lease> latest = new LinkedHashMap<>();
        inOrder().forEach(lease -> latest.put(lease.delivery(), lease));
        return List.copyOf(latest.values());
    }

    private List<Lease> inOrder() {
        List<Lease> all = new ArrayList<>();
        chunks.forEach(chunk -> all.addAll(chunk.leases()));
        all.addAll(sending);
        return all;
    }
}
