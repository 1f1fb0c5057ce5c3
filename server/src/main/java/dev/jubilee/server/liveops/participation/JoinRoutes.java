package dev.jubilee.server.liveops.participation;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Method;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.liveops.participation.JoinResult.AlreadyJoined;
import dev.jubilee.server.liveops.participation.JoinResult.Joined;
import dev.jubilee.server.players.PlayerIds;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Role;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;

/** Joining and leaving over HTTP, in both dialects of the API. */
final class JoinRoutes implements Routes {
    private static final List<String> TYPES = List.of("manual", "invited");
    private static final List<String> TYPES_OF_SERVICES = List.of("manual", "invited", "automatic");

    private final Participations participations;
    private final KeyedRequests keyed;

    /** What joining answers. */
    record JoinedView(
            UUID participationId,
            String status,
            String eventId,
            UUID occurrenceId,
            String userId,
            String participationType,
            Instant joinedAt) {
        static JoinedView of(Participation p) {
            return new JoinedView(
                    p.participationId(),
                    "joined",
                    p.eventId(),
                    p.occurrenceId(),
                    p.userId(),
                    p.type().text(),
                    p.joinedAt());
        }
    }

    JoinRoutes(Participations participations, KeyedRequests keyed) {
        this.participations = participations;
        this.keyed = keyed;
    }

    @Override
    public void on(Router router) {
        router.hot(Method.POST, "/events/{event_id}/join", Access.PLAYER, this::join)
                .sharing("join")
                .hot(Method.POST, "/events/{event_id}/participants", Access.PLAYER, this::join)
                .sharing("join")
                .hot(Method.POST, "/events/{event_id}/leave", Access.PLAYER, this::leave)
                .sharing("leave")
                .hot(
                        Method.DELETE,
                        "/events/{event_id}/participants/{player_id}",
                        Access.PLAYER,
                        this::leaveByPath)
                .sharing("leave");
    }

    private CompletionStage<Reply> join(Call call) {
        Input input = call.optionalInput();
        String eventId = PlayerIds.event(call, input);
        String named = PlayerIds.inBody(input);
        boolean player = call.principal().role() == Role.PLAYER;
        String type = input.optionalOneOf("participation_type", player ? TYPES : TYPES_OF_SERVICES);
        input.check();
        String userId = call.actingPlayer(named);
        Participation.Type how =
                type == null ? Participation.Type.MANUAL : Participation.Type.of(type);
        if (KeyedRequests.hasKey(call)) {
            return keyed.once(
                    call,
                    () -> participations.joinOf(eventId, userId, how),
                    outcome -> reply((JoinResult) outcome, JoinRoutes::refuse, eventId));
        }
        String correlationId = call.correlationId();
        return call.answer(
                participations.join(eventId, userId, how),
                result -> reply(result, problem -> Reply.problem(problem, correlationId), eventId),
                RefusalAnswers::of);
    }

    private static Reply reply(
            JoinResult result, Function<Problem, Reply> refusal, String eventId) {
        return switch (result) {
            case Joined(var place) -> Reply.created(JoinedView.of(place));
            case AlreadyJoined(var place) -> Reply.ok(JoinedView.of(place));
            case JoinResult.Refused(var reason) ->
                    refusal.apply(RefusalAnswers.of(reason, eventId));
        };
    }

    /** Undoes the transaction, and with it the key. */
    private static Reply refuse(Problem problem) {
        throw problem.asException();
    }

    private CompletionStage<Reply> leave(Call call) {
        Input input = call.optionalInput();
        String eventId = PlayerIds.event(call, input);
        String named = PlayerIds.inBody(input);
        input.check();
        return leave(call, eventId, call.actingPlayer(named));
    }

    private CompletionStage<Reply> leaveByPath(Call call) {
        String userId = call.actingPlayer(call.pathPlayer("player_id"));
        return leave(call, call.path("event_id"), userId);
    }

    private CompletionStage<Reply> leave(Call call, String eventId, String userId) {
        if (KeyedRequests.hasKey(call)) {
            return keyed.once(
                    call,
                    () -> participations.leaveOf(eventId, userId),
                    outcome -> reply((LeaveResult) outcome, JoinRoutes::refuse, eventId));
        }
        String correlationId = call.correlationId();
        return call.answer(
                participations.leave(eventId, userId),
                result -> reply(result, problem -> Reply.problem(problem, correlationId), eventId),
                RefusalAnswers::of);
    }

    private static Reply reply(
            LeaveResult result, Function<Problem, Reply> refusal, String eventId) {
        return switch (result) {
            case LeaveResult.Left _ -> Reply.ok(Map.of("success", true));
            case LeaveResult.Refused(var reason) ->
                    refusal.apply(RefusalAnswers.of(reason, eventId));
        };
    }
}
