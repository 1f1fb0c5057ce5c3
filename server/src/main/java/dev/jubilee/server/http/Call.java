package dev.jubilee.server.http;

import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.PlayerId;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.JsonNode;

/**
 * One request, whole: its body has arrived and its caller is known. Used by one thread at a time.
 */
public final class Call {
    private final Exchange exchange;
    private final HttpServerRequest request;
    private final Router.Match match;
    private final byte[] body;
    private final Principal principal;
    private @Nullable Map<String, String> query;

    Call(Exchange exchange, Router.Match match, byte[] body, Principal principal) {
        this.exchange = exchange;
        this.request = exchange.request;
        this.match = match;
        this.body = body;
        this.principal = principal;
    }

    /**
     * Begins a streamed answer. The blocking handler writes to it and closes it; what the handler
     * returns afterwards is not sent.
     */
    public EventStream stream() {
        EventStream stream = new EventStream(exchange, exchange.context);
        stream.open();
        return stream;
    }

    /** Whether the caller wants no body, and the request is to have no effect either. */
    public boolean isHead() {
        return request.method().equals(HttpMethod.HEAD);
    }

    /** The route that was matched. */
    public Router.Route route() {
        return match.route();
    }

    /** A parameter of the path, decoded. */
    public String path(String name) {
        int index = match.route().parameters().indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException(match.route().path() + " has no parameter " + name);
        }
        return Percent.segment(match.values().get(index));
    }

    /**
     * The player named by a part of the path.
     *
     * @throws ProblemException 422 when no player can have such an id
     */
    public String pathPlayer(String name) {
        String id = path(name);
        if (!PlayerId.isOne(id)) {
            throw Problem.invalid(
                            name,
                            "must have 1 to "
                                    + PlayerId.MAX_LENGTH
                                    + " characters, none of control and not only blanks")
                    .asException();
        }
        return id;
    }

    /** The path and query as they were sent. */
    public String uri() {
        return request.uri();
    }

    /** A query parameter, decoded; null when absent. */
    public @Nullable String query(String name) {
        return query().get(name);
    }

    /**
     * A query parameter that must be one of a few; null when absent.
     *
     * @throws ProblemException 422 that names them when it is another
     */
    public @Nullable String queryOneOf(String name, List<String> allowed) {
        String value = query(name);
        if (value != null && !allowed.contains(value)) {
            String all = String.join(", ", allowed);
            throw Problem.invalid(name, "must be one of " + all + "; was \"" + value + "\"")
                    .asException();
        }
        return value;
    }

    /**
     * Refuses what the route does not know: a filter that is misspelt would otherwise show
     * everything.
     */
    @Nullable Problem unknownQuery() {
        String raw = request.query();
        if (raw == null || raw.isEmpty()) {
            return null;
        }
        Set<String> known = route().queries();
        List<Problem.FieldError> unknown = new ArrayList<>(0);
        for (String name : query().keySet()) {
            if (!known.contains(name)) {
                String message =
                        known.isEmpty()
                                ? "is not known here, which takes no query parameters"
                                : "is not known here; known are "
                                        + String.join(", ", known.stream().sorted().toList());
                unknown.add(new Problem.FieldError(name, message));
            }
        }
        return unknown.isEmpty() ? null : Problem.invalid(unknown);
    }

    private Map<String, String> query() {
        if (query == null) {
            String raw = request.query();
            query = raw == null ? Map.of() : Percent.query(raw);
        }
        return query;
    }

    /** A header; null when absent. */
    public @Nullable String header(String name) {
        return request.getHeader(name);
    }

    /** The headers whose names begin so, in lower case and without that beginning. */
    public Map<String, String> headers(String prefix) {
        Map<String, String> found = new HashMap<>();
        for (Map.Entry<String, String> header : request.headers()) {
            String name = header.getKey().toLowerCase(Locale.ROOT);
            if (name.startsWith(prefix)
                    && found.put(name.substring(prefix.length()), header.getValue()) != null) {
                throw Problem.malformed("The header \"" + name + "\" is there twice.")
                        .asException();
            }
        }
        return found;
    }

    /**
     * The address of the caller: that of the peer, or the one that a trusted proxy names; of IPv6
     * the network.
     */
    public String callerAddress() {
        return exchange.callerAddress();
    }

    /**
     * Takes memory for a large answer before anything is done that could not be answered for, so
     * many bytes altogether; 0 gives back what was taken. What is taken is the answer's, and given
     * back when that is sent.
     *
     * @return false, and no more taken than before, when they are not free
     */
    public boolean holdAnswer(int bytes) {
        return exchange.hold(bytes);
    }

    /** The body as it came; empty when there was none. Not copied: do not change it. */
    public byte[] body() {
        return body;
    }

    /**
     * The media type of the body in lower case, without parameters; empty when none was named. No
     * route takes forms, so what {@code curl -d} says when it is told nothing counts as nothing.
     */
    public String mediaType() {
        String type = request.getHeader("Content-Type");
        if (type == null) {
            return "";
        }
        int semicolon = type.indexOf(';');
        String media =
                (semicolon < 0 ? type : type.substring(0, semicolon))
                        .strip()
                        .toLowerCase(Locale.ROOT);
        return media.equals("application/x-www-form-urlencoded") ? "" : media;
    }

    /**
     * The body as JSON.
     *
     * @throws ProblemException 400 when it is not JSON in UTF-8 or has too many tokens, 415 when it
     *     says that it is something else, 422 when a text in it cannot be kept
     */
    public JsonNode json() {
        String type = mediaType();
        if (!type.isEmpty() && !type.equals("application/json") && !type.endsWith("+json")) {
            throw Problem.unsupportedMediaType(
                            "This route takes application/json, not " + type + ".")
                    .asException();
        }
        if (body.length == 0) {
            throw Problem.malformed("The body is empty; a JSON object is expected.").asException();
        }
        mustBeUtf8();
        try {
            JsonNode node = Json.foreignTree(body);
            mustBeStorable(node);
            return node;
        } catch (JacksonException e) {
            throw malformed(e);
        }
    }

    /** Refuses a body that is larger than this route takes. */
    public void limitBody(int max) {
        if (body.length > max) {
            throw Problem.tooLarge("The body may have " + max + " bytes at most.").asException();
        }
    }

    /**
     * Refuses JSON in UTF-16 or UTF-32, which parsers recognise although JSON is UTF-8 (RFC 8259,
     * 8.1): of two such bytes one is 0, or they are a mark of their order.
     */
    public void mustBeUtf8() {
        if (body.length < 2) {
            return;
        }
        int first = body[0] & 0xff;
        int second = body[1] & 0xff;
        if (first == 0 || second == 0 || first + second == 0xfe + 0xff) {
            throw Problem.malformed("The body must be JSON in UTF-8.").asException();
        }
    }

    private void mustBeStorable(JsonNode node) {
        Problem.FieldError fault = StorableText.fault(body, node);
        if (fault != null) {
            throw Problem.invalid(List.of(fault)).asException();
        }
    }

    /** The refusal of a body that is not JSON, with the place of the fault. */
    public static ProblemException malformed(JacksonException fault) {
        var at = fault.getLocation();
        String where =
                at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
        String what =
                fault instanceof StreamConstraintsException
                        ? "The body is more JSON than is taken"
                        : "The body is not valid JSON";
        return Problem.malformed(what + where + ": " + Json.fault(fault)).asException();
    }

    /** The body as an object whose fields are read strictly. */
    public Input input() {
        return Input.of(json());
    }

    /** The same, where no body at all means an empty object. */
    public Input optionalInput() {
        return body.length == 0 ? Input.empty() : input();
    }

    public Principal principal() {
        return principal;
    }

    /**
     * Whether the caller's credentials stand for the same caller still: a key is revoked and a
     * token expires while an answer goes on. May ask the database.
     */
    public boolean isStillKnown() {
        String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
        return authorization == null
                || principal.equals(exchange.authenticator().authenticate(authorization));
    }

    /**
     * The answer of a hot handler, made on the connection's event loop out of what another thread
     * comes to: that thread has better to do.
     *
     * @param refusal what is told when it fails; throws on what is no refusal
     */
    public <R> CompletionStage<Reply> answer(
            CompletionStage<R> coming,
            Function<R, Reply> reply,
            Function<Throwable, Problem> refusal) {
        return coming.handleAsync(
                (result, failure) ->
                        failure == null
                                ? reply.apply(result)
                                : Reply.problem(refusal.apply(failure), correlationId()),
                task -> exchange.context.runOnContext(v -> task.run()));
    }

    /**
     * The player on whose behalf the caller acts: itself for a player, whom it names for a service
     * or an admin.
     *
     * @param named the {@code user_id} of the request; null when it names none
     * @throws ProblemException 403 when a player names another, 422 when a service names nobody
     */
    public String actingPlayer(@Nullable String named) {
        return switch (principal.role()) {
            case PLAYER -> {
                if (named != null && !named.equals(principal.id())) {
                    throw Problem.forbidden(
                                    "A player acts only as itself: you are \""
                                            + principal.id()
                                            + "\", not \""
                                            + named
                                            + "\".")
                            .asException();
                }
                yield principal.id();
            }
            case SERVICE, ADMIN -> {
                if (named == null) {
                    throw Problem.invalid(
                                    "user_id",
                                    "is required when a service or an admin acts for a player")
                            .asException();
                }
                yield named;
            }
            case OPERATOR, ANONYMOUS ->
                    throw Problem.forbidden("This role does not act for players.").asException();
        };
    }

    /** Refuses a player that asks for another player's. */
    public void mustMaySee(String userId) {
        if (principal.role() == Role.PLAYER && !principal.id().equals(userId)) {
            throw Problem.forbidden("A player sees only what is its own.").asException();
        }
    }

    /**
     * The caller's {@code X-Correlation-Id}, or one made now; the same in the answer and the log.
     */
    public String correlationId() {
        return exchange.correlationId();
    }

    /**
     * Whether nobody waits for the answer any more: the connection is closed, or the answer took
     * too long. Any thread may ask; what has not begun yet need not begin.
     */
    public boolean isAbandoned() {
        return exchange.gone();
    }
}
