package dev.jubilee.server.liveops.events;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Method;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.players.PlayerIds;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Role;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The HTTP face of live events. */
final class EventRoutes implements Routes {
    @FunctionalInterface
    private interface Command {
        LiveEvents.Change in(Connection connection) throws SQLException;
    }

    @FunctionalInterface
    private interface Answer {
        Reply of(ObjectNode event);
    }

    private final LiveEvents events;
    private final EventReads reads;
    private final CachedReads cached;
    private final Idempotency idempotency;
    private final PlayerCompletion completion;
    private final Access readers;
    private final Consumer<LiveEvents.Change> committed;

    EventRoutes(
            LiveEvents events,
            EventReads reads,
            CachedReads cached,
            Idempotency idempotency,
            PlayerCompletion completion,
            Access readers,
            Consumer<LiveEvents.Change> committed) {
        this.events = events;
        this.reads = reads;
        this.cached = cached;
        this.idempotency = idempotency;
        this.completion = completion;
        this.readers = readers;
        this.committed = committed;
    }

    @Override
    public void on(Router router) {
        router.hot(Method.GET, "/events", readers, this::list)
                .query("page", "limit", "event_type", "category", "status")
                .hot(Method.GET, "/events/{event_id}", readers, this::one)
                .get("/events/{event_id}/occurrences", readers, this::occurrences)
                .query("page", "limit")
                .post("/events", Access.ADMIN, this::create)
                .put("/events/{event_id}", Access.ADMIN, this::update)
                .delete("/events/{event_id}", Access.ADMIN, this::cancel)
                .post("/events/{event_id}/complete", Access.SERVICE, this::complete);
    }

    private CompletionStage<Reply> list(Call call) {
        CompletableFuture<Reply> known = cached.listIfKnown(call.uri(), ListQuery.seesDrafts(call));
        return known != null ? known : cached.list(call.uri(), ListQuery.of(call));
    }

    private CompletionStage<Reply> one(Call call) {
        return cached.detail(call.path("event_id"), ListQuery.seesDrafts(call));
    }

    private Reply occurrences(Call call) {
        String eventId = call.path("event_id");
        Page page = Page.of(call);
        if (!reads.isThere(eventId, ListQuery.seesDrafts(call))) {
            throw Problem.notFound("event", eventId).asException();
        }
        return Reply.ok(reads.occurrences(eventId, page));
    }

    private Reply create(Call call) {
        Input body = call.input();
        return write(
                call,
                connection -> events.create(connection, call.principal(), body),
                event -> {
                    ObjectNode answer = JsonNodeFactory.instance.objectNode();
                    answer.set("event_id", event.get("event_id"));
                    answer.put("status", "created");
                    answer.set("event_info", event);
                    return Reply.created(answer);
                });
    }

    private Reply update(Call call) {
        Input body = call.input();
        return write(
                call,
                connection ->
                        events.update(connection, call.principal(), call.path("event_id"), body),
                event -> {
                    ObjectNode answer = JsonNodeFactory.instance.objectNode();
                    answer.put("success", true);
                    answer.set("updated_event", event);
                    return Reply.ok(answer);
                });
    }

    private Reply cancel(Call call) {
        return write(
                call,
                connection -> events.cancel(connection, call.principal(), call.path("event_id")),
                EventRoutes::state);
    }

    private Reply complete(Call call) {
        Input input = call.optionalInput();
        String eventId = PlayerIds.event(call, input);
        @Nullable String userId = PlayerIds.inBody(input);
        for (String name : List.of("user_id", "player_id")) {
            if (input.isNull(name)) {
                // Whoever meant one player must not end the event for all.
                input.reject(name, "must be a player's id, or absent");
            }
        }
        input.check();
        if (userId != null) {
            return completion.complete(call, eventId, userId);
        }
        if (call.principal().role() != Role.ADMIN) {
            throw Problem.forbidden(
                            "Without a user_id this ends the event for everybody, which is an"
                                    + " admin's to do.")
                    .asException();
        }
        return write(
                call,
                connection -> events.end(connection, call.principal(), eventId),
                EventRoutes::state);
    }

    private static Reply state(ObjectNode event) {
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        answer.put("success", true);
        answer.set("event_id", event.get("event_id"));
        answer.set("status", event.get("status"));
        return Reply.ok(answer);
    }

    private Reply write(Call call, Command command, Answer answer) {
        AtomicReference<LiveEvents.@Nullable Change> done = new AtomicReference<>();
        Reply reply =
                idempotency.once(
                        call,
                        connection -> {
                            LiveEvents.Change change = command.in(connection);
                            done.set(change);
                            ObjectNode event = reads.info(connection, change.eventId());
                            return answer.of(java.util.Objects.requireNonNull(event));
                        });
        LiveEvents.Change change = done.get();
        if (change != null) {
            committed.accept(change);
        }
        return reply;
    }
}
