package dev.jubilee.server.http;

import dev.jubilee.server.security.Authenticator;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes a request from its first byte to its answer: route, body, caller, handler. */
final class RequestHandler implements Handler<HttpServerRequest> {
    private static final Logger log = LoggerFactory.getLogger(RequestHandler.class);
    private static final byte[] NO_BODY = {};

    private final Vertx vertx;
    private final Router router;
    private final Authenticator authenticator;
    private final HttpLimits limits;

    RequestHandler(Vertx vertx, Router router, Authenticator authenticator, HttpLimits limits) {
        this.vertx = vertx;
        this.router = router;
        this.authenticator = authenticator;
        this.limits = limits;
    }

    @Override
    public void handle(HttpServerRequest request) {
        Router.Match match = match(request);
        if (match == null) {
            return;
        }
        String length = request.getHeader("Content-Length");
        boolean chunked = length == null && request.getHeader("Transfer-Encoding") != null;
        if (length == null && !chunked) {
            identify(request, match, NO_BODY);
        } else if (length != null && exceeds(length)) {
            refuseBody(request);
        } else {
            receive(request, match);
        }
    }

    private Router.@Nullable Match match(HttpServerRequest request) {
        String path = request.path();
        Method method = methodOf(request);
        Router.Match match = method == null || path == null ? null : router.match(method, path);
        if (match == null) {
            var allowed = path == null ? java.util.List.<Method>of() : router.methodsAt(path);
            if (allowed.isEmpty()) {
                fail(
                        request,
                        new Problem(
                                404,
                                "no_such_route",
                                "Not found",
                                "There is nothing at "
                                        + path
                                        + "; GET /openapi lists what there is.",
                                java.util.List.of(),
                                null));
            } else {
                String names = String.join(", ", allowed.stream().map(Method::name).toList());
                Problem problem =
                        Problem.methodNotAllowed(
                                path + " takes " + names + ", not " + request.method() + ".");
                send(
                        request,
                        Reply.problem(problem, Call.correlationIdOf(request)).with("Allow", names));
            }
        }
        return match;
    }

