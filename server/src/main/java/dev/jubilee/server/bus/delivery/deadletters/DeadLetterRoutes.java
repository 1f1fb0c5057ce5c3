package dev.jubilee.server.bus.delivery.deadletters;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.bus.delivery.clearance.Clearance;
import dev.jubilee.server.bus.subscriptions.Subscriptions;
import dev.jubilee.server.database.Database;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Access;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The HTTP face of dead letters. */
public final class DeadLetterRoutes implements Routes {
    private static final int MAX_IDS = 1_000;

    private final Database database;
    private final Subscriptions subscriptions;
    private final Clearance clearance;
    private final Redrives redrives;
    private final Idempotency idempotency;
    private final Audit audit;
    private final InstantSource clock;
    private final int maxEventBytes;

    public DeadLetterRoutes(
            Database database,
            Subscriptions subscriptions,
            Clearance clearance,
            Redrives redrives,
            Idempotency idempotency,
            InstantSource clock,
            int maxEventBytes) {
        this.database = database;
        this.subscriptions = subscriptions;
        this.clearance = clearance;
        this.redrives = redrives;
        this.idempotency = idempotency;
        this.audit = new Audit(clock);
        this.clock = clock;
        this.maxEventBytes = maxEventBytes;
    }

    /** A dead letter, as callers see it. */
    private record View(
            String deadLetterId,
            String eventId,
            String eventType,
            String topic,
            @Nullable String key,
            String reason,
            @Nullable Integer statusCode,
            int attempts,
            Instant acceptedAt,
            Instant deadAt,
            @Nullable Instant editedAt,
            @Nullable JsonNode event) {
        static View of(DeadLetterStore.Whole it) {
            return of(it.letter(), Json.tree(it.body()));
        }

        static View of(DeadLetterStore.DeadLetter it, @Nullable JsonNode event) {
            return new View(
                    it.id().toString(),
                    it.eventId(),
                    it.eventType(),
                    it.topic(),
                    it.key(),
                    it.reason(),
                    it.statusCode(),
                    it.attempts(),
                    it.acceptedAt(),
                    it.deadAt(),
                    it.editedAt(),
                    event);
        }
    }

    @Override
    public void on(Router router) {
        String all = "/subscriptions/{subscription_id}/dead-letters";
        router.get(all, Access.STAFF, this::list)
                .query("limit", "cursor", "event_type", "topic", "event_id", "reason")
                .post(all + "/redrive", Access.STAFF, this::redrive)
                .get(
                        "/subscriptions/{subscription_id}/redrives/{redrive_id}",
                        Access.STAFF,
                        this::progress)
                .get(all + "/{dead_letter_id}", Access.STAFF, this::get)
                .patch(all + "/{dead_letter_id}", Access.STAFF, this::edit)
                .delete(all + "/{dead_letter_id}", Access.STAFF, this::drop);
    }

    /**
     * The subscription of the call. Whoever reads a dead letter, or decides about it, must be
     * allowed to act for the subscription.
     */
    private UUID owned(Call call) {
        return subscriptions.getOwned(call.principal(), call.path("subscription_id")).id();
    }

    private Reply list(Call call) {
        UUID subscription = owned(call);
        int limit = Page.of(call).limit();
        UUID after = Page.cursor(call);
        DeadLetterStore.Query query =
                new DeadLetterStore.Query(
                        null,
                        call.query("event_type"),
                        call.query("topic"),
                        call.query("event_id"),
                        call.query("reason"));
        List<String> closed = clearance.closedTo(call.principal());
        return database.read(connection -> {
            List<DeadLetterStore.DeadLetter> found =
                    DeadLetterStore.page(connection, subscription, query, closed, after, limit + 1);
            Map<String, Object> answer = new LinkedHashMap<>();
            List<DeadLetterStore.DeadLetter> shown =
                    found.subList(0, Math.min(limit, found.size()));
            answer.put("dead_letters", shown.stream().map(it -> View.of(it, null)).toList());
            answer.put("total", DeadLetterStore.count(connection, subscription, query, closed));
            if (found.size() > limit) {
                answer.put("next_cursor", shown.getLast().id().toString());
            }
            return Reply.ok(answer);
        });
    }

