package dev.jubilee.server.http;

import dev.jubilee.server.database.DatabaseException;
import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import io.netty.buffer.Unpooled;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.buffer.BufferInternal;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request and its answer. Everything but {@link #gone} and {@link #correlationId} belongs to
 * the event loop of the connection.
 */
final class Exchange extends Deadline {
    private static final Logger log = LoggerFactory.getLogger(Exchange.class);
    private static final CharSequence CLOSE = HttpHeaders.createOptimized("close");
    private static final int MAX_CORRELATION_ID = 128;
    private static final Problem DATABASE_UNAVAILABLE =
            Problem.unavailable(
                    "database_unavailable",
                    "PostgreSQL does not answer at the moment; a write may or may not be done.",
                    Duration.ofSeconds(1));
    private static final Problem NOT_READ =
            Problem.unavailable(
                    "overloaded",
                    "Too many large answers wait to be read; what the request was to change may be"
                            + " changed.",
                    Duration.ofSeconds(1));

    /** Smaller answers are bounded by the number of connections. */
    private static final int LARGE = 16 * 1024;

    final HttpServerRequest request;
    final Peer peer;
    final Context context;
    private final long began = System.nanoTime();
    private final RequestHandler handler;
    private @Nullable volatile String correlationId;
    private volatile boolean gone;
    private @Nullable Thread worker;
    private boolean receiving;
    private boolean answered;

    /**
     * Whether a handler works on it. The handler has the body until it has finished, even if nobody
     * waits for the answer any more.
     */
    private boolean worked;

    private Router.@Nullable Route route;
    private @Nullable Body body;
    private Principal caller = Principal.ANONYMOUS;

    /** What the answer may take of memory already. Any thread may change it. */
    private final AtomicInteger held = new AtomicInteger();

    Exchange(HttpServerRequest request, Peer peer, RequestHandler handler) {
        this.context = Objects.requireNonNull(Vertx.currentContext(), "not on an event loop");
        this.request = request;
        this.peer = peer;
        this.handler = handler;
    }

    /** Whether nobody waits for the answer any more. Any thread may ask. */
    boolean gone() {
        return gone;
    }

    /** The authenticator. Any thread may ask. */
    Authenticator authenticator() {
        return handler.authenticator();
    }

    boolean answered() {
        return answered;
    }

    /** The caller's {@code X-Correlation-Id}, or one made now; the same at every call. */
    String correlationId() {
        String known = correlationId;
        if (known == null) {
            String given = request.getHeader("X-Correlation-Id");
            known = given != null && usable(given) ? given : newId();
            correlationId = known;
        }
        return known;
    }

    /** Tells requests apart and is no secret, so that it need not be made of costly randomness. */
    private static String newId() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long high = (random.nextLong() & ~0xF000L) | 0x4000L;
        long low = (random.nextLong() >>> 2) | 0x8000_0000_0000_0000L;
        return new UUID(high, low).toString();
    }

    private static boolean usable(String id) {
        return !id.isEmpty()
                && id.length() <= MAX_CORRELATION_ID
                && id.chars().allMatch(c -> c > ' ' && c < 127);
    }

    void receiving(Body arriving) {
        body = arriving;
        receiving = true;
    }

    /** Sets the route that was matched. */
    void matched(Router.Route found) {
        route = found;
    }

    /** Whom a request without credentials came from, as far as its address tells. */
    String callerAddress() {
        return TrustedProxies.household(
                handler.proxies()
                        .caller(
                                request.remoteAddress().hostAddress(),
                                request.headers().getAll("X-Forwarded-For")));
    }

    /** Sets the caller. */
    void asks(Principal who) {
        caller = who;
    }

    /**
     * The name under which the memory of bodies and answers counts the caller; null for holders of
     * a key, who are not told apart.
     */
    @Nullable String stranger() {
        return switch (caller.role()) {
            case ANONYMOUS -> callerAddress();
            case PLAYER -> "player " + caller.id();
            case SERVICE, OPERATOR, ADMIN -> null;
        };
    }

    /**
     * Takes memory for the answer before there is one, so many bytes altogether; false, and no more
     * taken than before, when they are not free. Any thread that works on it may call this.
     */
    boolean hold(int bytes) {
        int wanted = handler.answers().share(bytes);
        int more = wanted - held.get();
        if (more > 0 && !handler.answers().take(stranger(), more)) {
            return false;
        }
        if (more < 0) {
            handler.answers().giveBack(stranger(), -more);
        }
        held.set(wanted);
        return true;
    }

    void answering(@Nullable Thread thread) {
        receiving = false;
        worker = thread;
        worked = true;
    }

    /** The handler has finished. */
    void workedOff() {
        worked = false;
        if (answered || gone) {
            release();
        }
    }

    /** The exchange is over: its body counts no more, unless a handler still works on it. */
    void release() {
        if (body != null && !worked) {
            body.release();
        }
    }

    /** The connection is gone. A handler that has begun goes on, so that its effect is not torn. */
    void abandon() {
        gone = true;
        cancel();
    }

    @Override
    void passed() {
        if (receiving) {
            long seconds = handler.limits().readTimeout().toSeconds();
            fail(
                    new Problem(
                            408,
                            "request_timeout",
                            "Request timeout",
                            "The body did not arrive within " + seconds + " s.",
                            java.util.List.of(),
                            null),
                    true);
            return;
        }
        gone = true;
        fail(
                Problem.unavailable(
                        "timeout",
                        "The answer took longer than "
                                + handler.limits().writeTimeout().toSeconds()
                                + " s; whether a write took effect is not known.",
                        Duration.ofSeconds(1)));
        if (worker != null) {
            worker.interrupt();
        }
    }

    /** Begins a streamed answer, to which no deadline applies. */
    HttpServerResponse streaming() {
        answered = true;
        cancel();
        measure(request.response());
        return request.response();
    }

    /** The answer that went on is over. */
    void streamed() {
        HttpServerResponse response = request.response();
        if (!response.ended() && !response.closed()) {
            var _ = response.end();
        }
        peer.answered(this);
    }

    /** What a handler came to. */
    void complete(@Nullable Reply reply, @Nullable Throwable error) {
        workedOff();
        try {
            if (reply != null) {
                send(reply, false);
            } else {
                failed(error == null ? new IllegalStateException("answered nothing") : error);
            }
        } finally {
            hold(0);
        }
    }

    /** Answers with the problem that was thrown; anything else is ours, and logged. */
    private void failed(Throwable error) {
        Throwable cause = error;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof ProblemException refusal) {
            fail(refusal.problem());
            return;
        }
        if (cause instanceof DatabaseException trouble && trouble.isTransient()) {
            log.warn(
                    "{} {} could not be served; correlation id {}: {}",
                    request.method(),
                    request.path(),
                    correlationId(),
                    trouble.getMessage());
            fail(DATABASE_UNAVAILABLE);
            return;
        }
        if (!answered) {
            log.error(
                    "{} {} failed; correlation id {}",
                    request.method(),
                    request.path(),
                    correlationId(),
                    cause);
        }
        fail(Problem.internal());
    }

    void fail(Problem problem) {
        fail(problem, false);
    }

    /**
     * @param last whether the connection ends with this answer, because the rest of its request is
     *     not wanted
     */
    void fail(Problem problem, boolean last) {
        send(Reply.problem(problem, correlationId()), last);
    }

    void send(Reply reply, boolean last) {
        if (answered) {
            return;
        }
        answered = true;
        cancel();
        HttpServerResponse response = request.response();
        if (response.ended() || response.closed()) {
            peer.answered(this);
            return;
        }
        if (isLarge(reply)) {
            sendLarge(response, reply, last);
        } else {
            write(response, reply, last);
        }
    }

    private boolean isLarge(Reply reply) {
        return reply.body().length > LARGE && !request.method().equals(HttpMethod.HEAD);
    }

    /** Counts an answer until it is sent; there may be no room for it. */
    private void sendLarge(HttpServerResponse response, Reply reply, boolean last) {
        AnswerMemory memory = handler.answers();
        String stranger = stranger();
        int share = memory.share(reply.body().length);
        if (hold(share)) {
            // From here on it is the answer's.
            held.set(0);
            write(response, reply, last).onComplete(sent -> memory.giveBack(stranger, share));
        } else {
            write(response, Reply.problem(NOT_READ, correlationId()), true);
        }
    }

    private Future<Void> write(HttpServerResponse response, Reply reply, boolean end) {
        boolean last = end || leavesBody();
        Future<Void> sent;
        try {
            sent = fill(response, reply, last);
        } catch (IllegalArgumentException e) {
            // A header that HTTP does not allow: a line break, say. Nothing has been sent yet.
            log.error("an answer cannot be sent; correlation id {}", correlationId(), e);
            response.headers().clear();
            sent = fill(response, Reply.problem(Problem.internal(), correlationId()), last);
        }
        measure(response);
        peer.answered(this);
        if (last) {
            peer.linger();
        }
        return sent;
    }

    private void measure(HttpServerResponse response) {
        handler.recorder().answered(route, response.getStatusCode(), System.nanoTime() - began);
    }

    /**
     * Whether a body may follow that nobody will read: who asked first whether to send one may do
     * so now or not, so nothing can follow; and one whose length is not told may have no end.
     */
    private boolean leavesBody() {
        return body == null
                && (request.getHeader(HttpHeaders.EXPECT) != null
                        || request.getHeader(HttpHeaders.TRANSFER_ENCODING) != null);
    }

    private Future<Void> fill(HttpServerResponse response, Reply reply, boolean last) {
        response.setStatusCode(reply.status());
        if (reply.contentType() != null) {
            response.putHeader(HttpHeaders.CONTENT_TYPE, reply.contentType());
        }
        for (Map.Entry<String, String> header : reply.headers().entrySet()) {
            response.putHeader(header.getKey(), header.getValue());
        }
        if (last && request.version() != HttpVersion.HTTP_2) {
            response.putHeader(HttpHeaders.CONNECTION, CLOSE);
        }
        if (request.method().equals(HttpMethod.HEAD)) {
            response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(reply.body().length));
            return response.end();
        }
        byte[] body = reply.body();
        // What is large may be one array for many answers, and is not copied.
        return response.end(
                body.length > LARGE
                        ? BufferInternal.buffer(Unpooled.wrappedBuffer(body))
                        : Buffer.buffer(body));
    }
}
