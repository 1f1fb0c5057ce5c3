package dev.jubilee.server.liveops.rewards;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.liveops.rewards.Revocations.Result;
import dev.jubilee.server.liveops.rewards.RewardRoutes.GrantView;
import dev.jubilee.server.security.Access;
import java.time.InstantSource;
import java.util.UUID;

/** The HTTP face of single grants, for administrators. */
public final class GrantRoutes implements Routes {
    private static final int MAX_REASON = 500;

    private final Revocations revocations;
    private final Idempotency idempotency;

    private record Revoked(boolean success, GrantView revokedReward) {}

    public GrantRoutes(Idempotency idempotency, Audit audit, InstantSource clock) {
        this.revocations = new Revocations(audit, clock);
        this.idempotency = idempotency;
    }

    @Override
    public void on(Router router) {
        router.post("/grants/{grant_id}/revoke", Access.ADMIN, this::revoke);
    }

    private Reply revoke(Call call) {
        String named = call.path("grant_id");
        UUID grantId = uuid(named);
        Input input = call.optionalInput();
        String reason = input.optionalText("reason", MAX_REASON);
        input.check();
        return idempotency.once(
                call,
                connection ->
                        switch (revocations.revoke(connection, call.principal(), grantId, reason)) {
                            case Result.Revoked(Grant grant) ->
                                    Reply.ok(new Revoked(true, GrantView.of(grant)));
                            case Result.Refused(Grant grant) ->
                                    throw Problem.conflict(
                                                    "grant_" + grant.status().text(),
                                                    "The grant is "
                                                            + grant.status().text()
                                                            + "; it stays as it is.")
                                            .asException();
                            case Result.Unknown _ ->
                                    throw Problem.notFound("grant", named).asException();
                        });
    }

    private static UUID uuid(String named) {
        try {
            return UUID.fromString(named);
        } catch (IllegalArgumentException e) {
            throw Problem.notFound("grant", named).asException();
        }
    }
}
