package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Method;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.json.Numbers;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.occurrences.Occurrences;
import dev.jubilee.server.liveops.rules.ProgressMetrics;
import dev.jubilee.server.players.PlayerIds;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Role;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Participants over HTTP: lists, one of them, setting one by hand, and a player's events. */
final class ParticipantRoutes implements Routes {
    private static final List<String> STATUSES =
            List.of("active", "completed", "cancelled", "expired");
    private static final String COMPLETED = "completed";
    private static final double MAX_VALUE = 1e300;

    private final Occurrences occurrences;
    private final ParticipantReads reads;
    private final Amendments amendments;
    private final Idempotency idempotency;
    private final Audit audit;
    private final PlayerEvents playerEvents;

    /**
     * @param participants {@link ParticipantView}s; of others a player sees only a {@link Fellow}
     */
    private record Listed(
            List<?> participants, int total, int page, int limit, @Nullable String nextCursor) {}

    /** Of another player: what the ranking shows. */
    private record Fellow(
            String userId, String playerId, @Nullable Double score, @Nullable Integer finalRank) {
        static Fellow of(ParticipantView whole) {
            return new Fellow(whole.userId(), whole.playerId(), whole.score(), whole.finalRank());
        }
    }

    private record Events(List<PlayerEvents.Entry> events, int total, int page, int limit) {}

    ParticipantRoutes(
            Occurrences occurrences,
            ParticipantReads reads,
            Amendments amendments,
            Idempotency idempotency,
            Audit audit,
            PlayerEvents playerEvents) {
        this.occurrences = occurrences;
        this.reads = reads;
        this.amendments = amendments;
        this.idempotency = idempotency;
        this.audit = audit;
        this.playerEvents = playerEvents;
    }

    @Override
    public void on(Router router) {
        router.get("/events/{event_id}/participants", Access.PLAYER, this::list)
                .query("page", "limit", "status", "cursor")
                .get("/events/{event_id}/participants/{player_id}", Access.PLAYER, this::one)
                .put("/events/{event_id}/participants/{player_id}", Access.SERVICE, this::set)
                .hot(Method.GET, "/users/{user_id}/events", Access.PLAYER, this::ofPlayer)
                .query("page", "limit", "status");
    }

    private Reply list(Call call) {
        Page page = Page.of(call);
        String status = call.queryOneOf("status", STATUSES);
        boolean player = call.principal().role() == Role.PLAYER;
        if (player && status != null) {
            throw Problem.forbidden("A player does not see the status of others.").asException();
        }
        String cursor = call.query("cursor");
        String after = cursor == null ? "" : decode(cursor);
        int offset = cursor == null ? page.offset() : 0;
        var part = reads.list(occurrence(call).occurrenceId(), status, after, offset, page.limit());
        List<ParticipantView> found = part.participants();
        String next = found.size() < page.limit() ? null : encode(found.getLast().userId());
        List<?> shown = player ? found.stream().map(one -> shown(one, call)).toList() : found;
        return Reply.ok(new Listed(shown, part.total(), page.number(), page.limit(), next));
    }

    private static Object shown(ParticipantView one, Call call) {
        return one.userId().equals(call.principal().id()) ? one : Fellow.of(one);
    }

    private Reply one(Call call) {
        String player = call.pathPlayer("player_id");
        call.mustMaySee(player);
        ParticipantView found = reads.find(occurrence(call).occurrenceId(), player);
        if (found == null) {
            throw Problem.notFound("participant", player).asException();
        }
        return Reply.ok(found);
    }

    private Reply set(Call call) {
        String player = call.pathPlayer("player_id");
        Input body = call.input();
        String eventId = PlayerIds.event(call, body);
        String named = PlayerIds.inBody(body);
        if (named != null && !named.equals(player)) {
            body.reject("user_id", "must be that of the path, \"" + player + "\"");
        }
        // One dialect sends the fields themselves, the other wraps them.
        Input wrapped = body.optionalInput("updates");
        Input input = wrapped == null ? body : wrapped;
        String status = input.optionalOneOf("status", List.of("active", COMPLETED));
        Map<String, Double> metrics = metrics(input);
        if (status == null && metrics.isEmpty()) {
            input.reject("progress", "is required where no status is given");
        }
        body.check();
        return amend(call, eventId, player, metrics, status);
    }

