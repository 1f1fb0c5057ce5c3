package dev.jubilee.server.http;

import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Takes a request from its first byte to its answer: route, caller, body, handler. Nobody's body is
 * kept who may not call the route. One for each event loop of a port, and used by that loop alone.
 */
final class RequestHandler implements Handler<HttpServerRequest> {
    private static final byte[] NO_BODY = {};
    private static final Duration LINGER = Duration.ofSeconds(1);

    private final Router router;
    private final Edge edge;
    private final HttpLimits limits;
    private final HttpMetrics.Recorder recorder;
    private final AtomicInteger connections;
    private final IdentityHashMap<HttpConnection, Peer> peers = new IdentityHashMap<>();
    private final RequestDeadlines fresh;
    private final RequestDeadlines idle;
    private final RequestDeadlines lingering;
    private final RequestDeadlines bodies;
    private final RequestDeadlines answers;
    private final List<RequestDeadlines> all;

    /**
     * @param connections how many the port has, counted by all its event loops
     */
    RequestHandler(Router router, Edge edge, AtomicInteger connections) {
        this.router = router;
        this.edge = edge;
        this.limits = edge.limits();
        this.recorder = edge.metrics().recorder();
        this.connections = connections;
        long now = System.nanoTime();
        fresh = new RequestDeadlines(limits.readTimeout(), now);
        idle = new RequestDeadlines(limits.idleTimeout(), now);
        lingering = new RequestDeadlines(LINGER, now);
        bodies = new RequestDeadlines(limits.readTimeout(), now);
        answers = new RequestDeadlines(limits.writeTimeout(), now);
        all = List.of(fresh, idle, lingering, bodies, answers);
    }

    HttpLimits limits() {
        return limits;
    }

    Authenticator authenticator() {
        return edge.authenticator();
    }

    AnswerMemory answers() {
        return edge.answers();
    }

    TrustedProxies proxies() {
        return edge.proxies();
    }

    HttpMetrics.Recorder recorder() {
        return recorder;
    }

    /** Ends what has waited too long. */
    void sweep(long now) {
        all.forEach(deadlines -> deadlines.sweep(now));
    }

    void idle(Peer peer) {
        idle.start(peer);
    }

    void lingering(Peer peer) {
        lingering.start(peer);
    }

    /** A connection was made. */
    void opened(HttpConnection connection) {
        boolean tooMany = connections.incrementAndGet() > limits.maxConnections();
        Peer peer = new Peer(connection, this);
        peers.put(connection, peer);
        connection.closeHandler(closed -> {
            connections.decrementAndGet();
            peers.remove(connection);
            peer.closed();
        });
        if (tooMany) {
            connection.close();
        } else {
            fresh.start(peer);
        }
    }

    @Override
    public void handle(HttpServerRequest request) {
        Peer peer =
                Objects.requireNonNull(
                        peers.get(request.connection()), "a request without a connection");
        if (peer.isLingering()) {
            return;
        }
        Exchange exchange = new Exchange(request, peer, this);
        peer.asked(exchange);
        if (!isFramed(request)) {
            exchange.fail(unreadable(null), true);
            return;
        }
        Router.Match match = match(exchange);
        if (match == null) {
            return;
        }
        exchange.matched(match.route());
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        if (length != null && exceeds(length)) {
            exchange.fail(tooLarge(), true);
        } else {
            identify(exchange, match);
        }
    }

    /**
     * Answers bytes that are no request, and closes the connection: where the next request begins
     * cannot be known.
     */
    void handleInvalid(HttpServerRequest request) {
        Peer peer =
                Objects.requireNonNull(
                        peers.get(request.connection()), "a request without a connection");
        if (peer.isLingering()) {
            return;
        }
        Exchange exchange = new Exchange(request, peer, this);
        peer.asked(exchange);
        exchange.fail(unreadable(request.decoderResult().cause()), true);
    }

    private static Problem unreadable(@Nullable Throwable cause) {
        return switch (cause) {
            case TooLongHttpLineException _ ->
                    Problem.uriTooLong(
                            "The request's first line may have "
                                    + HttpServerOptions.DEFAULT_MAX_INITIAL_LINE_LENGTH
                                    + " bytes at most.");
            case TooLongHttpHeaderException _ ->
                    Problem.headersTooLarge(
                            "The headers may have "
                                    + HttpServerOptions.DEFAULT_MAX_HEADER_SIZE
                                    + " bytes at most.");
            case null, default -> Problem.malformed("This is not HTTP/1.1 as RFC 9112 has it.");
        };
    }

