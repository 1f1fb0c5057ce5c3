package dev.jubilee.server.http;

import io.vertx.core.http.HttpConnection;
import java.util.HashSet;
import java.util.Set;

/**
 * One connection. Its deadline runs while no request is on its way, so that neither an idle peer
 * nor one that sends a header byte by byte stays for ever. Belongs to one event loop.
 */
final class Peer extends Deadline {
    private final HttpConnection connection;
    private final RequestHandler handler;
    private final Set<Exchange> open = HashSet.newHashSet(2);
    private boolean lingering;
    private boolean gone;

    Peer(HttpConnection connection, RequestHandler handler) {
        this.connection = connection;
        this.handler = handler;
    }

    void asked(Exchange exchange) {
        open.add(exchange);
        cancel();
    }

    void answered(Exchange exchange) {
        exchange.release();
        open.remove(exchange);
        // One that is gone must not be waited for: what it had would stay in memory as long.
        if (open.isEmpty() && !lingering && !gone) {
            handler.idle(this);
        }
    }

    /**
     * Goes away in a moment. A connection that is closed on data which nobody has read is reset,
     * and the peer would lose the answer that says why.
     */
    void linger() {
        lingering = true;
        if (!gone) {
            handler.lingering(this);
        }
    }

    boolean isLingering() {
        return lingering;
    }

    void closed() {
        gone = true;
        cancel();
        for (Exchange exchange : open) {
            exchange.abandon();
            exchange.release();
        }
        open.clear();
    }

    void close() {
        connection.close();
    }

    @Override
    void passed() {
        connection.close();
    }
}
