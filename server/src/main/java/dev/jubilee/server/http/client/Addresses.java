package dev.jubilee.server.http.client;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Resolves names and judges what they resolve to. The address that was judged is the one that is
 * connected to: a name that changes in between gains nothing. Thread-safe.
 */
final class Addresses {
    private static final long KEPT_NANOS = Duration.ofSeconds(10).toNanos();
    private static final int MAX_KEPT = 10_000;

    /**
     * What a name stands for.
     *
     * @param address null when none may be used, and then {@code reason} says why
     */
    record Found(@Nullable InetAddress address, String reason, boolean refused) {}

    private record Kept(CompletableFuture<Found> found, long since) {}

    private final AllowedNetworks allowed;
    private final Map<String, Kept> kept = new ConcurrentHashMap<>();

    Addresses(AllowedNetworks allowed) {
        this.allowed = allowed;
    }

    /** The address to connect to. Never blocks. */
    CompletableFuture<Found> find(String host) {
        long now = System.nanoTime();
        Kept known = kept.get(host);
        if (known != null && now - known.since() < KEPT_NANOS) {
            return known.found();
        }
        if (kept.size() >= MAX_KEPT) {
            kept.clear();
        }
        CompletableFuture<Found> found = new CompletableFuture<>();
        kept.put(host, new Kept(found, now));
        Thread.ofVirtual().name("resolve").start(() -> found.complete(resolve(host)));
        return found;
    }

    /** The same at once; may ask the resolver. */
    Found resolve(String host) {
        InetAddress[] all;
        try {
            all = InetAddress.getAllByName(host);
        } catch (UnknownHostException e) {
            return new Found(null, "the host " + host + " is not known", false);
        }
        for (InetAddress address : all) {
            if (allowed.allows(address)) {
                return new Found(address, "", false);
            }
        }
        return new Found(
                null,
                "the host "
                        + host
                        + " has no address that requests may go to; EVENT_BUS_WEBHOOK_ALLOWED_NETWORKS"
                        + " names the networks that are allowed beside public ones",
                true);
    }
}