    /**
     * Whether it is certain where the request ends, and which host is meant: otherwise a proxy in
     * front of us may see other requests in the same bytes (RFC 9112, sections 3.2 and 6.3).
     */
    private static boolean isFramed(HttpServerRequest request) {
        List<String> encodings = request.headers().getAll(HttpHeaders.TRANSFER_ENCODING);
        if (request.version() == HttpVersion.HTTP_1_0) {
            return encodings.isEmpty();
        }
        boolean plain =
                encodings.isEmpty()
                        || (encodings.size() == 1
                                && "chunked".equalsIgnoreCase(encodings.getFirst().strip()));
        return plain && request.headers().getAll(HttpHeaders.HOST).size() == 1;
    }

    private static boolean hasBody(HttpServerRequest request) {
        return request.getHeader(HttpHeaders.CONTENT_LENGTH) != null
                || request.getHeader(HttpHeaders.TRANSFER_ENCODING) != null;
    }

    private Router.@Nullable Match match(Exchange exchange) {
        HttpServerRequest request = exchange.request;
        String path = request.path();
        Method method = methodOf(request.method());
        Router.Match match = method == null || path == null ? null : router.match(method, path);
        if (match == null) {
            refuseRoute(exchange, path == null ? "" : path);
        }
        return match;
    }

    private void refuseRoute(Exchange exchange, String path) {
        HttpMethod method = exchange.request.method();
        List<String> allowed = router.methodsAt(path);
        if (allowed.isEmpty()) {
            exchange.fail(
                    new Problem(
                            404,
                            "no_such_route",
                            "Not found",
                            "There is nothing at " + path + "; GET /openapi lists what there is.",
                            List.of(),
                            null));
            return;
        }
        String names = String.join(", ", allowed);
        Reply reply =
                method.equals(HttpMethod.OPTIONS)
                        ? Reply.noContent()
                        : Reply.problem(
                                Problem.methodNotAllowed(
                                        path + " takes " + names + ", not " + method + "."),
                                exchange.correlationId());
        exchange.send(reply.with("Allow", names), false);
    }

    private static @Nullable Method methodOf(HttpMethod method) {
        return switch (method.name()) {
            case "GET", "HEAD" -> Method.GET;
            case "POST" -> Method.POST;
            case "PUT" -> Method.PUT;
            case "PATCH" -> Method.PATCH;
            case "DELETE" -> Method.DELETE;
            default -> null;
        };
    }

    private boolean exceeds(String contentLength) {
        try {
            return Long.parseLong(contentLength) > limits.maxBody();
        } catch (NumberFormatException e) {
            return true;
        }
    }

    /** However many clients send large bodies at once, they share a bounded part of memory. */
    private static Problem overloaded() {
        return Problem.unavailable(
                "overloaded",
                "Too many large bodies are on their way; nothing was done.",
                Duration.ofSeconds(1));
    }

    private Problem tooLarge() {
        return Problem.tooLarge("A body may have " + limits.maxBody() + " bytes at most.");
    }

    /** Collects the body within the limits of size and time. */
    private void receive(Exchange exchange, Router.Match match, Principal principal) {
        HttpServerRequest request = exchange.request;
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        int announced = length == null ? -1 : Integer.parseInt(length);
        if ("100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT))) {
            request.response().writeContinue();
        }
        Body body = new Body(edge.bodies(), exchange.stranger(), announced, limits.maxBody());
        exchange.receiving(body);
        bodies.start(exchange);
        request.handler(chunk -> {
            if (exchange.answered() || exchange.gone()) {
                return;
            }
            if (body.length() + chunk.length() > limits.maxBody()) {
                exchange.fail(tooLarge(), true);
            } else if (!body.append(chunk)) {
                exchange.fail(overloaded(), true);
            }
        });
        request.endHandler(end -> {
            if (exchange.answered() || exchange.gone()) {
                return;
            }
            exchange.cancel();
            byte[] whole = body.bytes();
            if (whole == null) {
                exchange.fail(overloaded());
            } else {
                admit(exchange, match, whole, principal);
            }
        });
    }

