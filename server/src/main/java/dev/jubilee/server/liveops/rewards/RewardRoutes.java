package dev.jubilee.server.liveops.rewards;

import dev.jubilee.events.postgres.LaneRefusal;
import dev.jubilee.events.postgres.OutcomeUnknown;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Method;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.ProblemException;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.players.PlayerIds;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Role;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The HTTP face of rewards. */
final class RewardRoutes implements Routes {
    private static final int MAX_ID = 64;
    private static final Duration SOON = Duration.ofSeconds(1);

    private final Claims claims;
    private final RewardReads reads;
    private final Access readers;

    /** A grant as its player sees it. */
    record GrantView(
            UUID grantId,
            String eventId,
            UUID occurrenceId,
            String userId,
            String rewardId,
            String rewardType,
            JsonNode rewardValue,
            int sequence,
            String status,
            Instant earnedAt,
            @Nullable Instant claimedAt,
            @Nullable Instant expiresAt) {
        static GrantView of(Grant g) {
            return new GrantView(
                    g.id(),
                    g.eventId(),
                    g.occurrenceId(),
                    g.userId(),
                    g.rewardId(),
                    g.rewardType(),
                    g.rewardValue(),
                    g.sequence(),
                    g.status().text(),
                    g.earnedAt(),
                    g.claimedAt(),
                    g.expiresAt());
        }
    }

    /** A reward's definition, and for a player where it stands with it. */
    record RewardView(
            String rewardId,
            String rewardType,
            JsonNode rewardValue,
            @Nullable JsonNode rewardCondition,
            @Nullable Integer maxClaims,
            int currentClaims,
            boolean isActive,
            @Nullable String status,
            @Nullable UUID grantId,
            @Nullable Instant earnedAt,
            @Nullable Instant claimedAt,
            @Nullable Instant expiresAt) {
        static RewardView of(RewardReads.Definition d, boolean forPlayer) {
            Grant mine = d.mine();
            String status = forPlayer ? "not_earned" : null;
            return new RewardView(
                    d.rewardId(),
                    d.rewardType(),
                    d.rewardValue(),
                    d.rewardCondition(),
                    d.maxClaims(),
                    d.currentClaims(),
                    d.isActive(),
                    mine == null ? status : mine.status().text(),
                    mine == null ? null : mine.id(),
                    mine == null ? null : mine.earnedAt(),
                    mine == null ? null : mine.claimedAt(),
                    mine == null ? null : mine.expiresAt());
        }
    }

    private record Claimed(boolean success, GrantView claimedReward) {}

    /**
     * @param readers who may see what an event has to give
     */
    RewardRoutes(Claims claims, RewardReads reads, Access readers) {
        this.claims = claims;
        this.reads = reads;
        this.readers = readers;
    }

    @Override
    public void on(Router router) {
        router.get("/events/{event_id}/rewards", readers, this::definitions)
                .query("user_id")
                .hot(Method.POST, "/events/{event_id}/rewards", Access.PLAYER, this::claim)
                .sharing("claim")
                .hot(Method.POST, "/events/{event_id}/rewards/claim", Access.PLAYER, this::claim)
                .sharing("claim")
                .get("/users/{user_id}/rewards", Access.PLAYER, this::ofUser)
                .query("page", "limit", "event_id", "status");
    }

    private CompletionStage<Reply> claim(Call call) {
        Input input = call.input();
        String eventId = PlayerIds.event(call, input);
        String rewardId = input.text("reward_id", MAX_ID);
        String named = PlayerIds.inBody(input);
        UUID occurrence = uuid(input, "occurrence_id");
        input.check();
        Claim claim = new Claim(eventId, rewardId, call.actingPlayer(named), occurrence);
        String correlationId = call.correlationId();
        return call.answer(
                claims.claim(claim),
                result -> reply(claim, result, correlationId),
                RewardRoutes::problem);
    }

    private static Reply reply(Claim claim, ClaimResult result, String correlationId) {
        return switch (result) {
            case ClaimResult.Claimed(Grant grant) ->
                    Reply.ok(new Claimed(true, GrantView.of(grant)));
            case ClaimResult.AlreadyClaimed(Grant grant) ->
                    Reply.ok(new Claimed(true, GrantView.of(grant)));
            case ClaimResult.Refused(var reason) ->
                    Reply.problem(problem(claim, reason), correlationId);
        };
    }

    private static Problem problem(Claim claim, ClaimResult.Reason reason) {
        String reward = "\"" + claim.rewardId() + "\"";
        return switch (reason) {
            case NO_SUCH_EVENT -> Problem.notFound("event", claim.eventId());
            case NO_SUCH_REWARD -> Problem.notFound("reward", claim.rewardId());
            case NOT_EARNED ->
                    Problem.conflict(
                            "reward_not_earned", "The player has not earned " + reward + ".");
            case EXHAUSTED ->
                    Problem.conflict(
                            "reward_exhausted",
                            "Every " + reward + " that there was has been claimed.");
            case EXPIRED ->
                    Problem.conflict("reward_expired", "The time to claim " + reward + " is over.");
        };
    }

    private static Problem problem(Throwable failure) {
        Throwable cause = failure instanceof CompletionException e ? e.getCause() : failure;
        return switch (cause) {
            case ProblemException e -> e.problem();
            case LaneRefusal _ ->
                    Problem.unavailable("overloaded", "Too many claims are waiting.", SOON);
            case OutcomeUnknown _ ->
                    Problem.unavailable(
                            "outcome_unknown", "The same claim again tells what came of it.", SOON);
            case null, default -> throw new CompletionException(cause);
        };
    }

    private Reply definitions(Call call) {
        String player = call.query("user_id");
        if (call.principal().role() == Role.PLAYER) {
            player = call.actingPlayer(player);
        } else if (player != null && call.principal().role() == Role.ANONYMOUS) {
            throw Problem.unauthenticated("A player's rewards are shown to itself.").asException();
        }
        String eventId = call.path("event_id");
        List<RewardReads.Definition> found =
                reads.definitions(eventId, player, call.principal().role().isStaff())
                        .orElseThrow(() -> Problem.notFound("event", eventId).asException());
        boolean forPlayer = player != null;
        return Reply.ok(
                Map.of(
                        "event_id", eventId,
                        "rewards", found.stream().map(d -> RewardView.of(d, forPlayer)).toList(),
                        "total", found.size(),
                        "total_value", RewardReads.totalValue(found)));
    }

    private Reply ofUser(Call call) {
        String userId = call.path("user_id");
        call.mustMaySee(userId);
        Page page = Page.of(call);
        RewardReads.Grants found =
                reads.grantsOf(userId, call.query("event_id"), status(call.query("status")), page);
        return Reply.ok(
                Map.of(
                        "rewards", found.grants().stream().map(GrantView::of).toList(),
                        "total", found.total(),
                        "page", page.number(),
                        "limit", page.limit()));
    }

    private static Grant.@Nullable Status status(@Nullable String text) {
        if (text == null) {
            return null;
        }
        for (Grant.Status status : Grant.Status.values()) {
            if (status.text().equals(text)) {
                return status;
            }
        }
        String allowed =
                String.join(
                        ", ",
                        Arrays.stream(Grant.Status.values()).map(Grant.Status::text).toList());
        throw Problem.invalid("status", "must be one of " + allowed).asException();
    }

    private static @Nullable UUID uuid(Input input, String name) {
        String text = input.optionalText(name, MAX_ID);
        if (text == null) {
            return null;
        }
        try {
            return UUID.fromString(text.toLowerCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            input.reject(name, "must be a UUID, was \"" + text + "\"");
            return null;
        }
    }
}