    private static @Nullable Method methodOf(HttpServerRequest request) {
        return switch (request.method().name()) {
            case "GET" -> Method.GET;
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

    private void refuseBody(HttpServerRequest request) {
        request.response().putHeader("Connection", "close");
        fail(request, Problem.tooLarge("A body may have " + limits.maxBody() + " bytes at most."));
    }

    /** Collects the body within the limits of size and time. */
    private void receive(HttpServerRequest request, Router.Match match) {
        long timer =
                vertx.setTimer(
                        limits.readTimeout().toMillis(),
                        id -> {
                            request.response().putHeader("Connection", "close");
                            fail(
                                    request,
                                    new Problem(
                                            408,
                                            "request_timeout",
                                            "Request timeout",
                                            "The body did not arrive within "
                                                    + limits.readTimeout().toSeconds()
                                                    + " s.",
                                            java.util.List.of(),
                                            null));
                        });
        Body body = new Body();
        request.handler(chunk -> {
            if (body.refused) {
                return;
            }
            if (body.length() + chunk.length() > limits.maxBody()) {
                body.refused = true;
                vertx.cancelTimer(timer);
                refuseBody(request);
            } else {
                body.append(chunk);
            }
        });
        request.exceptionHandler(e -> vertx.cancelTimer(timer));
        request.endHandler(end -> {
            vertx.cancelTimer(timer);
            if (!body.refused && !request.response().ended()) {
                identify(request, match, body.bytes());
            }
        });
    }

    private static final class Body {
        private @Nullable Buffer collected;
        private boolean own;
        private boolean refused;

        int length() {
            return collected == null ? 0 : collected.length();
        }

        void append(Buffer chunk) {
            if (collected == null) {
                collected = chunk;
            } else {
                // The first chunk belongs to the connection; only a second one makes a buffer of
                // our own.
                collected = own ? collected : Buffer.buffer().appendBuffer(collected);
                own = true;
                collected.appendBuffer(chunk);
            }
        }

        byte[] bytes() {
            return collected == null ? NO_BODY : collected.getBytes();
        }
    }

    private void identify(HttpServerRequest request, Router.Match match, byte[] body) {
        String authorization = request.getHeader("Authorization");
        if (authorization == null) {
            admit(request, match, body, Principal.ANONYMOUS);
            return;
        }
        Principal known = authenticator.cached(authorization);
        if (known != null) {
            admit(request, match, body, known);
            return;
        }
        Context context = vertx.getOrCreateContext();
        Thread.ofVirtual()
                .name("authenticate")
                .start(() -> {
                    try {
                        Principal principal = authenticator.authenticate(authorization);
                        context.runOnContext(v -> {
                            if (principal == null) {
                                fail(
                                        request,
                                        Problem.unauthenticated(
                                                "The credentials are unknown, expired or revoked."));
                            } else {
                                admit(request, match, body, principal);
                            }
                        });
                    } catch (RuntimeException e) {
                        context.runOnContext(v -> failed(request, e));
                    }
                });
    }

    private void admit(
            HttpServerRequest request, Router.Match match, byte[] body, Principal principal) {
        Router.Route route = match.route();
        if (!route.access().allows(principal.role())) {
            fail(
                    request,
                    principal.role() == Role.ANONYMOUS
                            ? Problem.unauthenticated(
                                    "Send Authorization: Bearer with an API key or a token.")
                            : Problem.forbidden(
                                    "The role "
                                            + principal.role().text()
                                            + " may not call this route."));
            return;
        }
        Call call = new Call(request, match, body, principal);
        if (route.hot() != null) {
            answerHot(request, route.hot(), call);
        } else if (route.blocking() != null) {
            answerBlocking(request, route.blocking(), call);
        }
    }

    private void answerHot(HttpServerRequest request, Router.Hot handler, Call call) {
        Context context = vertx.getOrCreateContext();
        try {
            handler.handle(call)
                    .whenComplete((reply, error) -> {
                        if (context.equals(Vertx.currentContext())) {
                            complete(request, reply, error);
                        } else {
                            context.runOnContext(v -> complete(request, reply, error));
                        }
                    });
        } catch (RuntimeException e) {
            failed(request, e);
        }
    }

    private void answerBlocking(HttpServerRequest request, Router.Blocking handler, Call call) {
        Context context = vertx.getOrCreateContext();
        Thread worker =
                Thread.ofVirtual()
                        .name("request")
                        .unstarted(() -> {
                            Reply reply = null;
                            Throwable error = null;
                            try {
                                reply = handler.handle(call);
                            } catch (Exception | StackOverflowError e) {
                                error = e;
                            }
                            Reply answer = reply;
                            Throwable fault = error;
                            context.runOnContext(v -> complete(request, answer, fault));
                        });
        worker.start();
        long timer =
                vertx.setTimer(
                        limits.writeTimeout().toMillis(),
                        id -> {
                            worker.interrupt();
                            fail(
                                    request,
                                    Problem.unavailable(
                                            "timeout",
                                            "The answer took longer than "
                                                    + limits.writeTimeout().toSeconds()
                                                    + " s.",
                                            java.time.Duration.ofSeconds(1)));
                        });
        request.response().endHandler(v -> vertx.cancelTimer(timer));
    }

    private void complete(
            HttpServerRequest request, @Nullable Reply reply, @Nullable Throwable error) {
        if (reply != null) {
            send(request, reply);
        } else {
            failed(
                    request,
                    error == null
                            ? new IllegalStateException("the handler answered nothing")
                            : error);
        }
    }

    private void failed(HttpServerRequest request, Throwable error) {
        Throwable cause = error;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof ProblemException refusal) {
            fail(request, refusal.problem());
            return;
        }
        String correlationId = Call.correlationIdOf(request);
        log.error(
                "{} {} failed; correlation id {}",
                request.method(),
                request.path(),
                correlationId,
                cause);
        send(request, Reply.problem(Problem.internal(), correlationId));
    }

    private void fail(HttpServerRequest request, Problem problem) {
        send(request, Reply.problem(problem, Call.correlationIdOf(request)));
    }

    private void send(HttpServerRequest request, Reply reply) {
        HttpServerResponse response = request.response();
        if (response.ended() || response.closed()) {
            return;
        }
        response.setStatusCode(reply.status());
        if (reply.contentType() != null) {
            response.putHeader("Content-Type", reply.contentType());
        }
        reply.headers().forEach(response::putHeader);
        response.end(Buffer.buffer(reply.body()));
    }
}