    private Reply get(Call call) {
        UUID subscription = owned(call);
        UUID id = id(call, "dead_letter_id", "dead_letter");
        DeadLetterStore.Whole found =
                database.read(connection -> find(connection, subscription, id));
        mustBeAllowed(call, found.letter());
        return Reply.ok(View.of(found));
    }

    private static DeadLetterStore.Whole find(Connection connection, UUID subscription, UUID id)
            throws SQLException {
        return DeadLetterStore.find(connection, subscription, id)
                .orElseThrow(() -> Problem.notFound("dead_letter", id.toString()).asException());
    }

    /** Refuses callers that may not take events of the dead letter's topic. */
    private void mustBeAllowed(Call call, DeadLetterStore.DeadLetter found) {
        if (!clearance.allows(call.principal(), found.topic())) {
            throw Problem.forbidden("The caller may not take events of \"" + found.topic() + "\".")
                    .asException();
        }
    }

    private Reply edit(Call call) {
        UUID subscription = owned(call);
        UUID id = id(call, "dead_letter_id", "dead_letter");
        call.limitBody(maxEventBytes);
        JsonNode body = call.json();
        Input input = Input.of(body);
        if (!input.has("data") && !body.has("data")) {
            input.reject("data", "is required");
        }
        input.check();
        return idempotency.once(
                call,
                connection -> {
                    DeadLetterStore.Whole found = find(connection, subscription, id);
                    mustBeAllowed(call, found.letter());
                    ObjectNode event = (ObjectNode) Json.tree(found.body());
                    event.remove("data_base64");
                    event.set("data", body.get("data"));
                    event.put("datacontenttype", "application/json");
                    DeadLetterStore.edit(connection, id, Json.bytes(event), clock.instant());
                    audit.record(
                            connection,
                            call.principal(),
                            "dead_letter.edit",
                            id.toString(),
                            Map.of("subscription_id", subscription.toString()));
                    return Reply.ok(View.of(find(connection, subscription, id)));
                });
    }

    private Reply drop(Call call) {
        UUID subscription = owned(call);
        UUID id = id(call, "dead_letter_id", "dead_letter");
        return idempotency.once(
                call,
                connection -> {
                    if (!DeadLetterStore.drop(connection, subscription, id)) {
                        throw Problem.notFound("dead_letter", id.toString()).asException();
                    }
                    audit.record(
                            connection,
                            call.principal(),
                            "dead_letter.drop",
                            id.toString(),
                            Map.of("subscription_id", subscription.toString()));
                    return Reply.noContent();
                });
    }

    private Reply redrive(Call call) {
        UUID subscription = owned(call);
        Input body = call.optionalInput();
        List<String> ids =
                body.has("dead_letter_ids") ? body.texts("dead_letter_ids", MAX_IDS, 36) : null;
        for (int i = 0; ids != null && i < ids.size(); i++) {
            if (uuid(ids.get(i)) == null) {
                body.reject("dead_letter_ids[" + i + "]", "must be the id of a dead letter");
            }
        }
        DeadLetterStore.Query query =
                new DeadLetterStore.Query(
                        ids,
                        body.optionalText("event_type", 100),
                        body.optionalText("topic", 255),
                        body.optionalText("event_id", 100),
                        body.optionalText("reason", 1_000));
        body.check();
        return idempotency.once(
                call,
                connection -> {
                    Redrives.Redrive begun =
                            redrives.begin(connection, subscription, query)
                                    .orElseThrow(() ->
                                            Problem.notFound(
                                                            "subscription", subscription.toString())
                                                    .asException());
                    audit.record(
                            connection,
                            call.principal(),
                            "dead_letter.redrive",
                            subscription.toString(),
                            query);
                    return Reply.accepted(begun);
                });
    }

    private Reply progress(Call call) {
        UUID subscription = owned(call);
        UUID id = id(call, "redrive_id", "redrive");
        return database.read(connection -> redrives.find(connection, subscription, id))
                .map(Reply::ok)
                .orElseThrow(() -> Problem.notFound("redrive", id.toString()).asException());
    }

    private static UUID id(Call call, String parameter, String kind) {
        UUID id = uuid(call.path(parameter));
        if (id == null) {
            throw Problem.notFound(kind, call.path(parameter)).asException();
        }
        return id;
    }

    private static @Nullable UUID uuid(String text) {
        try {
            return text.length() == 36 ? UUID.fromString(text) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