    /** Completes a player by hand: the answer to {@code POST /events/{id}/complete}. */
    Reply complete(Call call, String eventId, String userId) {
        if (!Access.SERVICE.allows(call.principal().role())) {
            throw Problem.forbidden("A player is completed by a service or an admin.")
                    .asException();
        }
        return amend(call, eventId, userId, Map.of(), COMPLETED);
    }

    private Reply amend(
            Call call,
            String eventId,
            String player,
            Map<String, Double> metrics,
            @Nullable String status) {
        Amendments.Target target = amendments.target(eventId, player);
        if (target == null) {
            throw Problem.notFound("event", eventId).asException();
        }
        return idempotency.once(
                call,
                connection -> {
                    boolean complete = COMPLETED.equals(status);
                    switch (amendments.amend(connection, target, metrics, complete)) {
                        case AmendResult.Amended(var participant, boolean wasCompleted) -> {
                            // Who completes by the metrics that are set was active until then.
                            if (wasCompleted && status != null && !complete) {
                                throw Problem.conflict(
                                                "participant_completed",
                                                "The player has completed the event, which is not"
                                                        + " undone.")
                                        .asException();
                            }
                            if (complete) {
                                record(connection, call, participant);
                            }
                            return Reply.ok(participant);
                        }
                        case AmendResult.Refused(var reason) ->
                                throw RefusalAnswers.of(reason, eventId, player).asException();
                    }
                });
    }

    /** Who sets a status overrules the rules; metrics are what games report all the time. */
    private void record(Connection connection, Call call, ParticipantView set) throws SQLException {
        audit.record(
                connection,
                call.principal(),
                "participant.set_status",
                set.participationId(),
                Map.of("event_id", set.eventId(), "user_id", set.userId(), "status", COMPLETED));
    }

    private CompletionStage<Reply> ofPlayer(Call call) {
        String player = call.pathPlayer("user_id");
        call.mustMaySee(player);
        Page page = Page.of(call);
        return call.answer(
                playerEvents.of(player, call.queryOneOf("status", STATUSES), page),
                part ->
                        Reply.ok(
                                new Events(
                                        part.events(), part.total(), page.number(), page.limit())),
                RefusalAnswers::of);
    }

    private Occurrence occurrence(Call call) {
        String eventId = call.path("event_id");
        Occurrence found = occurrences.load(eventId);
        if (found == null) {
            throw Problem.notFound("event", eventId).asException();
        }
        return found;
    }

    private static Map<String, Double> metrics(Input input) {
        JsonNode given = input.optionalObject("progress");
        Map<String, Double> metrics = new HashMap<>();
        if (given == null) {
            return metrics;
        }
        if (given.size() > ProgressMetrics.MOST) {
            input.reject("progress", "must have at most " + ProgressMetrics.MOST + " metrics");
        }
        given.forEachEntry((metric, value) -> {
            Double number = value.isNumber() ? Numbers.finite(value) : null;
            if (!ProgressMetrics.isName(metric)) {
                input.reject("progress." + metric, "must be named in a-z, 0-9 and _");
            } else if (number == null || Math.abs(number) > MAX_VALUE) {
                input.reject("progress." + metric, "must be a number");
            } else {
                metrics.put(metric, number);
            }
        });
        return metrics;
    }

    private static String encode(String player) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(player.getBytes(StandardCharsets.UTF_8));
    }

    private static String decode(String cursor) {
        try {
            String player =
                    new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
            if (player.indexOf('\u0000') < 0) {
                return player;
            }
        } catch (IllegalArgumentException e) {
            // Refused below.
        }
        throw Problem.invalid("cursor", "must be one that an answer gave").asException();
    }
}