    private void identify(Exchange exchange, Router.Match match) {
        String authorization = exchange.request.getHeader(HttpHeaders.AUTHORIZATION);
        Principal known =
                authorization == null
                        ? Principal.ANONYMOUS
                        : edge.authenticator().cached(authorization);
        if (known != null) {
            pass(exchange, match, known);
        } else if (authorization != null) {
            authenticate(exchange, match, authorization);
        }
    }

    /** Looks the caller up; until that is done its body stays with the network. */
    private void authenticate(Exchange exchange, Router.Match match, String authorization) {
        Context context = context();
        exchange.request.pause();
        Thread worker =
                Thread.ofVirtual()
                        .name("authenticate")
                        .unstarted(() -> {
                            try {
                                Principal principal =
                                        edge.authenticator().authenticate(authorization);
                                context.runOnContext(v -> identified(exchange, match, principal));
                            } catch (Throwable e) {
                                context.runOnContext(v -> {
                                    exchange.complete(null, e);
                                    exchange.request.resume();
                                });
                            }
                        });
        exchange.answering(worker);
        answers.start(exchange);
        worker.start();
    }

    private void identified(Exchange exchange, Router.Match match, @Nullable Principal principal) {
        exchange.workedOff();
        if (!exchange.answered() && !exchange.gone()) {
            if (principal == null) {
                exchange.fail(
                        Problem.unauthenticated(
                                "The credentials are unknown, expired or revoked."));
            } else {
                pass(exchange, match, principal);
            }
        }
        // Where nobody wants the body, it is read and dropped, and the connection goes on.
        exchange.request.resume();
    }

    /** Refuses callers that may not call the route, before their body is read. */
    private void pass(Exchange exchange, Router.Match match, Principal principal) {
        Router.Route route = match.route();
        if (!route.access().allows(principal.role())) {
            exchange.fail(
                    principal.role() == Role.ANONYMOUS
                            ? Problem.unauthenticated(
                                    "Send Authorization: Bearer with an API key or a token.")
                            : Problem.forbidden(
                                    "The role "
                                            + principal.role().text()
                                            + " may not call this route."));
            return;
        }
        exchange.asks(principal);
        if (hasBody(exchange.request)) {
            receive(exchange, match, principal);
        } else {
            admit(exchange, match, NO_BODY, principal);
        }
    }

    private void admit(Exchange exchange, Router.Match match, byte[] body, Principal principal) {
        Router.Route route = match.route();
        Call call = new Call(exchange, match, body, principal);
        Reply refusal =
                edge.rateLimits()
                        .refuse(route, principal, call::callerAddress, exchange::correlationId);
        if (refusal != null) {
            exchange.send(refusal, false);
        } else {
            answer(exchange, route, call);
        }
    }

    private void answer(Exchange exchange, Router.Route route, Call call) {
        Problem unknown;
        try {
            unknown = call.unknownQuery();
        } catch (ProblemException e) {
            unknown = e.problem();
        }
        if (unknown != null) {
            exchange.fail(unknown);
        } else if (route.hot() != null) {
            answerHot(exchange, route.hot(), call);
        } else if (route.blocking() != null) {
            answerBlocking(exchange, route.blocking(), call);
        }
    }

    private void answerHot(Exchange exchange, Router.Hot handler, Call call) {
        Context context = context();
        exchange.answering(null);
        answers.start(exchange);
        try {
            handler.handle(call)
                    .whenComplete((reply, error) -> {
                        if (context.equals(Vertx.currentContext())) {
                            exchange.complete(reply, error);
                        } else {
                            context.runOnContext(v -> exchange.complete(reply, error));
                        }
                    });
        } catch (Throwable e) {
            exchange.complete(null, e);
        }
    }

    private void answerBlocking(Exchange exchange, Router.Blocking handler, Call call) {
        Context context = context();
        Thread worker =
                Thread.ofVirtual()
                        .name("request")
                        .unstarted(() -> {
                            try {
                                Reply reply = handler.handle(call);
                                context.runOnContext(v -> exchange.complete(reply, null));
                            } catch (Throwable e) {
                                context.runOnContext(v -> exchange.complete(null, e));
                            }
                        });
        exchange.answering(worker);
        answers.start(exchange);
        worker.start();
    }

    private static Context context() {
        return Objects.requireNonNull(Vertx.currentContext(), "not on an event loop");
    }
}
