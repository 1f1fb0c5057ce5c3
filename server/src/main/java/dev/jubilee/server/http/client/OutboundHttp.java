package dev.jubilee.server.http.client;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.net.ConnectException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Posts to endpoints that others chose. An answer has a time in which to arrive whole, and a size
 * beyond which it is not read; redirects are not followed; each host has connections of its own, so
 * that one that hangs takes nothing from another. It has an event loop of its own as well, away
 * from those that serve. Thread-safe.
 */
public final class OutboundHttp implements AutoCloseable {
    private static final int KEPT_BYTES = 2_048;
    private static final int MAX_ANSWER = 1 << 20;

    /** Endpoints of one host that may each have all their requests under way. */
    private static final int ENDPOINTS = 10;

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    private final Vertx vertx;
    private final HttpClientAgent client;
    private final Context context;
    private final Addresses addresses;

    /**
     * @param perEndpoint requests that one caller has under way at once; ten times as many
     *     connections go to one host and port, and what finds none free waits for one
     */
    public OutboundHttp(AllowedNetworks allowed, int perEndpoint) {
        this.addresses = new Addresses(allowed);
        this.vertx =
                Vertx.vertx(
                        new VertxOptions()
                                .setPreferNativeTransport(true)
                                .setEventLoopPoolSize(1)
                                .setWorkerPoolSize(1)
                                .setInternalBlockingPoolSize(1));
        CompletableFuture<Context> loop = new CompletableFuture<>();
        vertx.runOnContext(v -> loop.complete(vertx.getOrCreateContext()));
        this.context = loop.join();
        this.client =
                vertx.httpClientBuilder()
                        .with(
                                new HttpClientOptions()
                                        .setKeepAlive(true)
                                        .setTcpNoDelay(true)
                                        .setConnectTimeout((int) CONNECT_TIMEOUT.toMillis())
                                        .setDecompressionSupported(false)
                                        .setMaxHeaderSize(16_384))
                        .with(
                                new PoolOptions()
                                        .setHttp1MaxSize(ENDPOINTS * perEndpoint)
                                        // Callers have few under way; a refusal would count as
                                        // a fault of an endpoint that knows nothing of it.
                                        .setMaxWaitQueueSize(-1))
                        .build();
    }

    /**
     * What is wrong with sending to this address; null when nothing is. A name that is not known
     * now may be later. Asks the resolver.
     */
    public @Nullable String fault(String address) {
        Destination destination;
        try {
            destination = Destination.of(address);
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
        Addresses.Found found = addresses.resolve(destination.host());
        return found.refused() ? found.reason() : null;
    }

    /** Posts a body. The future completes on a thread that must not be held up, and never fails. */
    public CompletableFuture<Outcome> post(
            Destination to, Map<String, String> headers, byte[] body, Duration timeout) {
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        long start = System.nanoTime();
        Exchange exchange = new Exchange(outcome, start);
        var _ =
                addresses
                        .find(to.host())
                        .thenAccept(found -> {
                            if (found.address() != null) {
                                exchange.send(to, found.address(), headers, body, timeout);
                            } else if (found.refused()) {
                                outcome.complete(new Outcome.Refused(found.reason()));
                            } else {
                                outcome.complete(new Outcome.Unsent(found.reason(), since(start)));
                            }
                        })
                        .exceptionally(exchange::failedToStart);
        return outcome;
    }

    /** Ends every request under way. */
    @Override
    public void close() {
        client.close().await();
        vertx.close().await();
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** One request. */
    private final class Exchange {
        private final CompletableFuture<Outcome> outcome;
        private final long start;
        private final Buffer kept = Buffer.buffer();
        private int received;
        private volatile @Nullable HttpClientRequest request;

        Exchange(CompletableFuture<Outcome> outcome, long start) {
            this.outcome = outcome;
            this.start = start;
        }

        void send(
                Destination to,
                InetAddress address,
                Map<String, String> headers,
                byte[] body,
                Duration timeout) {
            RequestOptions options =
                    new RequestOptions()
                            .setMethod(HttpMethod.POST)
                            .setServer(SocketAddress.inetSocketAddress(to.port(), ip(address)))
                            .setHost(to.hostInUri())
                            .setPort(to.port())
                            .setSsl(to.tls())
                            .setURI(to.target())
                            .setFollowRedirects(false)
                            .setConnectTimeout(CONNECT_TIMEOUT.toMillis());
            headers.forEach(options::putHeader);
            long timer = vertx.setTimer(timeout.toMillis(), id -> expired(timeout));
            var _ = outcome.whenComplete((o, e) -> vertx.cancelTimer(timer));
            // On one context from the beginning: on another one an answer may be over before
            // anybody listens.
            context.runOnContext(v -> {
                try {
                    client.request(options)
                            .onSuccess(made -> begun(made, body))
                            .onFailure(this::notBegun);
                } catch (IllegalArgumentException e) {
                    // A header or a target that HTTP does not allow.
                    notBegun(e);
                }
            });
        }

        private void begun(HttpClientRequest made, byte[] body) {
            request = made;
            if (outcome.isDone()) {
                made.reset();
                return;
            }
            made.response().onSuccess(this::receive).onFailure(this::failed);
            made.end(Buffer.buffer(body)).onFailure(this::failed);
        }

        private void receive(HttpClientResponse response) {
            response.handler(chunk -> {
                received += chunk.length();
                if (kept.length() < KEPT_BYTES) {
                    kept.appendBuffer(
                            chunk, 0, Math.min(chunk.length(), KEPT_BYTES - kept.length()));
                }
                if (received > MAX_ANSWER) {
                    answered(response);
                    response.request().reset();
                }
            });
            response.exceptionHandler(this::failed);
            response.endHandler(end -> answered(response));
        }

        private void answered(HttpClientResponse response) {
            outcome.complete(
                    new Outcome.Answered(
                            response.statusCode(),
                            kept.toString(StandardCharsets.UTF_8).replace('\0', '\uFFFD'),
                            response.getHeader("Retry-After"),
                            since(start)));
        }

        @Nullable Void failedToStart(Throwable cause) {
            notBegun(cause);
            return null;
        }

        private void notBegun(Throwable cause) {
            outcome.complete(new Outcome.Unsent(reason(cause), since(start)));
        }

        private void failed(Throwable cause) {
            outcome.complete(new Outcome.Failed(reason(cause), since(start)));
        }

        private void expired(Duration timeout) {
            HttpClientRequest open = request;
            boolean first =
                    outcome.complete(
                            open == null
                                    ? new Outcome.Unsent(
                                            "no connection within " + timeout.toMillis() + " ms",
                                            since(start))
                                    : new Outcome.Failed(
                                            "no answer within " + timeout.toMillis() + " ms",
                                            since(start)));
            if (first && open != null) {
                open.reset();
            }
        }
    }

    /** The reason in words for the endpoint's owner, who need not know of sockets. */
    private static String reason(Throwable cause) {
        String message = cause.getMessage();
        if (cause instanceof ConnectException) {
            return message != null && message.contains("refused")
                    ? "the endpoint refused the connection"
                    : "no connection to the endpoint could be made";
        }
        return message == null ? cause.getClass().getSimpleName() : message;
    }

    private static String ip(InetAddress address) {
        return address.getHostAddress();
    }
}
